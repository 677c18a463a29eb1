"""The data channels of one peer: text in, its answer out, and events pushed. None of it is read here."""

import logging
import time
from collections.abc import Callable
from functools import partial

from aiortc import RTCDataChannel

from avatar_rtc.media.bounds import Bounds
from avatar_rtc.media.saying import Conversation, Saying

log = logging.getLogger(__name__)

LABELS = ("control", "cues", "pose", "chat")
"""Three of ours, and that of Pipecat's web client."""
MAX_CHANNELS = 8
"""Of one peer; ours have three."""
MAX_BUFFERED_BYTES = 1 << 18
"""That wait in one channel for a peer that does not read; what would come on top is not sent."""


class Channels:
    """Dispatches what comes in; a channel of an unknown label, or one too many, is closed."""

    def __init__(
        self,
        conversation: Conversation,
        bounds: Bounds | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Channels are handed in by `add` as the peer opens them.

        Args:
            clock: seconds, for the rate of messages.
        """
        self._conversation = conversation
        self._bounds = bounds or Bounds()
        self._saying = Saying(conversation, self._bounds, clock)
        self._open: dict[str, RTCDataChannel] = {}
        self._all: set[RTCDataChannel] = set()

    def add(self, channel: RTCDataChannel) -> None:
        """Listen to a channel; of two with one label the newer gets what is pushed."""
        if channel.label not in LABELS or len(self._all) >= MAX_CHANNELS:
            log.debug("closed a data channel, label %.40r", channel.label)
            self._bounds.on_refused("channels")
            channel.close()
            return
        self._all.add(channel)
        self._open[channel.label] = channel
        channel.on("close", lambda: self._all.discard(channel))
        channel.on("message", partial(self._receive, channel))
        self._saying.answer(self._conversation.greet(channel.label), partial(_send, channel))

    def send(self, label: str, text: str) -> bool:
        """Push text; False if the peer has no such channel open, or does not read what it gets."""
        channel = self._open.get(label)
        return channel is not None and _send(channel, text)

    def close(self) -> None:
        """Take nothing any more; what has been asked for is still done."""
        self._saying.close()

    def _receive(self, channel: RTCDataChannel, data: str | bytes) -> None:
        self._saying.take(channel.label, data, partial(_send, channel))


def _send(channel: RTCDataChannel, text: str) -> bool:
    if channel.readyState != "open" or channel.bufferedAmount > MAX_BUFFERED_BYTES:
        return False
    try:
        channel.send(text)
    except ValueError:  # longer than the peer takes
        log.warning("a message of %d characters is too long for a peer", len(text))
        return False
    return True
