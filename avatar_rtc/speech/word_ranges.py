"""Which characters of a text the words of an engine are.

Engines tell where a word begins, or how it is spelled, and are often a little wrong: they say "42" as two
words and count the second as a character, leave out the end of "don't", and stop at punctuation or not.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence

from avatar_rtc.speech.spoken import TimedWord

Range = tuple[int, int]
"""`text[begin:stop]`."""

# Han, kana, Thai, Lao, Myanmar and Khmer: a word may begin anywhere in a row of letters.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_LETTER = rf"[^\W{_UNSPACED}]"
_REACH = 100
"""How far ahead a word is looked for, so that one that is not there does not eat all the others."""
_ENTITY = re.compile(r"&#?\w{1,32};")
_WHOLE = re.compile(rf"&#?\w{{1,32}};|\d+(?:[.,:]\d+)+|{_LETTER}+(?:['’]{_LETTER}+)*")
_RUN = re.compile(r"\S+")


def ranges_at(text: str, positions: Sequence[int]) -> list[Range | None]:
    """The words that begin at these indices; None is another part of the word before it.

    >>> text = "I have 42, don't I?"
    >>> [text[slice(*found)] if found else None for found in ranges_at(text, [0, 2, 7, 8, 11, 17])]
    ['I', 'have', '42', None, "don't", 'I']
    """
    inside = {i: whole.start() for whole in _WHOLE.finditer(text) for i in range(whole.start(), whole.end())}
    runs = [run.span() for run in _RUN.finditer(text)]
    ends = [end for _, end in runs]
    begins: list[int | None] = []
    last = -1
    for position in positions:
        run = bisect_right(ends, max(position, 0))
        begin = max(position, runs[run][0]) if run < len(runs) else len(text)
        begin = inside.get(begin, begin)
        begins.append(begin if last < begin < len(text) else None)
        last = max(last, begin)
    ranges: list[Range | None] = []
    after = len(text)
    for here in reversed(begins):
        if here is None:
            ranges.append(None)
        else:
            ranges.append(_trimmed(text, here, min(after, ends[bisect_right(ends, here)])))
            after = here
    return ranges[::-1]


def spaced_words(text: str) -> list[Range]:
    """The words between spaces that hold a letter or digit, without the punctuation around them.

    >>> [("«Well» – 3.50, ok?")[slice(*word)] for word in spaced_words("«Well» – 3.50, ok?")]
    ['Well', '3.50', 'ok']
    """
    runs = [_trimmed(text, run.start(), run.end()) for run in _RUN.finditer(text)]
    return [(begin, stop) for begin, stop in runs if any(map(str.isalnum, text[begin:stop]))]


def counted_words(text: str, times: Sequence[tuple[float, float]]) -> tuple[TimedWord, ...]:
    """The words between spaces at these starts and ends, if there are as many; else none.

    >>> counted_words("Oh well.", [(0.0, 0.2), (0.3, 0.5)])[1]
    TimedWord(start=0.3, end=0.5, begin=3, stop=7)
    >>> counted_words("42", [(0.0, 0.2), (0.2, 0.4)])
    ()
    """
    ranges = spaced_words(text)
    if len(ranges) != len(times):
        return ()
    return tuple(TimedWord(*time, *place) for time, place in zip(times, ranges, strict=True))


def ranges_of(text: str, words: Sequence[str]) -> list[Range | None]:
    """Where these words stand in the text, one after the other; None for those that are not there.

    >>> ranges_of("One, two!", ["one", ",", "2", "two"])
    [(0, 3), None, None, (5, 8)]
    """
    ranges: list[Range | None] = []
    at = 0
    for word in words:
        sought = re.escape(word.strip())
        pattern = re.compile(rf"(?<!{_LETTER}){sought}(?!{_LETTER})", re.IGNORECASE)
        found = pattern.search(text, at, at + _REACH) if any(map(str.isalnum, word)) else None
        ranges.append(found.span() if found else None)
        at = found.end() if found else at
    return ranges


def _trimmed(text: str, begin: int, stop: int) -> Range:
    """Without punctuation at both ends; its first sign where there is nothing else."""
    start, end = begin, stop
    while start < end and _is_punctuation(text[start]) and not _ENTITY.match(text, start):
        start += 1
    opening = _ENTITY.match(text, start, end)
    whole = opening.end() if opening else start  # an entity is a word, though it ends with a semicolon
    while end > start and end != whole and _is_punctuation(text[end - 1]):
        end -= 1
    return (start, end) if start < end else (begin, begin + 1)


def _is_punctuation(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "PZC"
