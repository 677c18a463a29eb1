"""A text by who can read it: where the letters of another script begin and end.

Digits, punctuation and spaces go with the letters beside them.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from avatar_rtc.speech.scripts import GREEK, HAN, LATIN, han_language, language_of, reads, script_of

_OPENING = ("Ps", "Pi")


@dataclass(frozen=True)
class Stretch:
    """`text[begin:end]`, which one voice can read."""

    begin: int
    end: int
    script: str = ""
    """Of its letters; "" if the voice that is asked reads them all, or there are none."""
    language: str = ""
    """What they are in; "" if no language with a voice is written so."""


def stretches(text: str, own: str = "", han: str = "") -> list[Stretch]:
    """All of a text in order, without gaps.

    Args:
        own: the language of the voice that is asked; "" reads everything.
        han: what Han characters were in before this text, as `han_language` takes it.

    >>> text = "Say こんにちは to 3 men."
    >>> [(text[s.begin : s.end], s.language) for s in stretches(text, "en-us")]
    [('Say ', ''), ('こんにちは ', 'ja'), ('to 3 men.', '')]
    """
    found: list[Stretch] = []
    for begin, end, script, language in _runs(text, own, han_language(text, han)):
        last = found[-1] if found else None
        if last and (last.script == script or (last.language and last.language == language)):
            found[-1] = Stretch(last.begin, end, last.script, last.language)
        else:
            found.append(Stretch(begin, end, script, language))
    return found or [Stretch(0, len(text))]


def main_language(text: str) -> str:
    """The language that most letters of a text are in; "" for Latin letters, and for none."""
    han = han_language(text)
    scripts = Counter(script for sign in text if (script := script_of(sign)))
    if not scripts:
        return ""
    script = scripts.most_common(1)[0][0]
    return "" if script == LATIN else language_of(script, text, han=han)


def has_foreign_letters(text: str) -> bool:
    """True if it has letters that are not Latin."""
    return not text.isascii() and any(script_of(sign) not in ("", LATIN) for sign in text)


def has_han(text: str) -> bool:
    """True if there are Chinese characters in it."""
    return any(script_of(sign) == HAN for sign in text)


def _runs(text: str, own: str, han: str) -> Iterator[tuple[int, int, str, str]]:
    """Begin, end, script and language of letters of one script, each with the signs around it."""
    letters = [(at, script) for at, sign in enumerate(text) if (script := script_of(sign))]
    begin = 0
    for number, (at, script) in enumerate(letters):
        following = letters[number + 1] if number + 1 < len(letters) else (len(text), "")
        if following[1] == script:
            continue
        end = _between(text, at + 1, following[0])
        yield begin, end, *_reader(text, begin, end, script, own, han)
        begin = end


def _between(text: str, begin: int, end: int) -> int:
    """Where in signs without letters the next stretch begins: behind the space, before what opens."""
    if end == len(text):
        return end
    for at in range(begin, end):
        if text[at].isspace():
            while at < end and text[at].isspace():
                at += 1
            return at
        if unicodedata.category(text[at]) in _OPENING:
            return at
    return end


def _reader(text: str, begin: int, end: int, script: str, own: str, han: str) -> tuple[str, str]:
    is_letter_of_science = script == GREEK and sum(map(str.isalpha, text[begin:end])) == 1
    if is_letter_of_science or (reads(own, script) and not (own and script == HAN and han not in ("", own))):
        return "", ""
    return script, language_of(script, text, own, han)
