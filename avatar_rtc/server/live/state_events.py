"""When viewers are told of an avatar's state: soon after a change, and of many changes at once."""

import asyncio
from collections.abc import Callable, Mapping

from avatar_rtc.control.state import PlayedGesture

STATE_DELAY_S = 0.05
"""Changes within this time are told in one `state` event."""


def gesture_started(played: PlayedGesture) -> dict[str, object]:
    """The event that an avatar makes a gesture from now on."""
    seconds = round(played.template.seconds, 3)
    return {
        "type": "gesture.started",
        "name": played.template.name,
        "strength": played.strength,
        "seconds": seconds,
    }


class StateEvents:
    """Made and used on the event loop."""

    def __init__(
        self, describe: Callable[[], Mapping[str, object]], tell: Callable[[Mapping[str, object]], None]
    ) -> None:
        """
        Args:
            describe: the avatar as it is when the event leaves.
            tell: sends an event to everybody.
        """
        self._describe, self._tell = describe, tell
        self._timer: asyncio.TimerHandle | None = None

    def changed(self) -> None:
        """Something has changed that viewers see."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(STATE_DELAY_S, self._send)

    def close(self) -> None:
        """What has changed is not told any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _send(self) -> None:
        self._timer = None
        self._tell({"type": "state", **self._describe()})
