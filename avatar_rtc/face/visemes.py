"""How each sound looks on the six mouth morphs, and the names other systems have for mouth shapes.

The table and its numbers: lips of drawn characters have vowel shapes only, so a consonant is a small opening,
a rounding, or a closure that multiplies the mouth away. The six numbers of a sound sum to 1 at most: their
sum is how open it is, their mixture how it looks. A pure `iii` or `uuu` draws a tenth or a fifth of `aaa`, so
sounds like them have some `eee` or `ooo`. `dominance` says how much a sound insists on its shape against its
neighbours (Cohen and Massaro's coarticulation).
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated

from avatar_rtc.errors import UnknownName
from avatar_rtc.face.pose import MOUTH_OPEN
from avatar_rtc.face.ranges import Ranges


@dataclass(frozen=True)
class MouthShape:
    """The lips of one sound."""

    weights: tuple[float, ...] = (0.0,) * len(MOUTH_OPEN)
    """aaa, iii, uuu, eee, ooo, delta, each in [0, 1]."""
    closure: float = 0.0
    """How shut the lips are, whatever the neighbours do; [0, 1]."""
    dominance: float = 1.0
    is_rounded: bool = False
    """Lips that start early and let go late."""

    @property
    def is_vowel(self) -> bool:
        """True for sounds that may carry the stress of a word."""
        return max(self.weights) >= 0.35 and self.closure == 0 and 0.6 <= self.dominance <= 1.8


def _shape(*weights: float, c: float = 0.0, d: float = 1.0, r: bool = False) -> MouthShape:
    return MouthShape(tuple(weights), c, d, r)


#                     aaa  iii  uuu  eee  ooo  delta
_ROWS: dict[str, MouthShape] = {
    "ɑ a ä ɑ̃ aː": _shape(1.00, 0.00, 0.00, 0.00, 0.00, 0.00, d=1.8),
    "ʌ ɐ": _shape(0.90, 0.00, 0.00, 0.00, 0.00, 0.05, d=1.3),
    "æ": _shape(0.80, 0.00, 0.00, 0.20, 0.00, 0.00, d=1.6),
    "ɛ e ε ɛ̃ ẽ": _shape(0.10, 0.10, 0.00, 0.75, 0.00, 0.00, d=1.4),
    "ə ᵊ ɚ ɘ ɤ": _shape(0.45, 0.00, 0.00, 0.05, 0.00, 0.15, d=0.6),
    "ɜ ɝ ɞ œ ø ɵ œ̃": _shape(0.00, 0.00, 0.00, 0.00, 0.65, 0.20, d=1.2),
    "i": _shape(0.00, 0.50, 0.00, 0.50, 0.00, 0.00, d=1.3),
    "ɪ ᵻ ɨ": _shape(0.05, 0.30, 0.00, 0.55, 0.00, 0.00, d=1.0),
    "u ʉ y": _shape(0.00, 0.00, 0.60, 0.00, 0.40, 0.00, d=1.5, r=True),
    "ʊ ʏ": _shape(0.00, 0.00, 0.40, 0.00, 0.40, 0.00, d=1.1, r=True),
    "ɯ": _shape(0.00, 0.15, 0.60, 0.00, 0.15, 0.00, d=1.0),
    "o ɔ̃ õ": _shape(0.00, 0.00, 0.00, 0.00, 1.00, 0.00, d=1.7, r=True),
    "ɔ": _shape(0.25, 0.00, 0.00, 0.00, 0.75, 0.00, d=1.7, r=True),
    "ɒ ɶ": _shape(0.50, 0.00, 0.00, 0.00, 0.50, 0.00, d=1.6),
    "w ɥ ʍ": _shape(0.00, 0.00, 0.65, 0.00, 0.20, 0.00, d=2.0, r=True),
    "j": _shape(0.00, 0.40, 0.00, 0.30, 0.00, 0.00, d=0.7),
    "p b m ɓ ʙ ʘ": _shape(0.00, 0.00, 0.00, 0.00, 0.00, 0.00, c=1.0, d=8.0),
    "f v ɸ β ʋ ɱ ⱱ": _shape(0.00, 0.20, 0.00, 0.15, 0.00, 0.00, c=0.6, d=4.0),
    "ʃ ʒ tʃ dʒ ɕ ʑ tɕ dʑ ʂ ʐ tʂ ʧ ʤ ʨ ʥ ɧ S Z tS dZ": _shape(
        0.00, 0.00, 0.25, 0.00, 0.40, 0.00, d=2.0, r=True
    ),
    "s z ts dz ʦ ʣ": _shape(0.00, 0.30, 0.00, 0.12, 0.00, 0.00, d=0.8),
    "θ ð": _shape(0.10, 0.00, 0.00, 0.30, 0.00, 0.10, d=0.8),
    "ɹ r ʁ ɾ ɽ ɻ ʀ ɺ": _shape(0.05, 0.00, 0.15, 0.00, 0.35, 0.00, d=0.6),
    "l ɫ ɭ ʎ ɬ ɮ ʟ": _shape(0.14, 0.00, 0.00, 0.26, 0.00, 0.00, d=0.6),
    "t d n ɲ ʈ ɖ ɳ ɗ ǀ ǃ ǂ ǁ": _shape(0.05, 0.05, 0.00, 0.22, 0.00, 0.00, d=0.5),
    "k ɡ g ŋ x ɣ ç χ q ʔ c ɟ ɰ ɴ ɢ ɠ ʛ ʄ ʝ ʕ ʡ ʢ ʜ": _shape(0.25, 0.00, 0.00, 0.00, 0.00, 0.08, d=0.25),
    "h ɦ ħ": _shape(0.00, 0.00, 0.00, 0.00, 0.00, 0.00, d=0.2),
}
SHAPE_OF_IPA: Mapping[str, MouthShape] = {
    symbol: shape for row, shape in _ROWS.items() for symbol in row.split()
}
"""Sounds whose lips are known; see `shapes_of` for what is made of them."""
REST = MouthShape(dominance=2.0)
"""A pause: the mouth is the emotion's. It insists, or lips would part long before the first sound."""
BREATH = ("h", "ɦ", "ħ")
"""Sounds that have the lips of the vowel that follows, 0.6 of it."""

_STRESS = 1.1
_UNSTRESSED = 0.85
_FIRST_SHARE = 0.55
"""Of a diphthong's time."""
_MARKS = re.compile('[ˈˌːˑ.|‖\u0300-\u036fʰʷʲˠˤᵝⁿˡ˞ʼ0-9_:#^`"\\[?-]')
"""Stress, length, all diacritics, and what espeak has for them where it knows no IPA."""
MARKS_ALONE: Mapping[str, str] = {"ʲ": "j", "ⁿ": "n", "ʷ": "w", "ʰ": "h"}
"""Marks that espeak dates as sounds of their own, and the sounds they are then."""
_LONGEST = max(map(len, SHAPE_OF_IPA))


def shapes_of(ipa: str) -> list[tuple[MouthShape, float]]:
    """The lips of a phoneme and the share of its time each takes; one but for diphthongs and clusters.

    Stress makes a vowel larger, its lack smaller. Sounds that nobody knows are given the lips of a schwa.

    >>> [(round(shape.weights[0], 3), round(share, 2)) for shape, share in shapes_of("ˈaɪ")]
    [(1.0, 0.55), (0.055, 0.45)]
    >>> shapes_of("")[0][0] is REST
    True
    """
    bare = _MARKS.sub("", unicodedata.normalize("NFD", ipa))
    if not ipa.strip():
        return [(REST, 1.0)]
    alone = MARKS_ALONE.get(ipa.strip("ˈˌ"), "ə")
    sounds = [SHAPE_OF_IPA[symbol] for symbol in _symbols(bare)] or [SHAPE_OF_IPA[alone]]
    scale = _STRESS if "ˈ" in ipa else 1.0 if "ˌ" in ipa else _UNSTRESSED
    scaled = [_scaled(shape, scale) if shape.is_vowel else shape for shape in sounds]
    if len(scaled) == 1:
        return [(scaled[0], 1.0)]
    rest = (1 - _FIRST_SHARE) / (len(scaled) - 1)
    return [(shape, _FIRST_SHARE if i == 0 else rest) for i, shape in enumerate(scaled)]


def is_breath(ipa: str) -> bool:
    """True for sounds that have the lips of the vowel after them."""
    return _MARKS.sub("", ipa) in BREATH


def is_burst(ipa: str) -> bool:
    """True for voiceless stops, whose event in espeak is the burst: their lips close 36 ms before it."""
    return _MARKS.sub("", ipa) in ("p", "t", "k")


def _symbols(bare: str) -> Iterator[str]:
    at = 0
    while at < len(bare):
        for length in range(_LONGEST, 0, -1):
            if bare[at : at + length] in SHAPE_OF_IPA:
                yield bare[at : at + length]
                at += length
                break
        else:
            at += 1  # a sign that is no sound of its own


def _scaled(shape: MouthShape, by: float) -> MouthShape:
    return replace(shape, weights=tuple(min(1.0, w * by) for w in shape.weights))


_OVR = dict(
    sil="", PP="p", FF="f", TH="θ", DD="t", kk="k", CH="ʃ", SS="s", nn="n", RR="ɹ",
    aa="ɑ", E="ɛ", ih="ɪ", oh="o", ou="u",
)  # fmt: skip
_AZURE = dict(enumerate(", æ, ɑ, ɔ, ɛ, ɝ, j, w, o, aʊ, ɔɪ, aɪ, h, ɹ, l, s, ʃ, θ, f, t, k, p".split(", ")))
_VOICEVOX = dict(a="a", i="i", u="ɯ", e="e", o="o", N="n", cl="", pau="")
"""Its capitals are unvoiced vowels."""
_VOICEVOX |= {vowel.upper(): ipa for vowel, ipa in _VOICEVOX.items() if vowel in "aiueo"}

_NAMED: dict[str, str] = {
    **_VOICEVOX,
    **_OVR,
    **{f"azure_{number}": ipa for number, ipa in _AZURE.items()},
    **{f"viseme_{name}": ipa for name, ipa in _OVR.items()},
}
OWN = tuple(name.removeprefix("mouth_") for name in MOUTH_OPEN)
VISEME_NAMES = (*OWN, "closed", *_NAMED)
"""Every mouth shape that can be asked for by name: ours, OVR's 15 (also as `viseme_PP`), VOICEVOX's, and
`azure_0` … `azure_21`."""
VisemeWeights = Annotated[
    dict[str, float], Ranges("viseme", dict.fromkeys((*VISEME_NAMES, *MOUTH_OPEN), (0.0, 1.0)))
]
"""Mouth shape → weight in [0, 1]; our own come with and without `mouth_`."""


def ipa_of_viseme(name: str) -> str:
    """The sound a named mouth shape stands for.

    >>> ipa_of_viseme("PP"), ipa_of_viseme("azure_21"), ipa_of_viseme("viseme_aa")
    ('p', 'p', 'ɑ')

    Raises:
        UnknownName: no such shape, or one of our own, which is no sound; names the nearest.
    """
    if name not in _NAMED:
        raise UnknownName("viseme", name, VISEME_NAMES)
    return _NAMED[name]


@dataclass(frozen=True)
class NamedMouth:
    """What weighted named shapes ask of a mouth."""

    morphs: Mapping[str, float]
    """Mouth morph → value in (0, 1], of our own names: taken as it is."""
    sounds: Mapping[str, float]
    """Mouth morph → openness in (0, 1], of names that stand for a sound. How far a face is moved for it is
    its own affair, see `face.opening`."""
    closed: float
    """How shut the lips are, whatever the rest asks; [0, 1]."""


def named_mouth(visemes: Mapping[str, float]) -> NamedMouth:
    """What these weights ask of a mouth; what is 0 is not named.

    >>> named_mouth({"aaa": 0.8, "PP": 0.5})
    NamedMouth(morphs={'mouth_aaa': 0.8}, sounds={}, closed=0.5)

    Raises:
        UnknownName: as `ipa_of_viseme`; our own names come with and without `mouth_`.
    """
    morphs, sounds = (dict.fromkeys(MOUTH_OPEN, 0.0) for _ in range(2))
    closed = 0.0
    for name, weight in visemes.items():
        if (own := name.removeprefix("mouth_")) in OWN:
            morphs[f"mouth_{own}"] += weight
        elif name == "closed":
            closed = max(closed, weight)
        else:
            for shape, share in shapes_of(ipa_of_viseme(name)):
                closed = max(closed, weight * shape.closure)
                for morph, value in zip(MOUTH_OPEN, shape.weights, strict=True):
                    sounds[morph] += weight * share * value
    return NamedMouth(_shown(morphs), _shown(sounds), closed)


def _shown(values: Mapping[str, float]) -> dict[str, float]:
    return {morph: min(1.0, value) for morph, value in values.items() if value}
