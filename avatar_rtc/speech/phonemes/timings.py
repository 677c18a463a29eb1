"""Times a caller gives for its own sound: phonemes, words or mouth shapes, in ms from the first sample.

[{"t": 0, "d": 80, "ph": "ˈoʊ"}, {"t": 0, "d": 240, "w": "Over"}, {"t": 80, "d": 60, "v": "PP"}]
"""

import math
from collections import deque
from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, FailFast, Field, model_validator

from avatar_rtc.errors import UnknownName
from avatar_rtc.face.visemes import OWN, VISEME_NAMES, ipa_of_viseme
from avatar_rtc.speech.spoken import TimedPhoneme, TimedWord
from avatar_rtc.speech.voices.gapless import gapless

MAX_UNITS = 50_000
"""Half an hour of fast speech has 30,000 phonemes and 7,000 words."""
MAX_WORDS_PER_S = 20
MAX_SUBTITLE = 16_000
"""Characters of one subtitle."""
_OWN_IPA = dict(zip((*OWN, "closed"), ("ɑ", "i", "u", "e", "o", "ə", "p"), strict=True))


class Unit(BaseModel):
    """One timed thing: exactly one of a phoneme, a word and a mouth shape."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    t: float = Field(ge=0)
    """Where it begins, in ms."""
    d: float = Field(ge=0)
    """How long it lasts, in ms."""
    ph: str | None = Field(None, max_length=16)
    """IPA, with its stress mark; "" is a pause."""
    w: str | None = Field(None, max_length=200)
    v: str | None = Field(None, max_length=40)
    """A name of `visemes.VISEME_NAMES`."""

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if sum(value is not None for value in (self.ph, self.w, self.v)) != 1:
            raise ValueError("give one of 'ph', 'w' and 'v'")
        if self.v is not None and self.v.removeprefix("mouth_") not in VISEME_NAMES:
            raise ValueError(str(UnknownName("viseme", self.v, VISEME_NAMES)))
        return self

    @property
    def ipa(self) -> str:
        """The sound it stands for."""
        if self.v is None:
            return self.ph or ""
        own = self.v.removeprefix("mouth_")
        return _OWN_IPA[own] if own in _OWN_IPA else ipa_of_viseme(self.v)


Units = Annotated[list[Unit], Field(max_length=MAX_UNITS), FailFast()]
"""The first complaint is all that is told: to look for 40,000 took 16 s of a processor."""


class Timed:
    """Timings of one sound, to be asked for stretch by stretch."""

    def __init__(self, units: Sequence[Unit]) -> None:
        in_order = sorted(units, key=lambda unit: unit.t)
        self._sounds = deque(unit for unit in in_order if unit.w is None)
        self._words = deque(unit for unit in in_order if unit.w)

    def between(
        self, begin: float, end: float
    ) -> tuple[tuple[TimedPhoneme, ...], tuple[TimedWord, ...], str]:
        """Phonemes without gaps, words that begin there, and the text they make up; in s from `begin`.

        To be asked for stretches one after the other. A sound that goes on is in both; words beyond
        MAX_WORDS_PER_S or MAX_SHOWN are left out, for nobody could follow them.
        """
        sounds: list[Unit] = []
        while self._sounds and self._sounds[0].t < end * 1000:
            sounds.append(self._sounds.popleft())
        phonemes = gapless(
            ((u.t / 1000 - begin, (u.t + u.d) / 1000 - begin, u.ipa) for u in sounds), end - begin
        )
        # The one that goes on is the last that ends behind; what begins before it is cut off by it anyhow.
        if sounds and sounds[-1].t + sounds[-1].d > end * 1000:
            self._sounds.appendleft(sounds[-1])
        return phonemes, *self._text(begin, end)

    def _text(self, begin: float, end: float) -> tuple[tuple[TimedWord, ...], str]:
        most = math.ceil(MAX_WORDS_PER_S * (end - begin))
        words: list[TimedWord] = []
        shown: list[str] = []
        length = 0
        while self._words and self._words[0].t < end * 1000:
            unit = self._words.popleft()
            if len(words) == most or length > MAX_SUBTITLE:
                continue
            word, at = unit.w or "", length + bool(length)
            start = max(0.0, unit.t / 1000 - begin)
            words.append(TimedWord(start, start + unit.d / 1000, at, at + len(word)))
            shown.append(word)
            length = at + len(word)
        return tuple(words), " ".join(shown)
