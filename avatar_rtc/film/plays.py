"""What happens in a film: a play brings a stage to a moment, and writes down what is heard when."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from avatar_rtc.film.captions import Caption, captions_of
from avatar_rtc.film.performance import CharacterChange, FellSilent, Happening, PerformanceEnd, SaidPiece
from avatar_rtc.film.reading_out import SpokenPart
from avatar_rtc.film.stage import FilmStage, Role
from avatar_rtc.media.film_file import Chapter
from avatar_rtc.server.live.voice.speech_queue import AHEAD_S
from avatar_rtc.server.live.voice.utterance import LEAD_S, Piece

_ROUNDING_S = 1e-6
HEAD_S, TAIL_S = 0.5, 1.0
"""Of a film, before the first word and after the last."""


@dataclass
class Transcript:
    """What is heard in a film; times in s from its first picture."""

    captions: list[Caption] = field(default_factory=list)
    chapters: list[Chapter] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    """What is not heard, or not by the voice that was asked."""

    def hear(self, begin: float, piece: Piece) -> None:
        """A piece is heard from a second on."""
        self.captions += captions_of(piece, begin)
        self.notes |= dict.fromkeys(piece.notes)

    def hush(self, cut: float) -> None:
        """What was to be heard after a second is not."""
        kept = [each for each in self.captions if each.begin < cut]
        self.captions = [replace(each, end=min(each.end, cut)) for each in kept]

    def at(self, t: float) -> Caption | None:
        """What is read at a second."""
        return next((each for each in reversed(self.captions[-8:]) if each.begin <= t < each.end), None)


class Play(Protocol):
    """Something to be filmed."""

    transcript: Transcript

    def advance(self, t: float) -> bool:
        """Tell the stage what happens until media time t, in s; False if it was over before.

        Raises:
            AvatarRtcError: it cannot go on.
        """

    def share(self, t: float) -> float:
        """About how much of it is over at media time t, 0..1."""


class ScriptPlay:
    """An avatar that says one sentence after the other."""

    def __init__(self, stage: FilmStage, parts: Iterator[SpokenPart]) -> None:
        """`parts` may take as long as they want."""
        self._stage, self._parts = stage, parts
        self.transcript = Transcript()
        self._begun = stage.now
        self._free_from: float | None = None
        """Media time from which nothing is to be heard so far; None before the first sentence."""
        self._done_before = self._done = 0.0
        self._sounds_from = stage.now
        self._is_over = False

    def advance(self, t: float) -> bool:
        """See `Play`; sentences are handed over as a live speech queue does it."""
        while not self._is_over and t >= self._due:
            part = next(self._parts, None)
            if part is None:
                self._is_over = True
            else:
                self._take(part)
        return not self._is_over or t < (self._free_from or self._begun) + TAIL_S

    def share(self, t: float) -> float:
        """See `Play`."""
        sounding = (self._free_from or self._begun) - self._sounds_from
        through = min(1.0, max(0.0, t - self._sounds_from) / sounding) if sounding > 0 else 1.0
        return self._done_before + (self._done - self._done_before) * through

    @property
    def _due(self) -> float:
        return self._begun + HEAD_S - LEAD_S if self._free_from is None else self._free_from - AHEAD_S

    def _take(self, part: SpokenPart) -> None:
        self._done_before, self._done = self._done, part.done
        piece = part.piece
        self.transcript.notes |= dict.fromkeys(piece.notes)
        if not len(piece.pcm) and not piece.acts:
            return
        due = self._due
        begin = due + LEAD_S if self._free_from is None else self._free_from + part.gap
        if part.chapter is not None:
            # Before the gap, where one who jumps there sees the face come to rest first.
            at = 0.0 if self._free_from is None else begin - self._begun - part.gap / 2
            self.transcript.chapters.append(Chapter(at, part.chapter))
        self.transcript.hear(begin - self._begun, piece)
        self._stage.timers.at(due, partial(self._stage.say, begin, piece))
        self._sounds_from, self._free_from = begin, begin + piece.seconds


class PerformancePlay:
    """What a live avatar did, once more; times as they were then."""

    def __init__(
        self,
        stage: FilmStage,
        happenings: Iterator[tuple[float, Happening]],
        begun: float,
        seconds: float,
        role_of: Callable[[str], Role | None] = lambda name: None,
    ) -> None:
        """
        Args:
            happenings: what happens, by the second of it.
            begun: media time of second 0.
            seconds: how long it is; longer if what is said is.
            role_of: the role of a character; None goes on with the one before.
        """
        self._stage, self._begun, self._role_of = stage, begun, role_of
        self.transcript = Transcript()
        self._zero = stage.now
        """Media time of the first picture."""
        self._until = begun + seconds
        self._happenings = happenings
        self._next = next(happenings, None)

    def advance(self, t: float) -> bool:
        """See `Play`."""
        while self._next is not None and self._begun + self._next[0] <= t + _ROUNDING_S:
            at, what = self._next
            self._stage.timers.at(self._begun + at, partial(self._do, what))
            self._next = next(self._happenings, None)
        return t < self._until

    def share(self, t: float) -> float:
        """See `Play`."""
        return min(1.0, (t - self._zero) / max(self._until - self._zero, _ROUNDING_S))

    def _do(self, what: Happening) -> None:
        match what:
            case SaidPiece(begin=begin, piece=piece):
                at = self._begun + begin
                self._stage.say(at, piece)
                self.transcript.hear(at - self._zero, piece)
                self._until = max(self._until, at + piece.seconds)
            case FellSilent(cut=cut):
                self._stage.hush(self._begun + cut)
                self.transcript.hush(self._begun + cut - self._zero)
            case CharacterChange(character=name):
                if (role := self._role_of(name)) is not None:
                    self._stage.recast(role)
            case PerformanceEnd():
                pass
            case _:
                self._stage.tell(what)
