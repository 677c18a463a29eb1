"""Kana for what is written with kanji, for a voice that reads kana alone; by the package janome.

Its dictionary knows how a word sounds in its sentence: は is "wa" behind a noun, 今日 is "kyou".
"""

import importlib
import importlib.util
import threading
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from avatar_rtc.speech.languages.rewritten import RewrittenText, rewritten
from avatar_rtc.speech.languages.scripts import HAN, script_of

JANOME = "janome"
_UNKNOWN = "*"
_HANGING = ("助詞", "助動詞", "記号")
"""Parts of speech that belong to the word before: particles, endings, punctuation."""
_SUFFIX = "接尾"
_AFTER_NUMBERS = {"月": "ガツ", "人": "ニン", "日": "ニチ"}
_TURN = threading.Lock()


def is_installed() -> bool:
    """Whether kanji can be read here."""
    return importlib.util.find_spec(JANOME) is not None


def kana_of(text: str) -> tuple[RewrittenText, str]:
    """The text in kana, with a space before each phrase, and the kanji that are left out of it because no
    dictionary knows them."""
    with _TURN:
        tokens = list(_tokenizer().tokenize(text))
    unknown = "".join(token.surface for token in tokens if not _is_known_word(token))
    return rewritten(_phrases(text, tokens), len(text)), "".join(filter(_is_kanji, unknown))


def _phrases(text: str, tokens: Iterable[Any]) -> Iterator[tuple[int, str]]:
    at, before = 0, ""
    for token in tokens:
        begin = text.find(token.surface, at)
        if begin < 0:
            continue
        yield from ((place, text[place]) for place in range(at, begin))
        kana = _sound(token, before)
        hangs = token.part_of_speech.startswith(_HANGING) or _SUFFIX in token.part_of_speech
        begins_phrase = before and kana and not hangs and not before.isdigit()
        yield begin, f" {kana}" if begins_phrase else kana
        at, before = begin + len(token.surface), token.surface
    yield from ((place, text[place]) for place in range(at, len(text)))


def _sound(token: Any, before: str) -> str:
    if before.isdigit() and token.surface in _AFTER_NUMBERS:
        return _AFTER_NUMBERS[token.surface]
    if _is_known_word(token):
        return str(token.phonetic)
    return "".join(sign for sign in token.surface if not _is_kanji(sign))


def _is_known_word(token: Any) -> bool:
    return token.phonetic not in (_UNKNOWN, "", None)


def _is_kanji(sign: str) -> bool:
    return script_of(sign) == HAN


@cache
def _tokenizer() -> Any:
    return importlib.import_module(f"{JANOME}.tokenizer").Tokenizer()
