"""The data channels of one peer: text in, its answer out, and events pushed."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from aiortc import RTCDataChannel

from avatar_rtc.envelope import error, id_of
from avatar_rtc.errors import InputError

log = logging.getLogger(__name__)

LABELS = ("control", "cues", "pose")
MAX_BUFFERED_BYTES = 1 << 20

OnMessage = Callable[[str, str], str | Awaitable[str] | None]
"""(label, text) → the answer, or None for none, or one that is still to come. InputError becomes an error
answer."""
OnChannel = Callable[[str], str | None]
"""(label) of a channel that has opened → its first message, or None."""


class Channels:
    """Dispatches what comes in; a channel of an unknown label is closed."""

    def __init__(self, on_message: OnMessage, on_channel: OnChannel | None) -> None:
        """Channels are handed in by `add` as the peer opens them."""
        self._on_message, self._on_channel = on_message, on_channel
        self._open: dict[str, RTCDataChannel] = {}
        self._answering: set[asyncio.Task[None]] = set()

    def add(self, channel: RTCDataChannel) -> None:
        """Listen to a channel; of two with one label the newer gets what is pushed."""
        if channel.label not in LABELS:
            log.info("closed a data channel of unknown label %.40r", channel.label)
            channel.close()
            return
        self._open[channel.label] = channel
        channel.on("message", partial(self._receive, channel))
        if self._on_channel:
            self._reply(channel, None, partial(self._on_channel, channel.label))

    def send(self, label: str, text: str) -> bool:
        """Push text; False if the peer has no such channel open, or does not read what it gets."""
        channel = self._open.get(label)
        return channel is not None and _send(channel, text)

    def _receive(self, channel: RTCDataChannel, data: str | bytes) -> None:
        if isinstance(data, str):
            self._reply(channel, data, partial(self._on_message, channel.label, data))
        else:
            _send(channel, json.dumps(error(None, "send text, not binary")))

    def _reply(
        self, channel: RTCDataChannel, request: str | None, ask: Callable[[], str | Awaitable[str] | None]
    ) -> None:
        """Send what `ask` returns; whatever it raises must not reach aiortc, whose transport it would end."""
        try:
            answer = ask()
        except InputError as refused:
            answer = json.dumps(error(id_of(request or ""), str(refused)))
        except Exception:
            log.exception("a message on %s failed", channel.label)
            answer = json.dumps(error(id_of(request or ""), "this failed inside the server"))
        if isinstance(answer, Awaitable):
            task = asyncio.create_task(self._answer(channel, request, answer))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        elif answer is not None:
            _send(channel, answer)

    async def _answer(self, channel: RTCDataChannel, request: str | None, coming: Awaitable[str]) -> None:
        try:
            answer = await coming
        except Exception:
            log.exception("a message on %s failed", channel.label)
            answer = json.dumps(error(id_of(request or ""), "this failed inside the server"))
        _send(channel, answer)


def _send(channel: RTCDataChannel, text: str) -> bool:
    if channel.readyState != "open" or channel.bufferedAmount > MAX_BUFFERED_BYTES:
        return False
    try:
        channel.send(text)
    except ValueError:  # longer than the peer takes
        log.warning("a message of %d characters is too long for a peer", len(text))
        return False
    return True
