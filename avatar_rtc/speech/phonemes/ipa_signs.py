"""Sounds and words from timed IPA, where an engine times each sign for itself: "ˈ", "o", "ʊ", "ː", " "."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from avatar_rtc.speech.voices.gapless import Span

_STRESS = "ˈˌ"
_TIES = "\u035c\u0361"
_WORD_GAP_S = 0.080
"""A gap between words that is shorter is no pause: the mouth goes on from word to word."""


@dataclass(frozen=True)
class Sounds:
    """What the signs come to."""

    spans: tuple[Span, ...]
    words: tuple[tuple[float, float], ...]
    """Start and end in s of what stands between spaces and punctuation."""


def read_signs(signs: Iterable[tuple[str, float, float]], rests: str = "") -> Sounds:
    """The sounds of signs that come with their start and end in s.

    Stress joins the letter after it; length, tones and diacritics join the one before. Spaces and punctuation
    are pauses, but a short gap between words goes to the sound before it.

    >>> read_signs([("h", 0, 1), ("ˈ", 1, 2), ("i", 2, 3), ("ː", 3, 4), (".", 4, 6)])
    Sounds(spans=((0, 1, 'h'), (1, 4, 'ˈiː'), (4, 6, '')), words=((0, 4),))

    Args:
        rests: more signs that are pauses.
    """
    spans: list[Span] = []
    words: list[tuple[float, float]] = []
    stress, begin = "", 0.0
    in_word = tied = False
    for sign, start, end in signs:
        if sign in _STRESS:
            stress, begin = sign, start
        elif _is_letter(sign) and not tied:
            spans.append((begin if stress else start, end, stress + sign))
            if in_word:
                words[-1] = (words[-1][0], end)
            else:
                words.append((spans[-1][0], end))
            stress, in_word = "", True
        elif in_word and sign not in rests and not _is_rest(sign):
            stress, tied = "", sign in _TIES
            spans[-1] = (spans[-1][0], end, unicodedata.normalize("NFC", spans[-1][2] + sign))
            words[-1] = (words[-1][0], end)
        else:
            if in_word and sign.isspace() and end - start < _WORD_GAP_S:
                spans[-1] = (spans[-1][0], end, spans[-1][2])
            else:
                spans.append((start, end, ""))
            stress, in_word, tied = "", False, False
    return Sounds(tuple(spans), tuple(words))


def _is_letter(sign: str) -> bool:
    kind = unicodedata.category(sign[0])
    return kind[0] == "L" and kind != "Lm"


def _is_rest(sign: str) -> bool:
    return unicodedata.category(sign[0])[0] in "PZC"
