"""The words of what an agent says, beside its sound: for better lips, and with what it expresses.

Sound and words come as streams of their own, in the same order, and nothing ties one to the other.

text ──► words ──┐
                 ├─► both of one utterance
sound ──► words ─┘
"""

from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import replace

from avatar_rtc.server.live.voice.transcribed import SoundTranscript
from avatar_rtc.server.live.voice.utterance import Piece, TimedAct
from avatar_rtc.speech.acting.acts import Pause, TextAct

WORDS_OLD_S = 10.0
"""Words whose sound has not begun so long after them belong to none."""
WORDS_LATE_S = 3.0
"""A sound whose words have not begun so long after it has none: agents send words first."""
MOST_WAITING_WORDS = 16


class SaidWords:
    """What is known of one utterance beside its sound."""

    def __init__(self, since: float = 0.0) -> None:
        self.transcript = SoundTranscript()
        self.since = since
        """The second in which the first of it began."""
        self.expression = ""
        """What was told of it, to tell a second one apart."""
        self._acts: list[TimedAct] = []

    def act(self, acts: Iterable[TextAct], t: float = 0.0) -> None:
        """Do these at second t of the sound, or as soon as may be if that is over; a pause is none."""
        self._acts += [TimedAct(t, act) for act in acts if not isinstance(act, Pause)]

    def take(self, begin: float, end: float) -> tuple[TimedAct, ...]:
        """The acts from before second `end`, in seconds from `begin`."""
        due = [timed for timed in self._acts if timed.t < end]
        self._acts = [timed for timed in self._acts if timed.t >= end]
        return tuple(replace(timed, t=max(0.0, timed.t - begin)) for timed in due)


async def acted(pieces: AsyncGenerator[Piece, None], words: SaidWords) -> AsyncGenerator[Piece, None]:
    """The pieces of a sound, each with the acts that belong into it."""
    begin = 0.0
    async with aclosing(pieces):
        async for piece in pieces:
            acts = words.take(begin, begin + piece.seconds)
            yield replace(piece, acts=(*piece.acts, *acts)) if acts else piece
            begin += piece.seconds


class AgentWords:
    """Brings the texts and the sounds of one agent together."""

    def __init__(self, now: Callable[[], float]) -> None:
        """
        Args:
            now: seconds of a clock that does not go back.
        """
        self._now = now
        self._texts: deque[SaidWords] = deque(maxlen=MOST_WAITING_WORDS)
        """Those whose sound has not begun."""
        self._sounds: deque[SaidWords] = deque(maxlen=MOST_WAITING_WORDS)
        """Those whose text has not begun."""
        self._named: dict[str, SaidWords] = {}

    def of_text(self, segment: str) -> SaidWords:
        """For a text that begins; the same for the same segment.

        Args:
            segment: its id; "" is one that nobody has named.
        """
        if segment in self._named:
            return self._named[segment]
        self._forget(self._sounds, WORDS_LATE_S)
        if self._sounds:
            words = self._sounds.popleft()
        else:
            words = SaidWords(self._now())
            self._texts.append(words)
        if segment:
            self._named[segment] = words
            while len(self._named) > MOST_WAITING_WORDS:
                del self._named[next(iter(self._named))]
        return words

    def of_sound(self) -> SaidWords:
        """For a sound that begins."""
        self._forget(self._texts, WORDS_OLD_S)
        if self._texts:
            return self._texts.popleft()
        words = SaidWords(self._now())
        self._sounds.append(words)
        return words

    def over(self, words: SaidWords) -> None:
        """A sound is over: a text that comes now is not its."""
        if words in self._sounds:
            self._sounds.remove(words)

    def clear(self) -> None:
        """What was begun is not said any more."""
        self._texts.clear()
        self._sounds.clear()

    def _forget(self, waiting: deque[SaidWords], old_s: float) -> None:
        while waiting and self._now() - waiting[0].since > old_s:
            waiting.popleft()
