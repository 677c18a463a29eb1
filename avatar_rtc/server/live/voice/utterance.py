"""One utterance: the pieces it is made of, and what is told while they sound."""

import heapq
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextvars import Context, copy_context
from dataclasses import dataclass, field

from avatar_rtc.face.timeline import Timeline
from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.speech.acting.acts import Act, act_json
from avatar_rtc.speech.spoken import LipSource, Mark, TimedWord
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

LEAD_S = 0.060
"""From a piece that is ready to its first sample: lips run ahead of sound, and frames of both."""
PATIENCE_S = 60.0
"""An utterance that brings nothing to hear for so long, while nothing sounds, is over."""

Event = Mapping[str, object]


@dataclass(frozen=True)
class TimedAct:
    """An act that goes with a word."""

    t: float
    """Seconds from the first sample of its piece; below 0 it goes with the last word of the piece before."""
    act: Act


@dataclass(frozen=True, eq=False)
class Piece:
    """A sentence, a stretch of streamed sound, or a pause, ready to be heard."""

    pcm: Pcm = field(repr=False)
    """48 kHz mono; none at all where there are acts alone."""
    lips: Timeline = field(repr=False)
    source: LipSource
    shown: str = ""
    """The subtitle."""
    words: tuple[TimedWord, ...] = ()
    """Where they are in `shown`, and when."""
    acts: tuple[TimedAct, ...] = ()
    marks: tuple[Mark, ...] = ()
    gap: float = 0.0
    """Seconds of silence between it and the piece before it in its utterance."""
    notes: tuple[str, ...] = ()
    """What of its text is not heard, or not by the voice that was asked."""

    @property
    def seconds(self) -> float:
        """How long it sounds."""
        return len(self.pcm) / AUDIO_CLOCK_HZ

    def events(self, speech_id: str, is_first: bool) -> Iterator[tuple[float, Event]]:
        """What is told while it sounds, by the second of it, made as it is asked for; never falls."""
        about = {"speech_id": speech_id}
        opening: list[tuple[float, Event]] = []
        if is_first:
            opening.append((0.0, {"type": "speech.started", **about}))
        if self.shown:
            opening.append((0.0, {"type": "speech.subtitle", **about, "text": self.shown}))
        marks = sorted(self.marks, key=lambda mark: mark.t)
        acts = sorted(self.acts, key=lambda timed: timed.t)
        words = sorted(self.words, key=lambda word: word.start)
        return heapq.merge(
            opening,
            ((timed.t, {"type": "speech.act", **about, "act": act_json(timed.act)}) for timed in acts),
            ((mark.t, {"type": "speech.mark", **about, "name": mark.name}) for mark in marks),
            ((word.start, self._word(word, speech_id)) for word in words),
            key=lambda timed: timed[0],
        )

    def _word(self, word: TimedWord, speech_id: str) -> Event:
        return {
            "type": "speech.word", "speech_id": speech_id,
            "word": self.shown[word.begin : word.stop], "begin": word.begin, "end": word.stop,
            "duration_ms": round((word.end - word.start) * 1000),
        }  # fmt: skip


@dataclass(eq=False)
class Utterance:
    """Everything between one `speech.started` and its `speech.finished`."""

    id: str
    pieces: AsyncGenerator[Piece, None]
    on_event: Callable[[Event], None] | None = None
    """Told its events beside the avatar's viewers."""
    lead_s: float = LEAD_S
    """From a piece that is ready to its first sample, where nothing sounds before it."""
    patience_s: float = PATIENCE_S
    """How long it may hold up the avatar without a sound."""
    on_over: Callable[[], None] | None = None
    """Called once it is over, before that is told: what it held can be let go."""
    heard: list[tuple[float, float]] = field(default_factory=list)
    """Media time at which each piece began, and how long it sounds."""
    notes: dict[str, None] = field(default_factory=dict)
    """Those of its pieces, and of acts that were passed over, each once."""
    passed_over: set[Act] = field(default_factory=set)
    """Acts of which nobody is told, for they could not be done."""
    turn_at: float = 0.0
    """Media time from which it is waited for alone."""
    is_over: bool = False
    asked_in: Context = field(default_factory=copy_context, repr=False)
    """Of who asked for it, whom the log names: what comes before it in the queue may be another's."""

    def position(self, t: float) -> float:
        """Seconds of it that have sounded at media time t, gaps between pieces apart."""
        return sum(min(max(t - begin, 0.0), seconds) for begin, seconds in self.heard)
