"""A text by who can read it: where the letters of another script begin and end.

Digits, punctuation and spaces go with the letters beside them.
"""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

from avatar_rtc.speech.languages.scripts import GREEK, HAN, LATIN, han_language, language_of, script_of

_OPENING = ("Ps", "Pi")
_CHINESE = (HAN, "KANA", "BOPOMOFO")
"""Scripts that stand beside Han characters in one sentence."""


@dataclass(frozen=True)
class Stretch:
    """`text[begin:end]`, which one voice can read."""

    begin: int
    end: int
    scripts: frozenset[str] = frozenset()
    """Of its letters; none if the voice that is asked reads them all."""
    language: str = ""
    """What they are in; "" if no language with a voice is written so."""


def stretches(text: str, own: Callable[[str, str], bool], language: str = "", han: str = "") -> list[Stretch]:
    """All of a text in order, without gaps.

    Args:
        own: whether the voice that is asked reads a script, if its Han characters are in this language.
        language: that of the voice.
        han: what Han characters were in before this text, as `han_language` takes it.

    >>> text = "Say こんにちは to 3 men."
    >>> found = stretches(text, lambda script, _: script == "LATIN")
    >>> [(text[s.begin : s.end], s.language) for s in found]
    [('Say ', ''), ('こんにちは ', 'ja'), ('to 3 men.', '')]
    """
    found: list[Stretch] = []
    for begin, end, script, characters, beside in _runs(text, han):
        # Kana without the kanji between them are no words.
        is_own = all(own(other, characters) for other in beside)
        is_own = is_own or _is_letter_of_science(script, text[begin:end])
        read = "" if is_own else language_of(script, text, language, characters)
        scripts = frozenset[str]() if is_own else frozenset((script,))
        last = found[-1] if found else None
        if last and last.language == read and (read or last.scripts == scripts):
            found[-1] = Stretch(last.begin, end, last.scripts | scripts, read)
        else:
            found.append(Stretch(begin, end, scripts, read))
    return found or [Stretch(0, len(text))]


def main_language(text: str) -> str:
    """The language that most letters of a text are in; "" for Latin letters, and for none."""
    scripts = Counter(script for sign in text if (script := script_of(sign)))
    if not scripts:
        return ""
    script = scripts.most_common(1)[0][0]
    return "" if script == LATIN else language_of(script, text, han=han_language(text))


def has_foreign_letters(text: str) -> bool:
    """True if it has letters that are not Latin."""
    return not text.isascii() and any(script_of(sign) not in ("", LATIN) for sign in text)


def has_han(text: str) -> bool:
    """True if there are Chinese characters in it."""
    return not text.isascii() and any(script_of(sign) == HAN for sign in text)


def _runs(text: str, han: str) -> Iterator[tuple[int, int, str, str, frozenset[str]]]:
    """Of letters of one script and the signs around them: begin, end, script, what Han characters are in
    there, and the scripts that are read together with it."""
    letters = [(at, script) for at, sign in enumerate(text) if (script := script_of(sign))]
    chinese = sum(script in _CHINESE for _, script in letters)
    # A sentence in Japanese has it everywhere; in one that quotes some each quotation is for itself.
    everywhere = han_language(text, han) if 2 * chinese > len(letters) else han
    begin = 0
    for is_chinese, group in groupby(letters, lambda letter: letter[1] in _CHINESE):
        run = list(group)
        quoted = text[run[0][0] : run[-1][0] + 1]
        characters = han_language(quoted, everywhere) if is_chinese else everywhere
        together = frozenset(script for _, script in run)
        for script, signs in groupby(run, lambda letter: letter[1]):
            last = [at for at, _ in signs][-1]
            end = _between(text, last + 1)
            yield begin, end, script, characters, together if is_chinese else frozenset((script,))
            begin = end


def _between(text: str, begin: int) -> int:
    """Where behind these letters the next stretch begins: behind the space, before what opens."""
    at = begin
    while at < len(text) and not script_of(text[at]):
        if text[at].isspace():
            while at < len(text) and text[at].isspace():
                at += 1
            return at if any(map(script_of, text[at:])) else len(text)
        if unicodedata.category(text[at]) in _OPENING:
            return at if any(map(script_of, text[at:])) else len(text)
        at += 1
    return at


def _is_letter_of_science(script: str, run: str) -> bool:
    """True for an α in a text of another script, which is rightly called by its name."""
    return script == GREEK and sum(map(str.isalpha, run)) == 1
