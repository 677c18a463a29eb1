"""When each sound and word of hibari is heard, from the number of frames its network gives to each sign.

tokens ("3.50", "θɹˈi dˈɑləɹz …") ──► signs of Kokoro's alphabet ──frames──► sounds, in IPA
   └──────────── words as they are read ("nine thirty") ──laid beside──► words as they are written ("9:30")
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from fractions import Fraction
from itertools import accumulate, pairwise

from avatar_rtc.speech.spoken import TimedWord
from avatar_rtc.speech.word_ranges import Range, spaced_words

HIBARI_PACKAGE = "hibari"
AS_IT_IS = Fraction(1)
"""The size of a speaker who is as the voice is."""
FRAME_S = 0.025
"""600 samples at 24 kHz."""
LAG_S = 0.025
"""The network dates a sound so much later than it is heard: over 30 sentences voicing agrees best with the
signs 50 ms before their time at speed 1, 62 at 0.7 and 12 at 1.4; p, t and k are quietest 25 ms before."""
_OWN_SIGNS = {
    "A": "eɪ", "I": "aɪ", "O": "oʊ", "W": "aʊ", "Y": "ɔɪ", "Q": "əʊ", "T": "ɾ", "ᵊ": "ə",
    "ʤ": "dʒ", "ʧ": "tʃ",
}  # fmt: skip
"""Of Kokoro's alphabet, that are not IPA or not two sounds in it: misaki's EN_PHONES.md."""
_CLAUSE_ENDS = frozenset(",;:—.!?…")

Sign = tuple[str, float, float]
"""A sign, and its start and end in s."""
ReadWord = tuple[str, float, float]
"""A word as it is read, and its start and end in s."""


@dataclass(frozen=True)
class Token:
    """A piece of a text that was read, with the signs it is read as."""

    text: str
    signs: str
    is_spaced: bool
    """Whether a space follows."""


def portions(tokens: Sequence[Token], longest: int) -> list[list[Token]]:
    """The tokens in order, in rows of at most so many signs: at the end of a clause, else between words.

    A word that has more signs alone is cut.
    """
    rows: list[list[Token]] = []
    row: list[Token] = []
    for token in _cut(tokens, longest):
        while row and _length(row) + len(token.signs) + token.is_spaced > longest:
            at = _clause_end(row)
            rows.append(row[:at])
            row = row[at:]
        row.append(token)
    return [*rows, row] if row else rows


def timed_signs(signs: str, frames: Sequence[int], slower: float = 1.0) -> list[Sign]:
    """The signs of a row in IPA with their times.

    >>> [(sign, round(start, 3), round(end, 3)) for sign, start, end in timed_signs("hI", [2, 1, 3])]
    [('h', 0.025, 0.05), ('aɪ', 0.05, 0.125)]

    Args:
        frames: those before the first sign, then those of each sign.
        slower: how many times as long all of it was made.

    Raises:
        ValueError: there are not as many.
    """
    if len(frames) != len(signs) + 1:
        raise ValueError(f"{len(signs)} signs and a pause have {len(frames)} times")
    ends = [max(0.0, slower * (FRAME_S * total - LAG_S)) for total in accumulate(frames)]
    return [
        (_OWN_SIGNS.get(sign, sign), start, end)
        for sign, (start, end) in zip(signs, pairwise(ends), strict=True)
    ]


def read_words(tokens: Sequence[Token], signs: Sequence[Sign]) -> list[ReadWord]:
    """The words of a row, each of the tokens up to a space; those that have no sound are left out.

    Args:
        signs: those of the tokens and of the spaces between them, one for each.
    """
    words: list[ReadWord] = []
    at = 0
    text, begin = "", 0
    for token in tokens:
        text, at = text + token.text, at + len(token.signs)
        if token.is_spaced or token is tokens[-1]:
            heard = [sign for sign in signs[begin:at] if sign[0][0].isalpha() or sign[0] in "ˈˌ"]
            if heard:
                words.append((text, heard[0][1], heard[-1][2]))
            text, at = "", at + token.is_spaced
            begin = at
    return words


def written_words(text: str, read: Sequence[ReadWord]) -> tuple[TimedWord, ...]:
    """The words between spaces in a text, by how it is read.

    What is read as more or fewer words than are written shares their time.

    >>> written_words("At 9:30 sharp", [("At", 0, 1), ("nine", 1, 2), ("thirty", 2, 4), ("sharp", 4, 5)])[1]
    TimedWord(start=1, end=4, begin=3, stop=7)
    """
    ranges = spaced_words(text)
    own = [text[slice(*place)].lower() for place in ranges]
    heard = [_bare(word) for word, _, _ in read]
    words: list[TimedWord] = []
    for kind, i, i_end, j, j_end in SequenceMatcher(None, own, heard, autojunk=False).get_opcodes():
        if kind == "insert" and words:  # more of the word before it
            words[-1] = TimedWord(words[-1].start, read[j_end - 1][2], words[-1].begin, words[-1].stop)
        elif kind != "delete":
            words += _shared(ranges[i:i_end], read[j:j_end])
    return tuple(words)


def _shared(places: Sequence[Range], read: Sequence[ReadWord]) -> Iterator[TimedWord]:
    if len(read) >= len(places):
        for number, place in enumerate(places):
            first = number * len(read) // len(places)
            last = (number + 1) * len(read) // len(places) - 1
            yield TimedWord(read[first][1], read[last][2], *place)
        return
    begin, length = read[0][1], read[-1][2] - read[0][1]
    for number, place in enumerate(places):
        start, end = (begin + length * share / len(places) for share in (number, number + 1))
        yield TimedWord(start, end, *place)


def _cut(tokens: Sequence[Token], longest: int) -> Iterator[Token]:
    for token in tokens:
        for at in range(0, max(1, len(token.signs)), longest):
            is_last = at + longest >= len(token.signs)
            signs = token.signs[at : at + longest]
            yield Token(token.text if not at else "", signs, token.is_spaced and is_last)


def _length(tokens: Sequence[Token]) -> int:
    return sum(len(token.signs) + token.is_spaced for token in tokens)


def _clause_end(row: Sequence[Token]) -> int:
    """After how many tokens a row may end."""
    last = next((i for i in range(len(row), 0, -1) if row[i - 1].text in _CLAUSE_ENDS), 0)
    spaced = next((i for i in range(len(row), 0, -1) if row[i - 1].is_spaced), 0)
    return last or spaced or len(row)


def _bare(word: str) -> str:
    begin, stop = next(iter(spaced_words(word)), (0, len(word)))
    return word[begin:stop].lower()
