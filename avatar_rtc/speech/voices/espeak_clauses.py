"""What espeak holds at once, and a text with enough pauses in it that nothing is lost.

Measured on espeak-ng 1.52 in 28 languages. It reads a text by clauses. A clause has 800 bytes, after a Hangul
syllable became its three letters (9 bytes) and a Chinese character got a space (4 bytes), and 1,000 phonemes.
A word has 132 phonemes. What is beyond is dropped, and nothing is told. So a comma is put where a clause
would grow too long, and a space into a word.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

from avatar_rtc.speech.languages.borders import last_border, may_cut
from avatar_rtc.speech.languages.scripts import HAN, script_of
from avatar_rtc.speech.ssml import PART

CLAUSE_WEIGHT = 560
"""Of 800 bytes, so that numbers and letters that are spelled have room."""
WORD_LENGTH = 50
"""Letters; no script has more than two phonemes for one."""
COMMA = "、"
"""A comma in every voice, and needs no space around it."""

_CLAUSE_END = re.compile(r"[,;:!?](?=\s)|[、。，！？；：।॥،؛؟።፣፤]|\n\s*\n")
_HANGUL, _HAN, _DIGIT, _CAPITAL = 9, 4, 6, 4
_WORDS_INSIDE = (HAN, "THAI", "MYANMAR")
"""Scripts whose words espeak finds in a row of letters: a space in them would part a word."""


@dataclass(frozen=True)
class PausedText:
    """A text with signs put into it."""

    text: str
    added: tuple[int, ...] = field(repr=False)
    """Where they are in it, in order."""

    def index(self, at: int) -> int:
        """Where a sign of it was before."""
        return at - bisect_left(self.added, at)


def with_pauses(text: str, share: float = 1.0, ssml: bool = False) -> PausedText:
    """The text as espeak can hold it.

    Args:
        share: of what it holds, for a text that it loses something of nevertheless.
        ssml: whether `<…>` is markup, which stays whole.
    """
    cuts = [*_cuts_of_words(text, int(WORD_LENGTH * share), ssml)]
    cuts += _cuts_of_clauses(text, CLAUSE_WEIGHT * share, ssml)
    pieces, added, last, length = [], [], 0, 0
    for at, sign in sorted({at: sign for at, sign in cuts}.items()):
        pieces += [text[last:at], sign]
        length += at - last
        added.append(length)
        length, last = length + 1, at
    return PausedText("".join([*pieces, text[last:]]), tuple(added))


def _cuts_of_words(text: str, most: int, ssml: bool) -> Iterator[tuple[int, str]]:
    for begin, end in _unmarked(text, ssml):
        start = begin
        for at in range(begin, end + 1):
            if at < end and script_of(text[at]) and script_of(text[at]) not in _WORDS_INSIDE:
                if at - start >= most and may_cut(text, at):
                    start = last_border(text, start + most // 2, at)
                    yield start, " "
            elif at == end or unicodedata.category(text[at]) not in ("Mn", "Mc", "Cf"):
                start = at + 1


def _cuts_of_clauses(text: str, most: float, ssml: bool) -> Iterator[tuple[int, str]]:
    marks = {at for begin, end in _marked(text, ssml) for at in range(begin + 1, end)}
    ends = {match.end() for match in _CLAUSE_END.finditer(text)} - marks
    start, weight, space = 0, 0.0, None
    at = 0
    while at < len(text):
        if at in ends:
            start, weight, space = at, 0.0, None
        if at not in marks and text[at].isspace() and at > start and _is_word_end(text[at - 1]):
            space = at
        weight += 0 if at in marks else _weight(text[at])
        is_full = weight > most and at not in marks and at > start
        if is_full and (space is not None or may_cut(text, at)):
            cut = space if space is not None else last_border(text, start + max(1, (at - start) // 2), at)
            yield cut, COMMA
            start, weight, space = cut, 0.0, None
            at = cut
            if text[at].isspace():
                at += 1
            continue
        at += 1


def _is_word_end(sign: str) -> bool:
    """True if a comma behind it is heard as one: behind a full stop it would be spelled."""
    return sign.isalnum() or unicodedata.category(sign) in ("Mn", "Mc")


def _weight(sign: str) -> int:
    script = script_of(sign)
    if script == "HANGUL":
        return _HANGUL if sign >= "\uac00" else 3
    if script == HAN:
        return _HAN
    if sign.isdigit():
        return _DIGIT
    return _CAPITAL if sign.isupper() else len(sign.encode("utf-8", "replace"))


def _marked(text: str, ssml: bool) -> list[tuple[int, int]]:
    return [part.span() for part in PART.finditer(text)] if ssml else []


def _unmarked(text: str, ssml: bool) -> Iterator[tuple[int, int]]:
    last = 0
    for begin, end in _marked(text, ssml):
        yield last, begin
        last = end
    yield last, len(text)
