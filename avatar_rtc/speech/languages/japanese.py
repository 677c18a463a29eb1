"""Kana for what is written with kanji, for a voice that reads kana alone; by the package janome.

Its dictionary knows how a word sounds in its sentence: は is "wa" behind a noun, 今日 is "kyou".
"""

import importlib
import importlib.util
import threading
import unicodedata
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
_OPENING = ("Ps", "Pi")
_AFTER_NUMBERS = {"月": "ガツ", "人": "ニン", "日": "ニチ"}
_COUNTED = {
    "1人": "ヒトリ", "2人": "フタリ", "4人": "ヨニン", "4時": "ヨジ", "7時": "シチジ", "9時": "クジ",
    "4月": "シガツ", "7月": "シチガツ", "9月": "クガツ", "4円": "ヨエン", "20歳": "ハタチ",
    "2日": "フツカ", "3日": "ミッカ", "4日": "ヨッカ", "5日": "イツカ", "6日": "ムイカ", "7日": "ナノカ",
    "8日": "ヨウカ", "9日": "ココノカ", "10日": "トオカ", "14日": "ジュウヨッカ", "20日": "ハツカ",
    "24日": "ニジュウヨッカ", "1つ": "ヒトツ", "2つ": "フタツ", "3つ": "ミッツ", "4つ": "ヨッツ",
    "5つ": "イツツ", "6つ": "ムッツ", "7つ": "ナナツ", "8つ": "ヤッツ", "9つ": "ココノツ",
}  # fmt: skip
"""Numbers whose sound is another with what is counted."""
_NO_BEGIN = tuple("ーっッん" + "ぁぃぅぇぉゃゅょゎァィゥェォャュョヮ")
"""Signs that no phrase begins with; a word the dictionary does not know may be cut before them."""
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
    ahead = list(tokens)
    for place, token in enumerate(ahead):
        begin = text.find(token.surface, at)
        if begin < 0:
            continue
        yield from ((other, text[other]) for other in range(at, begin))
        after = ahead[place + 1].surface if place + 1 < len(ahead) else ""
        kana = _sound(token, before, after)
        hangs = token.part_of_speech.startswith(_HANGING) or _SUFFIX in token.part_of_speech
        hangs = hangs or kana.startswith(_NO_BEGIN) or not kana[:1].isalnum()
        opens = unicodedata.category(before[-1]) in _OPENING if before else True
        begins_phrase = not hangs and not opens and not before.isdigit()
        yield begin, f" {kana}" if begins_phrase else kana
        at, before = begin + len(token.surface), token.surface
    yield from ((place, text[place]) for place in range(at, len(text)))


def _sound(token: Any, before: str, after: str) -> str:
    if (counted := _counted(token.surface, after)) or _counted(before, token.surface):
        return counted  # which the number has said, if it is what is counted
    if before.isdigit() and token.surface in _AFTER_NUMBERS:
        return _AFTER_NUMBERS[token.surface]
    if _is_known_word(token):
        return str(token.phonetic)
    return "".join(sign for sign in token.surface if not _is_kanji(sign))


def _counted(number: str, what: str) -> str:
    return _COUNTED.get(unicodedata.normalize("NFKC", number) + what, "") if number.isdigit() else ""


def _is_known_word(token: Any) -> bool:
    return token.phonetic not in (_UNKNOWN, "", None)


def _is_kanji(sign: str) -> bool:
    return script_of(sign) == HAN


@cache
def _tokenizer() -> Any:
    return importlib.import_module(f"{JANOME}.tokenizer").Tokenizer()
