"""The data channels of a viewer, as they carry what it says."""

import json
from typing import Any

from aiortc import RTCDataChannel

from avatar_rtc.client.control import MAX_UNSENT_BYTES, Control, Flow


class ChannelLine:
    """One `control`, one `cues` and one `pose` channel; a `control.MessageLine`."""

    def __init__(self, control: RTCDataChannel, cues: RTCDataChannel, pose: RTCDataChannel) -> None:
        self.channels = (control, cues, pose)
        self._control = control
        self._flowing: dict[Flow, RTCDataChannel] = {"cues": cues, "pose": pose}

    def carry(self, talk: Control) -> None:
        """Hand on what comes, from the opening on."""
        self._control.on("open", talk.opened)
        self._control.on("message", talk.received)

    def send(self, text: str) -> None:
        """See `control.MessageLine`."""
        self._control.send(text)

    def flow(self, label: Flow, message: dict[str, Any]) -> bool:
        """See `control.MessageLine`."""
        channel = self._flowing[label]
        if channel.readyState != "open" or channel.bufferedAmount > MAX_UNSENT_BYTES:
            return False
        channel.send(json.dumps(message))
        return True
