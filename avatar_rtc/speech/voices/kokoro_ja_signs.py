"""Japanese in the signs that Kokoro knows, one by one, and which of the text's own signs each comes from.

text ──janome──► kana in phrases ──the package's table──► "koɲɲiʨiwa" ; numbers are read as numbers
"""

import importlib
import re
import unicodedata
import warnings
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from avatar_rtc.speech.languages.japanese import kana_of
from avatar_rtc.speech.languages.rewritten import rewritten
from avatar_rtc.speech.voices.kokoro_ja_files import JA_PACKAGE

_HALF_WIDTH = re.compile("[\uff66-\uff9d][\uff9e\uff9f]?|.", re.DOTALL)
_NUMBER = re.compile("[0-9]+")
_LONGEST_NUMBER = 16
"""Digits; a longer one is read digit by digit."""


@dataclass(frozen=True)
class JapaneseSigns:
    """What the network is given for a text."""

    signs: str
    origins: tuple[int, ...]
    """Index in the text of each sign; never falls."""
    unread: str
    """Kanji that no dictionary knows."""


class JapaneseReader:
    """Reads by the package's table; the dictionary is loaded at the first text."""

    def __init__(self, known: Collection[str]) -> None:
        """
        Args:
            known: the signs of the network.
        """
        with warnings.catch_warnings():  # it opens its words in a way that Python 3.11 advises against
            warnings.simplefilter("ignore", DeprecationWarning)
            rules = importlib.import_module(f"{JA_PACKAGE}._misaki.ja").JAG2P()
        self._number: Callable[[str], str] = importlib.import_module(f"{JA_PACKAGE}._misaki.num2kana").Convert
        self._sound: Callable[[str | None, str, str | None], str] = rules._get_single_mapping
        self._known = frozenset(known)

    def read(self, text: str) -> JapaneseSigns:
        """The signs of a text."""
        whole = rewritten(_full_width(text), len(text))
        kana, unread = kana_of(whole.text)
        kana = kana.of(whole)
        kana = rewritten(self._without_digits(kana.text), len(kana.text)).of(kana)
        found = [(sign, kana.index(at)) for at, sign in self._signs(kana.text)]
        return JapaneseSigns("".join(sign for sign, _ in found), tuple(at for _, at in found), unread)

    def _without_digits(self, text: str) -> Iterator[tuple[int, str]]:
        at = 0
        for number in _NUMBER.finditer(text):
            yield from ((place, text[place]) for place in range(at, number.start()))
            digits = number[0]
            parts = [digits] if len(digits) <= _LONGEST_NUMBER else list(digits)
            yield number.start(), "".join(map(self._number, parts)).replace(" ", "")
            at = number.end()
        yield from ((place, text[place]) for place in range(at, len(text)))

    def _signs(self, text: str) -> Iterator[tuple[int, str]]:
        kana = [_hiragana(sign) for sign in text]
        for at, sign in enumerate(kana):
            before = kana[at - 1] if at else None
            after = kana[at + 1] if at + 1 < len(kana) else None
            try:
                sound = self._sound(before, sign, after)
            except KeyError:  # a small vowel behind what has none
                sound = ""
            for symbol in sound or (sign if not sign.isalpha() else ""):
                if symbol in self._known:
                    yield at, symbol


def _full_width(text: str) -> Iterator[tuple[int, str]]:
    for sign in _HALF_WIDTH.finditer(text):
        yield sign.start(), unicodedata.normalize("NFKC", sign[0]) if sign[0] >= "\uff00" else sign[0]


def _hiragana(sign: str) -> str:
    return chr(ord(sign) - 0x60) if "ァ" <= sign <= "ヶ" else sign
