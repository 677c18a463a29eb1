"""What one caller says, over channels or a socket: how fast it is taken, what waits, what is refused.

text ──► rate ──► Conversation.hear ──► answer
           └─► too fast: on `control` refused, of what flows the newest waits
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from avatar_rtc.media.bounds import Bounds, Rate

CONTROL_LABEL = "control"
"""What is said there is answered; what comes under any other label flows."""
MAX_ANSWERING = 64
"""Messages whose answers take time, such as `speech.say`."""

SendAnswer = Callable[[str], object]
"""Sends one text to the caller; what it gives does not matter."""


class Conversation(Protocol):
    """Who talks with a caller. None of these raises: it would end the transport of the channels."""

    def greet(self, label: str) -> str | None:
        """The first message on a channel that has opened, if there is one."""

    def hear(self, label: str, text: str) -> str | Awaitable[str] | None:
        """The answer to a text, or None for none, or one that is still to come."""

    def refuse(self, data: str | bytes, why: str) -> str:
        """The answer to what is not handed on by `hear`; `why` is a sentence."""


class Saying:
    """The one law of messages, for all that one caller says.

    Who sends faster than it may is told so. Of what flows the newest waits, and is taken as soon as it may
    be: what lies between would have been overwritten.
    """

    def __init__(
        self,
        conversation: Conversation,
        bounds: Bounds | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` gives seconds, for the rate of messages."""
        self._conversation = conversation
        self._bounds, self._clock = bounds or Bounds(), clock
        self._rate = Rate(self._bounds.messages_per_s)
        self._complaints = Rate(1.0, burst_s=1.0)
        self._answering: set[asyncio.Task[None]] = set()
        self._held: dict[str, tuple[str, SendAnswer]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def take(self, label: str, data: str | bytes, reply: SendAnswer) -> None:
        """One message is here; what is answered goes to `reply`."""
        if not self._rate.take(self._clock(), _cost(data)):
            self._too_fast(label, data, reply)
        elif isinstance(data, str):
            self._held.pop(label, None)  # this one is newer
            self._hear(label, data, reply)
        else:
            reply(self._conversation.refuse("", "send text, not binary"))

    def answer(self, text: str | Awaitable[str] | None, reply: SendAnswer) -> None:
        """Send it, now or when it has come."""
        if isinstance(text, str):
            reply(text)
        elif text is not None:
            task = asyncio.create_task(_send_later(text, reply))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    def close(self) -> None:
        """Take nothing any more; what has been asked for is still done."""
        self._held.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _hear(self, label: str, text: str, reply: SendAnswer) -> None:
        if len(self._answering) >= MAX_ANSWERING:
            self._refuse(text, f"{MAX_ANSWERING} messages wait for their answers; wait for some", reply)
        else:
            self.answer(self._conversation.hear(label, text), reply)

    def _too_fast(self, label: str, data: str | bytes, reply: SendAnswer) -> None:
        if label == CONTROL_LABEL or not isinstance(data, str):
            limit = self._bounds.messages_per_s
            self._refuse(data, f"more than {limit:g} messages a second; send fewer", reply)
            return
        if label in self._held:
            self._bounds.on_refused("messages_per_s")
        self._held[label] = (data, reply)
        self._take_held_later()

    def _take_held_later(self) -> None:
        if self._timer is None:
            cost = min(_cost(text) for text, _ in self._held.values())
            wait_s = self._rate.wait_s(self._clock(), cost)
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._take_held)

    def _take_held(self) -> None:
        self._timer = None
        for label in tuple(self._held):
            if self._rate.take(self._clock(), _cost(self._held[label][0])):
                self._hear(label, *self._held.pop(label))
        if self._held:
            self._take_held_later()

    def _refuse(self, data: str | bytes, why: str, reply: SendAnswer) -> None:
        """Count it, and answer at most once a second: an answer to each would be a flood of our own."""
        self._bounds.on_refused("messages_per_s")
        if self._complaints.take(self._clock()):
            reply(self._conversation.refuse(data, why))


def _cost(data: str | bytes) -> float:
    """What a message counts for: reading a long one takes up to 20 ms."""
    return 1.0 + len(data) // 1024


async def _send_later(coming: Awaitable[str], reply: SendAnswer) -> None:
    reply(await coming)
