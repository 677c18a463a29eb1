"""What an avatar says, one utterance after the other, and what is told of it.

say ──► waiting ──► feed (the next piece is made while one sounds) ──► voice, lips, events at t + D
stop ─► fade, shut the mouth, and one `speech.finished` for everything that was still to be said
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from avatar_rtc.clock import MediaClock
from avatar_rtc.errors import AvatarRtcError, CapacityExceeded
from avatar_rtc.frame import AUDIO_CLOCK_HZ
from avatar_rtc.media.opus import Pcm
from avatar_rtc.media.voice import FADE_S, Voice, next_block
from avatar_rtc.speech.spoken import LipSource, Mark, TimedWord
from avatar_rtc.timeline import Timeline

log = logging.getLogger(__name__)

LEAD_S = 0.060
"""From a piece that is ready to its first sample: lips run ahead of sound, and frames of both."""
AHEAD_S = 0.3
"""A piece is handed over so long before the one before it ends: lips prepare for what comes next."""
MAX_WAITING = 64
"""Utterances that may wait."""

Event = Mapping[str, object]


@dataclass(frozen=True)
class Feeling:
    """An emotion that goes with a word."""

    t: float
    """Seconds from the first sample of its piece."""
    emotion: str
    strength: float
    hold_s: float | None = None
    """How long it is shown; None is until the next, or a while after the utterance."""


@dataclass(frozen=True, eq=False)
class Piece:
    """A sentence, or a stretch of streamed sound, ready to be heard."""

    pcm: Pcm = field(repr=False)
    """48 kHz mono."""
    lips: Timeline = field(repr=False)
    """Its `speech` and `begin` are filled in when it is played."""
    source: LipSource
    shown: str = ""
    """The subtitle."""
    words: tuple[TimedWord, ...] = ()
    """Where they are in `shown`, and when."""
    feelings: tuple[Feeling, ...] = ()
    marks: tuple[Mark, ...] = ()
    gap: float = 0.0
    """Seconds of silence between it and the piece before it in its utterance."""

    @property
    def seconds(self) -> float:
        """How long it sounds."""
        return len(self.pcm) / AUDIO_CLOCK_HZ


@dataclass(eq=False)
class Utterance:
    """Everything between one `speech.started` and its `speech.finished`."""

    id: str
    pieces: AsyncGenerator[Piece, None]
    on_event: Callable[[Event], None] | None = None
    """Told its events beside the avatar's viewers."""
    lead_s: float = LEAD_S
    """From a piece that is ready to its first sample, where nothing sounds before it."""
    heard: list[tuple[float, float]] = field(default_factory=list)
    """Media time at which each piece began, and how long it sounds."""
    is_over: bool = False

    def position(self, t: float) -> float:
        """Seconds of it that have sounded at media time t, gaps between pieces apart."""
        return sum(min(max(t - begin, 0.0), seconds) for begin, seconds in self.heard)


class SpeechQueue:
    """The speech of one avatar. Made and used on the event loop."""

    def __init__(
        self,
        clock: MediaClock,
        delay: Callable[[], float],
        voice: Voice,
        say: Callable[[Timeline], None],
        hush: Callable[[float], None],
        feel: Callable[[Feeling], None],
        tell: Callable[[Event], None],
    ) -> None:
        """
        Args:
            delay: D in s: what is for media time t is heard at t + D.
            say, hush: tell the lips what comes, and from which media time on nothing does.
            feel: show an emotion now.
            tell: tell every viewer of an event.
        """
        self._clock, self._delay, self._voice = clock, delay, voice
        self._say, self._hush, self._feel, self._tell = say, hush, feel, tell
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Utterance] = deque()
        self._current: Utterance | None = None
        self._player: asyncio.Task[None] | None = None
        self._timers: dict[asyncio.TimerHandle, Callable[[], None]] = {}
        self._free_from = 0.0
        """Media time from which nothing is to be heard so far."""
        self.source: LipSource | None = None
        """Where the times of the lips come from, of what was said last."""

    @property
    def current(self) -> str | None:
        """The id of what is being said."""
        return self._current.id if self._current else None

    @property
    def position(self) -> tuple[str, float] | None:
        """The id of what is being said and how many seconds of it have been heard."""
        if self._current is None:
            return None
        return self._current.id, self._current.position(self._clock.t() - self._delay())

    @property
    def is_silent(self) -> bool:
        """True if nothing is said or about to be."""
        return self._current is None and not self._waiting

    def say(self, utterance: Utterance) -> None:
        """Say it when everything before it has been said.

        Raises:
            CapacityExceeded: too many wait already.
        """
        if len(self._waiting) >= MAX_WAITING:
            raise CapacityExceeded("utterances that wait", MAX_WAITING)
        self._waiting.append(utterance)
        self._go_on()

    def stop(self, speech_id: str | None = None) -> None:
        """Fall silent: one utterance, or all that is and was to be said."""
        for utterance in [u for u in self._waiting if speech_id in (None, u.id)]:
            self._waiting.remove(utterance)
            self._finish(utterance, 0.0, interrupted=True)
        if self._current and speech_id in (None, self._current.id):
            self._interrupt(self._current)
        self._go_on()

    async def close(self) -> None:
        """Finish everything at once."""
        self.stop()
        for timer, finish in tuple(self._timers.items()):
            timer.cancel()
            finish()

    def _go_on(self) -> None:
        if self._current is None and self._waiting:
            self._current = self._waiting.popleft()
            self._player = asyncio.create_task(self._play(self._current), name=f"speech {self._current.id}")

    async def _play(self, utterance: Utterance) -> None:
        ready: asyncio.Queue[Piece | Exception | None] = asyncio.Queue(maxsize=1)
        feeder = asyncio.create_task(_feed(utterance.pieces, ready))
        timers: list[asyncio.TimerHandle] = []
        try:
            detail = await self._play_all(utterance, ready, timers)
            await self._until(self._free_from + self._delay())
        except asyncio.CancelledError:
            for timer in timers:
                timer.cancel()
            raise
        finally:
            feeder.cancel()
        self._finish(utterance, utterance.position(self._free_from), detail is not None, detail)
        self._current = None
        self._go_on()

    async def _play_all(
        self,
        utterance: Utterance,
        ready: "asyncio.Queue[Piece | Exception | None]",
        timers: list[asyncio.TimerHandle],
    ) -> str | None:
        """Hand over every piece when its time comes; returns what went wrong."""
        while (piece := await ready.get()) is not None:
            if isinstance(piece, AvatarRtcError):
                return str(piece)
            if isinstance(piece, Exception):
                log.error("speech %s failed", utterance.id, exc_info=piece)
                return "this failed inside the server"
            if len(piece.pcm):
                now = self._loop.time()
                timers[:] = [timer for timer in timers if timer.when() > now]
                timers += self._hand_over(utterance, piece)
                await self._until(self._free_from - AHEAD_S)
        return None

    def _hand_over(self, utterance: Utterance, piece: Piece) -> list[asyncio.TimerHandle]:
        """Let a piece be heard as soon as may be; gives the timers of its events."""
        is_first = not utterance.heard
        begin = max(self._clock.t() + utterance.lead_s, self._free_from + (0.0 if is_first else piece.gap))
        utterance.heard.append((begin, piece.seconds))
        self._free_from = begin + piece.seconds
        self._voice.put(begin, piece.pcm)
        self._say(replace(piece.lips, speech=utterance.id, begin=begin))
        self.source = piece.source
        timers = [self._at(begin + feeling.t, self._feel, feeling) for feeling in piece.feelings]
        for t, events in _events(utterance.id, piece, is_first).items():
            timers.append(self._at(begin + self._delay() + t, self._tell_all, utterance, events))
        return timers

    def _interrupt(self, utterance: Utterance) -> None:
        assert self._player is not None
        self._player.cancel()
        self._current = None
        cut = next_block(self._clock.t())
        self._voice.cut(cut)
        self._hush(cut)
        silent_from = cut + FADE_S
        played = utterance.position(silent_from)
        self._free_from = min(self._free_from, silent_from) if utterance.heard else self._free_from

        def finish() -> None:
            self._timers.pop(timer, None)
            self._finish(utterance, played, interrupted=True)

        wait = max(0.0, silent_from + self._delay() - self._clock.t()) if played else 0.0
        timer = self._loop.call_later(wait, finish)
        self._timers[timer] = finish

    def _finish(
        self, utterance: Utterance, seconds: float, interrupted: bool, detail: str | None = None
    ) -> None:
        """Tell that it is over, once."""
        if utterance.is_over:
            return
        utterance.is_over = True
        event: dict[str, object] = {
            "type": "speech.finished",
            "speech_id": utterance.id,
            "position_ms": int(seconds * 1000),
            "interrupted": interrupted,
        }
        self._event(utterance, event if detail is None else {**event, "detail": detail})

    def _tell_all(self, utterance: Utterance, events: Sequence[Event]) -> None:
        for event in events:
            self._event(utterance, event)

    def _event(self, utterance: Utterance, event: Event) -> None:
        self._tell(event)
        if utterance.on_event is not None:
            utterance.on_event(event)

    def _at(self, t: float, do: Callable[..., None], *arguments: object) -> asyncio.TimerHandle:
        return self._loop.call_later(max(0.0, t - self._clock.t()), do, *arguments)

    async def _until(self, t: float) -> None:
        await asyncio.sleep(max(0.0, t - self._clock.t()))


def _events(speech_id: str, piece: Piece, is_first: bool) -> dict[float, list[Event]]:
    """What is told while a piece sounds, by the second of it; what comes together keeps its order."""
    about = {"speech_id": speech_id}
    told: dict[float, list[Event]] = {0.0: []}
    if is_first:
        told[0.0].append({"type": "speech.started", **about})
    if piece.shown:
        told[0.0].append({"type": "speech.subtitle", **about, "text": piece.shown})
    for mark in piece.marks:
        told.setdefault(mark.t, []).append({"type": "speech.mark", **about, "name": mark.name})
    for word in piece.words:
        event: Event = {
            "type": "speech.word", **about,
            "word": piece.shown[word.begin : word.stop], "begin": word.begin, "end": word.stop,
            "duration_ms": round((word.end - word.start) * 1000),
        }  # fmt: skip
        told.setdefault(word.start, []).append(event)
    return {t: events for t, events in told.items() if events}


async def _feed(
    pieces: AsyncGenerator[Piece, None], ready: "asyncio.Queue[Piece | Exception | None]"
) -> None:
    """Put pieces into the queue; at the end None, or what went wrong."""
    end: Exception | None = None
    async with contextlib.aclosing(pieces):
        try:
            async for piece in pieces:
                await ready.put(piece)
        except Exception as error:
            end = error
    await ready.put(end)
