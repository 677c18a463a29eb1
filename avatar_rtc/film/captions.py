"""Captions of what is said: two lines of 42 columns at most, cut where one may breathe, timed by the words.

A wide letter, as of Chinese, takes two columns.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from avatar_rtc.server.live.voice.utterance import Piece
from avatar_rtc.speech.spoken import TimedWord

COLUMNS, LINES = 42, 2
_CLAUSE = ".!?…,;:—–。！？、，；：．।؟،؛"
_NOT_FIRST = "。！？、，；：．」』）】〉》ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ.!?…,;:)]}’”%"
_NOT_LAST = "「『（【〈《([{‘“"
_FULL_ENOUGH = 0.45
"""Of a caption, that may end with a clause."""
_FOR_A_CLAUSE = 16
"""Columns by which lines may differ more where the first ends with a clause."""
_TOKEN = re.compile(r"\s*\S+")


@dataclass(frozen=True)
class Caption:
    """What is read while it is heard."""

    begin: float
    """Seconds from the first picture."""
    end: float
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines)


def captions_of(piece: Piece, begin: float) -> list[Caption]:
    """The captions of a piece that is heard from second `begin` on; none overlaps another."""
    spans = list(_spans(piece.shown))
    times = [begin, *(begin + _time_of(at, piece) for at, _ in spans[1:]), begin + piece.seconds]
    return [
        Caption(start, end, wrapped(piece.shown[at:stop].strip()))
        for (at, stop), start, end in zip(spans, times, times[1:], strict=False)
        if end > start
    ]


def webvtt(captions: Iterable[Caption]) -> str:
    """A file of WebVTT (W3C): times, and texts in which nothing is taken for a tag.

    >>> print(webvtt([Caption(0.5, 61.25, ("1 < 2 & 3", "so"))]))
    WEBVTT
    <BLANKLINE>
    00:00:00.500 --> 00:01:01.250
    1 &lt; 2 &amp; 3
    so
    <BLANKLINE>
    """
    cues = (
        f"{_clock(caption.begin)} --> {_clock(max(caption.end, caption.begin + 0.001))}\n"
        f"{_escaped(caption.text)}\n"
        for caption in captions
    )
    return "\n".join(["WEBVTT\n", *cues])


def columns_of(text: str) -> int:
    """How wide a text is, in columns.

    >>> columns_of("añ日本")
    6
    """
    return sum(_width(letter) for letter in text)


def wrapped(text: str) -> tuple[str, ...]:
    """One line if it fits, else two about as long as each other, more where two do not hold it."""
    whole = " ".join(text.split())
    if columns_of(whole) <= COLUMNS:
        return (whole,)
    words = _words(text)
    cuts = [("".join(words[:at]).strip(), "".join(words[at:]).strip()) for at in range(1, len(words))]
    pairs = [pair for pair in cuts if max(map(columns_of, pair)) <= COLUMNS]
    if pairs:
        return tuple(" ".join(line.split()) for line in min(pairs, key=_unevenness))
    return _filled(words, COLUMNS)


def _unevenness(pair: tuple[str, str]) -> float:
    """Columns by which two lines differ; fewer where the first ends with a clause."""
    first, second = pair
    return abs(columns_of(first) - columns_of(second)) - (_FOR_A_CLAUSE if first[-1] in _CLAUSE else 0)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Where the captions of a text lie in it."""
    begin = at = 0
    breath = 0
    for word in _words(text):
        end = at + len(word)
        if at > begin and len(wrapped(text[begin:end].strip())) > LINES:
            cut = breath if breath > begin else at
            yield begin, cut
            begin, breath = cut, 0
        at = end
        is_full = columns_of(text[begin:end]) >= _FULL_ENOUGH * COLUMNS * LINES
        if is_full and word[-1] in _CLAUSE:
            breath = end
    if text[begin:].strip():
        yield begin, len(text)


def _words(text: str) -> list[str]:
    """What lines may be cut between, with the spaces before: words, and each wide letter."""
    found: list[str] = []
    for token in _TOKEN.findall(text):
        for letter in token:
            goes_on = not found or letter in _NOT_FIRST or found[-1][-1] in _NOT_LAST or _is_mark(letter)
            cuts = _width(letter) == 2 or (found and _width(found[-1][-1]) == 2)
            if letter.isspace() and found and not found[-1][-1].isspace():
                found.append(letter)
            elif found and (goes_on or not cuts or found[-1].isspace()) and len(found[-1]) < COLUMNS:
                found[-1] += letter
            else:
                found.append(letter)
    return found


def _filled(words: Sequence[str], width: int) -> tuple[str, ...]:
    lines: list[str] = []
    line = ""
    for word in words:
        if line and columns_of((line + word).strip()) > width:
            lines.append(line)
            line = ""
        line += word
    return tuple(" ".join(line.split()) for line in [*lines, line])


def _time_of(at: int, piece: Piece) -> float:
    """Seconds from the first sample of a piece until the words from `shown[at]` on are heard."""
    here = piece.shown[at:]
    begin = at + len(here) - len(here.lstrip())
    word: TimedWord | None = next((word for word in piece.words if word.stop > begin), None)
    return word.start if word is not None else piece.seconds * at / max(1, len(piece.shown))


def _width(letter: str) -> int:
    if _is_mark(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _is_mark(letter: str) -> bool:
    return unicodedata.category(letter) in ("Mn", "Me", "Cf")


def _clock(seconds: float) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
