"""Which script a letter belongs to, and which languages are written in it.

The script comes from the letter's own name in Unicode, so none is forgotten: "HANGUL SYLLABLE GA".
"""

import re
import unicodedata
from functools import lru_cache

LATIN, HAN, GREEK = "LATIN", "HAN", "GREEK"
_SAME = {"HIRAGANA": "KANA", "KATAKANA": "KANA", "KATAKANA-HIRAGANA": "KANA", "CJK": HAN, "IDEOGRAPHIC": HAN}
_NAMELESS = ("MODIFIER", "COMBINING", "FEMININE", "MASCULINE", "ZERO", "VARIATION", "TAG", "MICRO", "OHM")

_LANGUAGES = {
    HAN: "cmn yue ja",
    "KANA": "ja",
    "BOPOMOFO": "cmn",
    "HANGUL": "ko",
    "CYRILLIC": "ru uk be bg sr mk kk ky tt ba cv nog",
    GREEK: "el grc",
    "ARABIC": "ar fa ur ug sd",
    "HEBREW": "he",
    "DEVANAGARI": "hi mr ne kok",
    "BENGALI": "bn as bpy",
    "GURMUKHI": "pa",
    "GUJARATI": "gu",
    "ORIYA": "or",
    "TAMIL": "ta",
    "TELUGU": "te",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "SINHALA": "si",
    "THAI": "th",
    "MYANMAR": "my shn",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy hyw",
    "ETHIOPIC": "am ti",
    "SHAVIAN": "en-shaw",
}
LANGUAGES_OF = {script: tuple(names.split()) for script, names in _LANGUAGES.items()}
"""Of every script but Latin that some voice reads: its languages, the most likely one first."""

_OWN_LETTERS = {
    "CYRILLIC": {
        "be": "ў", "mk": "ѓќѕ", "sr": "ђћџљњј", "kk": "әғқұ", "tt": "җ", "ba": "ҙҡ", "cv": "ӑӗҫӳ",
        "ky": "ңөү", "uk": "іїєґ",
    },
    "ARABIC": {"ur": "ٹڈڑںےھہ", "ug": "ېۇۆۈۋ", "sd": "ٻڄڃڏڙڳ", "fa": "پچژگکی"},
    "BENGALI": {"as": "ৰৱ"},
    "DEVANAGARI": {"mr": "ळ"},
}  # fmt: skip
"""Letters that tell a language from the usual one of its script; the first that has one is meant."""

_SAME_LANGUAGE = {"zh": "cmn", "zho": "cmn", "jp": "ja", "iw": "he", "in": "id", "no": "nb"}


@lru_cache(4096)
def script_of(sign: str) -> str:
    """The script of a letter or vowel sign, in capitals; "" for digits, punctuation, spaces and symbols.

    >>> [script_of(sign) for sign in "aж日か한א1 。"]
    ['LATIN', 'CYRILLIC', 'HAN', 'KANA', 'HANGUL', 'HEBREW', '', '', '']
    """
    if unicodedata.category(sign)[0] not in "LM":
        return ""
    # The letters of widths and of mathematics are those of their script.
    plain = unicodedata.normalize("NFKC", sign)[:1] or sign
    name = unicodedata.name(plain, "").split(" ")[0]
    return "" if name in _NAMELESS else _SAME.get(name, name)


def language_tag(name: str) -> str:
    """The language of a tag, as espeak calls it: "zh_CN" is "cmn", "ja-JP" is "ja"; "" stays."""
    tag = name.strip().replace("_", "-").lower()
    if tag in ("en-shaw", "zh-yue", "zh-hk"):
        return "en-shaw" if tag == "en-shaw" else "yue"
    primary = tag.split("-")[0]
    return _SAME_LANGUAGE.get(primary, primary)


def reads(language: str, script: str) -> bool:
    """Whether a voice of a language reads a script; Latin letters are read by every voice.

    Args:
        language: any tag; "" is a voice of every language.
    """
    return not language or script == LATIN or language_tag(language) in LANGUAGES_OF.get(script, ())


def scripts_of(language: str) -> tuple[str, ...]:
    """The scripts that a language is written in, in capitals: Latin, unless another is known.

    >>> scripts_of("ja"), scripts_of("de"), scripts_of("sr")
    (('HAN', 'KANA'), ('LATIN',), ('CYRILLIC',))
    """
    tag = language_tag(language)
    if "-latn" in language.lower():
        return (LATIN,)
    return tuple(script for script, languages in LANGUAGES_OF.items() if tag in languages) or (LATIN,)


def reads_there(language: str, script: str, han: str) -> bool:
    """As `reads`, where Han characters are in a language, as `han_language` finds it."""
    tag = language_tag(language)
    if script == HAN and han not in ("", tag) and (han, tag) != ("cmn", "yue"):
        return False
    return reads(language, script)


_KANA = re.compile("[\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\uff66-\uff9f]")


_CANTONESE = frozenset("嘅咗冇喺唔嚟啲嗰佢哋")
_CHINESE = frozenset("你您她它们这吗呢吧么很没说对为个谢请哪谁还过东车书见现问间让给")
"""Characters that no Japanese text has."""


def han_language(text: str, before: str = "") -> str:
    """What Han characters of a text are in: "ja" if kana stand beside them, else what single ones tell, else
    what they were before.

    >>> han_language("今日は晴れ"), han_language("你好"), han_language("東京", "ja"), han_language("東京")
    ('ja', 'cmn', 'ja', '')
    """
    if text.isascii():
        return before
    if _KANA.search(text):
        return "ja"
    signs = set(text)
    return "yue" if signs & _CANTONESE else "cmn" if signs & _CHINESE else before


def language_of(script: str, text: str, own: str = "", han: str = "") -> str:
    """The language that the letters of a script in a text are in; "" where no voice is known to read them.

    Latin letters beside a voice that does not read them are taken for English.

    Args:
        text: all of it: single letters in it tell Ukrainian from Russian, or Persian from Arabic.
        own: what the voice that is asked speaks, which wins if it is written so.
        han: what Han characters are in, as `han_language` finds it.

    >>> language_of("CYRILLIC", "Привіт"), language_of("CYRILLIC", "Привет", own="bg")
    ('uk', 'bg')
    """
    if script == LATIN:
        return "en"
    languages = LANGUAGES_OF.get(script, ())
    if not languages:
        return ""
    if script == HAN and han:
        return han
    if own and language_tag(own) in languages:
        return language_tag(own)
    letters = set(text.lower())
    telling = _OWN_LETTERS.get(script, {}).items()
    return next((language for language, signs in telling if letters & set(signs)), languages[0])
