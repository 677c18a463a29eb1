"""What an avatar hears of all viewers who are listened to: it falls silent, listens, and programs are told.

Listening of each viewer ──► Ears ──┬─► barge-in, activity, loudness
                                    └─► programs: events, and the sound of each viewer

A program that does not read loses its place, and costs nobody else anything.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from avatar_rtc.server.live.voice.utterance import Event
from avatar_rtc.speech.ears.voice_network import EAR_RATE

HEARD_PERIOD_S = 1 / 12
"""Loudness is passed on so often at most, whoever talks."""
MAX_UNREAD = 512
"""Chunks and events that a program may leave unread: some 15 s of one voice."""


class Attention(Protocol):
    """What an avatar does while somebody talks to it."""

    @property
    def is_speaking(self) -> bool:
        """Whether it says something itself, or is about to."""

    def interrupt(self) -> None:
        """Fall silent."""

    def heard(self, level: float, voice: bool) -> None:
        """How loud that is."""

    def listening(self) -> None:
        """Somebody has begun to talk."""

    def idle(self) -> None:
        """Nobody talks any more."""


@dataclass(frozen=True)
class HeardBit:
    """An event, or sound, of one viewer."""

    viewer: str
    what: Event | bytes
    """Sound is PCM, 16 bit, little-endian, mono, of 16 kHz."""


class Ears:
    """The ears of one avatar. Used on the event loop."""

    def __init__(
        self,
        attention: Attention,
        barge_in: bool = True,
        announce: Callable[[Event], None] = lambda event: None,
    ) -> None:
        """
        Args:
            barge_in: it falls silent when somebody begins to talk.
            announce: told when somebody begins and ends.
        """
        self._attention, self._barge_in, self._announce = attention, barge_in, announce
        self._talking: set[str] = set()
        self._levels: dict[str, tuple[float, bool]] = {}
        self._heard_at = -HEARD_PERIOD_S
        self._programs: set[HeardQueue] = set()

    @property
    def is_speaking(self) -> bool:
        """Whether the avatar says something."""
        return self._attention.is_speaking

    @property
    def programs(self) -> int:
        """That hear what it hears."""
        return len(self._programs)

    def began(self, viewer: str) -> bool:
        """A viewer has begun to talk; True if the avatar fell silent for it."""
        self._talking.add(viewer)
        is_interrupting = self._barge_in and self._attention.is_speaking
        if is_interrupting:
            self._attention.interrupt()
        self._attention.listening()
        event: Event = {"type": "hearing.started", "viewer": viewer, "interrupted": is_interrupting}
        self._announce(event)
        self._pass_on(viewer, {**event, "sample_rate": EAR_RATE})
        return is_interrupting

    def sound(self, viewer: str, pcm: bytes) -> None:
        """What it says, in the order in which it is said."""
        self._pass_on(viewer, pcm)

    def heard(self, viewer: str, level: float, voice: bool) -> None:
        """How loud a viewer is now; of several the loudest counts."""
        if level or voice:
            self._levels[viewer] = level, voice
        else:
            self._levels.pop(viewer, None)
        now = asyncio.get_running_loop().time()
        if now - self._heard_at >= HEARD_PERIOD_S or not self._levels:
            self._heard_at = now
            levels = self._levels.values()
            loudest = max((each for each, _ in levels), default=0.0)
            self._attention.heard(loudest, any(is_voice for _, is_voice in levels))

    def ended(self, viewer: str, seconds: float, interrupted: bool) -> None:
        """A viewer has made a pause, or is gone."""
        self._talking.discard(viewer)
        if not self._talking:
            self._attention.idle()
        event: Event = {
            "type": "hearing.ended", "viewer": viewer, "seconds": seconds, "interrupted": interrupted
        }  # fmt: skip
        self._announce(event)
        self._pass_on(viewer, event)

    @contextmanager
    def heard_by(self) -> Iterator["HeardQueue"]:
        """What a program hears while the block lasts."""
        program = HeardQueue()
        self._programs.add(program)
        try:
            yield program
        finally:
            self._programs.discard(program)

    def close(self) -> None:
        """Nothing is heard any more."""
        for program in self._programs:
            program.over.set()

    def _pass_on(self, viewer: str, what: Event | bytes) -> None:
        for program in self._programs:
            program.put(HeardBit(viewer, what))


class HeardQueue:
    """What one program has not read yet."""

    def __init__(self) -> None:
        self._bits: asyncio.Queue[HeardBit] = asyncio.Queue()
        self.over = asyncio.Event()
        """Set once it gets nothing more."""
        self.is_behind = False
        """Because it has left so much unread."""

    def put(self, bit: HeardBit) -> None:
        """Add something; never waits."""
        if self._bits.qsize() >= MAX_UNREAD:
            self.is_behind = True
            self.over.set()
        if not self.over.is_set():
            self._bits.put_nowait(bit)

    async def next(self) -> HeardBit:
        """The oldest that is unread, waited for; after `over` there may never be one."""
        return await self._bits.get()
