"""Acts in texts of language models: what is spoken that is no speech, which are missed, how far from words.

```
 text in pieces ─► Cleaner ─► Speaker with espeak ─► pieces: words and acts, each with its second
```
The texts come from a grammar that knows their words and acts. Pauses are measured as the silence they make.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from random import Random

from avatar_rtc.bench.acted_texts import ActedText, acted_texts, cut_at_random
from avatar_rtc.bench.measurement import Measurement, at_most, spread
from avatar_rtc.server.live.voice.speaker import Manner, Speaker
from avatar_rtc.server.live.voice.utterance import Piece
from avatar_rtc.speech.acting.acts import Act, Pause
from avatar_rtc.speech.feelings import Rules
from avatar_rtc.speech.voices.espeak import Espeak

_FRAME_MS = 1000 / 30
_QUICK_TEXTS = 2
"""Of each dialect."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class ActedSpeech:
    """A text, spoken."""

    text: ActedText
    words: tuple[str, ...]
    """As they are heard."""
    starts: tuple[float, ...]
    """Of each word, in s."""
    ends: tuple[float, ...]
    acts: tuple[tuple[float, Act], ...]
    """When each is done, in s."""
    pauses: tuple[tuple[float, float], ...]
    """When each begins, and its seconds."""

    @property
    def missed(self) -> int:
        """Acts that are not done."""
        asked = [act for _, act in self.text.acts if not isinstance(act, Pause)]
        done = [act for _, act in self.acts]
        return sum(max(0, asked.count(act) - done.count(act)) for act in set(asked))

    def distances_ms(self) -> list[float]:
        """From each act to its word: to where it starts, or where the one before it ends."""
        found, waiting = [], list(self.acts)
        for before, act in self.text.acts:
            done = next((each for each in waiting if each[1] == act), None)
            if done is not None:
                waiting.remove(done)
                found.append(1000 * self._distance(before, done[0]))
        return found

    def _distance(self, before: int, t: float) -> float:
        near = [self.starts[before]] if before < len(self.starts) else []
        near += [self.ends[before - 1]] if before else [0.0]
        return min(abs(t - each) for each in near)


def spoken_wrongly(asked: Sequence[str], heard: Sequence[str]) -> int:
    """Words that are heard and should not be, or the other way about."""
    left = list(asked)
    extra = 0
    for word in heard:
        if word in left:
            left.remove(word)
        else:
            extra += 1
    return extra + len(left)


async def act_out(speaker: Speaker, engine: Espeak, text: ActedText) -> ActedSpeech:
    """The text as an avatar would speak and act it."""
    pick = Random(text.text)

    async def chunks() -> AsyncIterator[str]:
        for chunk in cut_at_random(text.text, pick):
            yield chunk

    pieces = [piece async for piece in speaker.pieces(chunks(), Manner(engine, ""))]
    return _laid_out(text, pieces)


def _laid_out(text: ActedText, pieces: Sequence[Piece]) -> ActedSpeech:
    words: list[tuple[str, float, float]] = []
    acts: list[tuple[float, Act]] = []
    pauses: list[tuple[float, float]] = []
    free_from = 0.0
    for number, piece in enumerate(pieces):
        begin = free_from + (piece.gap if number else 0.0)
        for word in piece.words:
            for each in _WORD.findall(piece.shown[word.begin : word.stop].lower()):
                words.append((each, begin + word.start, begin + word.end))
        acts += ((begin + timed.t, timed.act) for timed in piece.acts)
        if piece.seconds and not piece.shown:
            pauses.append((begin, piece.seconds))
        free_from = begin + piece.seconds
    names, starts, ends = zip(*words, strict=True) if words else ((), (), ())
    return ActedSpeech(text, names, starts, ends, tuple(acts), tuple(pauses))


def _is_paused(speech: ActedSpeech) -> bool:
    asked: dict[int, float] = {}
    for before, act in speech.text.acts:
        if isinstance(act, Pause):
            asked[before] = min(10.0, asked.get(before, 0.0) + act.seconds)
    return abs(sum(asked.values()) - sum(seconds for _, seconds in speech.pauses)) < 0.01


async def _all(texts: Sequence[ActedText]) -> list[ActedSpeech]:
    engine = Espeak()
    try:
        speaker = Speaker(Rules())
        return [await act_out(speaker, engine, text) for text in texts]
    finally:
        await engine.close()


def measure(quick: bool) -> list[Measurement]:
    """The figures of this module."""
    texts = acted_texts(each=_QUICK_TEXTS) if quick else acted_texts()
    spoken = asyncio.run(_all(texts))
    count = {"texts": len(texts)}
    wrong = {each.text.text: spoken_wrongly(each.text.words, each.words) for each in spoken}
    missed = {each.text.text: each.missed for each in spoken}
    distances = [ms for each in spoken for ms in each.distances_ms()]
    unpaused = [each.text.text for each in spoken if not _is_paused(each)]
    return [
        at_most(
            "words spoken wrongly of texts with acts", sum(wrong.values()), "", 0, **count, of=_named(wrong)
        ),
        at_most("acts missed", sum(missed.values()), "", 0, **count, of=_named(missed)),
        at_most("act to its word, largest", max(distances), "ms", round(_FRAME_MS, 1), **spread(distances)),
        at_most("texts with a pause of another length", len(unpaused), "", 0, **count, of=unpaused[:3]),
    ]


def _named(found: dict[str, int]) -> list[str]:
    return [text for text, number in found.items() if number][:3]
