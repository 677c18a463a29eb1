"""The eleven kinds of sound that lips and ears can tell apart, and which kind each phoneme is."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.face.visemes import MARKS_ALONE, is_burst, shapes_of
from avatar_rtc.speech.phonemes.features import HOP_S
from avatar_rtc.speech.spoken import TimedPhoneme

CLASSES = ("sil", "PP", "FF", "S", "CH", "D", "A", "E", "I", "O", "U")
"""Silence; p b m; f v; s z θ ð; ʃ ʒ and affricates; all other consonants; five vowels, E with schwas and U
with w."""
CLASS_IPA = ("", "b", "f", "s", "ʃ", "d", "ɑ", "ɛ", "i", "o", "u")
"""A sound that stands for each class in `avatar_rtc.face.visemes`; none is a voiceless stop, whose lips close
before its time."""
SILENCE, CLOSED = CLASSES.index("sil"), CLASSES.index("PP")

LIPS_LEAD_S = 0.036
"""Lips and tongue close so long before the burst of p, t and k, which is where espeak dates them."""
_FIRST_SHARE = 0.55
"""Of a diphthong's time, as in `avatar_rtc.face.visemes`."""

_ROWS = {
    "PP": "p b m ɓ ʙ ʘ",
    "FF": "f v ɸ β ʋ ɱ ⱱ",
    "S": "s z θ ð ts dz ʦ ʣ",
    "CH": "ʃ ʒ tʃ dʒ ɕ ʑ tɕ dʑ ʂ ʐ tʂ ʧ ʤ ʨ ʥ ɧ S Z tS dZ",
    "D": "t d n ɲ ŋ k ɡ g l ɫ ʎ ɹ r ʁ ɾ ɽ ɻ ʀ j ɥ h ɦ ħ x ɣ ç χ q ʔ c ɟ ɰ ɴ ʈ ɖ ɳ ɭ ɬ ʝ ʕ "
    "ɮ ʟ ɺ ɢ ɗ ǀ ǃ ǂ ǁ ɠ ʛ ʄ ʡ ʢ ʜ",
    "A": "ɑ a ä ʌ ɐ æ",
    "E": "ɛ e ε ə ᵊ ɚ ɘ ɤ ɜ ɝ ɞ œ ø ɵ",
    "I": "i ɪ ᵻ ɨ",
    "O": "o ɔ ɒ ɶ",
    "U": "u ʉ y ʊ ʏ ɯ w ʍ",
}
_OF_SYMBOL = {symbol: CLASSES.index(name) for name, row in _ROWS.items() for symbol in row.split()}
_UNKNOWN = CLASSES.index("E")
"""Sounds that nobody knows have the lips of a schwa."""


def classes_of(ipa: str) -> tuple[tuple[int, float], ...]:
    """The classes of a phoneme, as indices of CLASSES, and the share of its time that each takes.

    >>> [(CLASSES[number], share) for number, share in classes_of("ˈaɪ")]
    [('A', 0.55), ('I', 0.45)]
    >>> classes_of("tʃ"), classes_of("")
    (((4, 1.0),), ((0, 1.0),))
    """
    if not ipa.strip():
        return ((SILENCE, 1.0),)
    alone = MARKS_ALONE.get(ipa.strip("ˈˌ"), "")
    found = list(_symbols(unicodedata.normalize("NFD", ipa))) or [_OF_SYMBOL.get(alone, _UNKNOWN)]
    if len(found) == 1:
        return ((found[0], 1.0),)
    rest = round((1 - _FIRST_SHARE) / (len(found) - 1), 6)
    return ((found[0], _FIRST_SHARE), *((number, rest) for number in found[1:]))


def opening_of(ipa: str) -> float:
    """How far a sound opens the mouth: the sum of its morphs in `face.visemes`, less what is closed.

    >>> opening_of("b"), opening_of("ɑ") > opening_of("d") > 0
    (0.0, True)
    """
    return sum(sum(shape.weights) * (1 - shape.closure) * share for shape, share in shapes_of(ipa))


def class_runs(phonemes: Iterable[TimedPhoneme]) -> list[tuple[float, float, int]]:
    """Start and end in s, and class, of every part of every phoneme, in order."""
    runs = []
    for phoneme in phonemes:
        start = phoneme.start
        for number, share in classes_of(phoneme.ipa):
            end = start + share * (phoneme.end - phoneme.start)
            runs.append((start, end, number))
            start = end
    return runs


def class_numbers(phonemes: Iterable[TimedPhoneme], rows: int) -> NDArray[np.int64]:
    """(rows,) the class, as an index of CLASSES, in the middle of every 10 ms; the last goes on for ever.

    Raises:
        ValueError: no phonemes.
    """
    _, ends, numbers = zip(*class_runs(phonemes), strict=True)
    middles = (np.arange(rows) + 0.5) * HOP_S
    return np.array(numbers, np.int64)[np.searchsorted(ends[:-1], middles, side="right")]


def with_closures(phonemes: Iterable[TimedPhoneme]) -> tuple[TimedPhoneme, ...]:
    """The phonemes of espeak with p, t and k from where the lips or the tongue close.

    What comes before gives them the time, at most half of its own.
    """
    found: list[TimedPhoneme] = []
    for phoneme in phonemes:
        if found and is_burst(phoneme.ipa):
            before = found[-1]
            start = max(phoneme.start - LIPS_LEAD_S, (before.start + before.end) / 2)
            found[-1] = replace(before, end=start)
            phoneme = replace(phoneme, start=start)
        found.append(phoneme)
    return tuple(found)


def _symbols(ipa: str) -> Iterator[int]:
    at = 0
    while at < len(ipa):
        length = 2 if ipa[at : at + 2] in _OF_SYMBOL else 1
        number = _OF_SYMBOL.get(ipa[at : at + length])
        if number is not None:
            yield number
        at += length
