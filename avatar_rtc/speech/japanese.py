"""Kana for what is written with kanji, for a voice that reads kana alone; by the package janome.

Its dictionary knows how a word sounds in its sentence: は is "wa" behind a noun, 今日 is "kyou".
"""

import importlib
import importlib.util
import threading
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from avatar_rtc.speech.scripts import HAN, script_of

JANOME = "janome"
_UNKNOWN = "*"
_HANGING = ("助詞", "助動詞", "記号")
"""Parts of speech that belong to the word before: particles, endings, punctuation."""
_SUFFIX = "接尾"
_AFTER_NUMBERS = {"月": "ガツ", "人": "ニン", "日": "ニチ"}
_TURN = threading.Lock()


@dataclass(frozen=True)
class KanaText:
    """A text and where each of its signs comes from."""

    text: str
    origins: tuple[int, ...] | None = field(default=None, repr=False)
    """Index in the text before, one more than signs; None if nothing is changed."""

    def index(self, at: int) -> int:
        """Where a sign of it was before."""
        return at if self.origins is None else self.origins[max(0, min(at, len(self.origins) - 1))]


def unchanged(text: str) -> KanaText:
    """The text as it is."""
    return KanaText(text)


def is_installed() -> bool:
    """Whether kanji can be read here."""
    return importlib.util.find_spec(JANOME) is not None


def kana_of(text: str) -> KanaText:
    """The text in kana, with a space before each phrase; kanji that no dictionary knows are left out."""
    pieces: list[str] = []
    origins: list[int] = []
    at, before = 0, ""
    with _TURN:
        tokens = list(_tokenizer().tokenize(text))
    for token in tokens:
        begin = text.find(token.surface, at)
        if begin < 0:
            continue
        gap = text[at:begin]
        kana = _sound(token, before)
        begins_phrase = bool(before) and not token.part_of_speech.startswith(_HANGING)
        if begins_phrase and _SUFFIX not in token.part_of_speech and not before.isdigit() and kana:
            gap += " "
        pieces += [gap, kana]
        origins += [min(at + place, begin) for place in range(len(gap))] + [begin] * len(kana)
        at, before = begin + len(token.surface), token.surface
    pieces.append(text[at:])
    origins += range(at, len(text) + 1)
    return KanaText("".join(pieces), tuple(origins))


def _sound(token: Any, before: str) -> str:
    if before.isdigit() and token.surface in _AFTER_NUMBERS:
        return _AFTER_NUMBERS[token.surface]
    if token.phonetic not in (_UNKNOWN, "", None):
        return str(token.phonetic)
    return "".join(sign for sign in token.surface if script_of(sign) != HAN)


@cache
def _tokenizer() -> Any:
    return importlib.import_module(f"{JANOME}.tokenizer").Tokenizer()
