"""Times a caller gives for its own sound: phonemes, words or mouth shapes, in ms from the first sample.

[{"t": 0, "d": 80, "ph": "ˈoʊ"}, {"t": 0, "d": 240, "w": "Over"}, {"t": 80, "d": 60, "v": "PP"}]
"""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from avatar_rtc.errors import UnknownName
from avatar_rtc.speech.gapless import gapless
from avatar_rtc.speech.spoken import TimedPhoneme, TimedWord
from avatar_rtc.visemes import NAMES, OWN, ipa_of

_MAX_UNITS = 100_000
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
    """A name of `visemes.NAMES`."""

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if sum(value is not None for value in (self.ph, self.w, self.v)) != 1:
            raise ValueError("give one of 'ph', 'w' and 'v'")
        if self.v is not None and self.v.removeprefix("mouth_") not in NAMES:
            raise ValueError(str(UnknownName("viseme", self.v, NAMES)))
        return self

    @property
    def ipa(self) -> str:
        """The sound it stands for."""
        if self.v is None:
            return self.ph or ""
        own = self.v.removeprefix("mouth_")
        return _OWN_IPA[own] if own in _OWN_IPA else ipa_of(self.v)


Units = Annotated[list[Unit], Field(max_length=_MAX_UNITS)]


def timed(
    units: Sequence[Unit], seconds: float
) -> tuple[tuple[TimedPhoneme, ...], tuple[TimedWord, ...], str]:
    """Phonemes without gaps from 0 to the end of a sound, its words, and the text they make up."""
    in_order = sorted(units, key=lambda unit: unit.t)
    phonemes = gapless(((u.t / 1000, (u.t + u.d) / 1000, u.ipa) for u in in_order if u.w is None), seconds)
    words: list[TimedWord] = []
    text = ""
    for unit in in_order:
        if unit.w:
            begin = len(text) + bool(text)
            text = f"{text} {unit.w}" if text else unit.w
            words.append(TimedWord(unit.t / 1000, (unit.t + unit.d) / 1000, begin, len(text)))
    return phonemes, tuple(words), text
