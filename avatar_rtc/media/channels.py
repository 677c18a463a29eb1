"""The data channels of one peer: text in, its answer out, and events pushed. None of it is read here."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from aiortc import RTCDataChannel

from avatar_rtc.media.bounds import Bounds, Rate

log = logging.getLogger(__name__)

LABELS = ("control", "cues", "pose")
MAX_CHANNELS = 8
"""Of one peer; ours have three."""
MAX_ANSWERING = 64
"""Messages whose answers take time, such as `speech.say`."""
MAX_BUFFERED_BYTES = 1 << 18
"""That wait in one channel for a peer that does not read; what would come on top is not sent."""


class Conversation(Protocol):
    """Who talks with a peer. None of these raises: it would end the transport of the channels."""

    def greet(self, label: str) -> str | None:
        """The first message on a channel that has opened, if there is one."""

    def hear(self, label: str, text: str) -> str | Awaitable[str] | None:
        """The answer to a text, or None for none, or one that is still to come."""

    def refuse(self, data: str | bytes, why: str) -> str:
        """The answer to what is not handed on by `hear`; `why` is a sentence."""


class Channels:
    """Dispatches what comes in; a channel of an unknown label, or one too many, is closed.

    Who sends faster than it may is told so on `control`. Of `cues` and `pose` the newest waits, and is taken
    as soon as it may be: what lies between would have been overwritten.
    """

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
        self._bounds, self._clock = bounds or Bounds(), clock
        self._rate = Rate(self._bounds.messages_per_s)
        self._complaints = Rate(1.0, burst_s=1.0)
        self._open: dict[str, RTCDataChannel] = {}
        self._all: set[RTCDataChannel] = set()
        self._answering: set[asyncio.Task[None]] = set()
        self._held: dict[str, tuple[RTCDataChannel, str]] = {}
        self._timer: asyncio.TimerHandle | None = None

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
        self._reply(channel, self._conversation.greet(channel.label))

    def send(self, label: str, text: str) -> bool:
        """Push text; False if the peer has no such channel open, or does not read what it gets."""
        channel = self._open.get(label)
        return channel is not None and _send(channel, text)

    def close(self) -> None:
        """Take nothing any more; what has been asked for is still done."""
        self._held.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _receive(self, channel: RTCDataChannel, data: str | bytes) -> None:
        if not self._rate.take(self._clock(), _cost(data)):
            self._too_fast(channel, data)
        elif isinstance(data, str):
            self._held.pop(channel.label, None)  # this one is newer
            self._take(channel, data)
        else:
            _send(channel, self._conversation.refuse("", "send text, not binary"))

    def _take(self, channel: RTCDataChannel, text: str) -> None:
        if len(self._answering) >= MAX_ANSWERING:
            self._refuse(channel, text, f"{MAX_ANSWERING} messages wait for their answers; wait for some")
        else:
            self._reply(channel, self._conversation.hear(channel.label, text))

    def _too_fast(self, channel: RTCDataChannel, data: str | bytes) -> None:
        if channel.label == "control" or not isinstance(data, str):
            limit = self._bounds.messages_per_s
            self._refuse(channel, data, f"more than {limit:g} messages a second; send fewer")
            return
        if channel.label in self._held:
            self._bounds.on_refused("messages_per_s")
        self._held[channel.label] = (channel, data)
        self._take_held_later()

    def _take_held_later(self) -> None:
        if self._timer is None:
            cost = min(_cost(text) for _, text in self._held.values())
            wait_s = self._rate.wait_s(self._clock(), cost)
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._take_held)

    def _take_held(self) -> None:
        self._timer = None
        for label in tuple(self._held):
            if self._rate.take(self._clock(), _cost(self._held[label][1])):
                self._take(*self._held.pop(label))
        if self._held:
            self._take_held_later()

    def _refuse(self, channel: RTCDataChannel, data: str | bytes, why: str) -> None:
        """Count it, and answer at most once a second: an answer to each would be a flood of our own."""
        self._bounds.on_refused("messages_per_s")
        if self._complaints.take(self._clock()):
            _send(channel, self._conversation.refuse(data, why))

    def _reply(self, channel: RTCDataChannel, answer: str | Awaitable[str] | None) -> None:
        if isinstance(answer, str):
            _send(channel, answer)
        elif answer is not None:
            task = asyncio.create_task(_send_later(channel, answer))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)


def _cost(data: str | bytes) -> float:
    """What a message counts for: reading a long one takes up to 20 ms."""
    return 1.0 + len(data) // 1024


async def _send_later(channel: RTCDataChannel, coming: Awaitable[str]) -> None:
    _send(channel, await coming)


def _send(channel: RTCDataChannel, text: str) -> bool:
    if channel.readyState != "open" or channel.bufferedAmount > MAX_BUFFERED_BYTES:
        return False
    try:
        channel.send(text)
    except ValueError:  # longer than the peer takes
        log.warning("a message of %d characters is too long for a peer", len(text))
        return False
    return True
