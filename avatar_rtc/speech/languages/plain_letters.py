"""Letters as a voice knows them: composed, of usual width and shape, without the marks that it would spell.

Asked for a letter it does not know, espeak says "letter 1 E A 1", "Hebrew point" or "Chinese letter".
"""

import re
import unicodedata
from collections.abc import Callable, Iterator

from avatar_rtc.speech.languages.rewritten import RewrittenText, rewritten
from avatar_rtc.speech.languages.scripts import GREEK, HAN, LATIN, script_of, scripts_of

_CLUSTER = re.compile(
    "[^\u0300-\u036f\u3099\u309a\u1160-\u11ff][\u0300-\u036f\u3099\u309a\u1160-\u11ff]*|.", re.DOTALL
)
"""A letter with the marks, or the jamo, that Unicode has a letter for."""
_BASE = re.compile(r"LETTER (?:OPEN |TURNED |REVERSED |DOTLESS |SMALL CAPITAL )?([A-Z])\b")
_COMPATIBLE = ("Nd", "Nl")
_HOSTS = {
    LATIN: ("ba", "a"), "CYRILLIC": ("ба", "ба"), GREEK: ("βα", "βα"), "ARABIC": ("با", "ا"),
    "HEBREW": ("בא", "בא"), "HANGUL": ("가", "가"), HAN: ("一", "一"), "DEVANAGARI": ("क", "क"),
    "BENGALI": ("ক", "ক"), "GEORGIAN": ("ა", "ა"), "ARMENIAN": ("ա", "ա"), "ETHIOPIC": ("ሀ", "ሀ"),
    "THAI": ("ก", "ก"),
}  # fmt: skip
"""Of each script letters among which one is read and not called by its name."""
_MOST_SOUNDS = 2
_MOST_SOUNDS_ELSEWHERE = 6
"""Of a letter that is read; by its name it has three and more in Latin letters, eight to thirty elsewhere."""
_COMMON_HAN = range(0x4E00, 0xA000)
"""Known to every voice of Chinese; and a text has many of them."""
_OLD = dict(zip("ѣѢѧѦѩѫѪѭѳѲѵѴѡѠꙋꙗіІѕ", "еЕяЯяуУюфФиИоОуяиИз", strict=True)) | {"ѯ": "кс", "ѱ": "пс"}
"""Letters of older spelling as they are read today."""
_ALWAYS = {"ヵ": "カ", "ヶ": "ケ", "ゕ": "か", "ゖ": "け", "Ӏ": "", "ӏ": ""}
"""Letters that are read in some words and spelled in others."""


def plain_letters(text: str, is_known: Callable[[str], bool]) -> RewrittenText:
    """A text for a voice, which says whether it knows a letter beyond ASCII, as `knows` finds out.

    >>> plain_letters("Ｈｉ bạn", str.isascii).text
    'Hi ban'
    """
    if text.isascii():
        return RewrittenText(text)
    return rewritten(_pieces(text, is_known), len(text))


def _pieces(text: str, is_known: Callable[[str], bool]) -> Iterator[tuple[int, str]]:
    for cluster in _CLUSTER.finditer(text):
        composed = unicodedata.normalize("NFC", cluster[0])
        whole = composed if len(composed) == 1 else cluster[0]
        for place, sign in enumerate(whole):
            yield cluster.start() + place, _plain(sign, is_known)


def _plain(sign: str, is_known: Callable[[str], bool]) -> str:
    if sign.isascii():
        return sign
    if unicodedata.category(sign) in _COMPATIBLE:
        return unicodedata.normalize("NFKC", sign) if sign.isnumeric() and _is_wide(sign) else sign
    script = script_of(sign)
    if script != LATIN:
        return _plain_elsewhere(sign, script, is_known)
    if unicodedata.category(sign)[0] != "L" or is_known(sign):
        return sign
    bare = "".join(part for part in unicodedata.normalize("NFKD", sign) if part.isascii())
    if bare.strip():
        return bare
    base = _BASE.search(unicodedata.name(sign, ""))
    return (base[1] if sign.isupper() else base[1].lower()) if base else " "


def knows(letter: str, language: str, sounds: Callable[[str], int]) -> bool:
    """Whether a voice reads a letter among others of its script, where it would spell it otherwise.

    True for a script that its language is not written in: in a document another voice reads that.

    Args:
        language: of the voice.
        sounds: how many sounds the voice makes of a text.
    """
    script = script_of(letter) or LATIN
    if script not in (LATIN, *scripts_of(language)):
        return True
    before, after = _HOSTS.get(script, ("", ""))
    most = _MOST_SOUNDS if script == LATIN else _MOST_SOUNDS_ELSEWHERE
    return sounds(before + letter + after) - sounds(before + after) <= most


def _plain_elsewhere(sign: str, script: str, is_known: Callable[[str], bool]) -> str:
    """A letter of another script as the voice knows it; " " for one that it does not know, "" for a mark."""
    if sign in _ALWAYS:
        return _ALWAYS[sign]
    is_mark = unicodedata.category(sign)[0] == "M"
    if is_mark and script == "HEBREW":  # points, which books for children have, and voices do without
        return ""
    if not script:
        return _undisguised(sign)
    if script not in _HOSTS or (script == HAN and ord(sign) in _COMMON_HAN) or is_known(sign):
        return sign
    bare = "".join(part for part in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(part))
    for other in (_OLD.get(sign, ""), unicodedata.normalize("NFKC", sign), bare, _base_of(sign)):
        if other not in ("", sign) and all(map(is_known, filter(str.isalpha, other))):
            return other
    return "" if is_mark else " "


def _undisguised(sign: str) -> str:
    """The letters of ⓗ and ㎏, which are symbols to Unicode; " " for those of another script, such as ㍿."""
    plain = unicodedata.normalize("NFKC", sign)
    if unicodedata.category(sign) != "So" or not plain.isalpha():
        return sign
    return plain if plain.isascii() else " "


def _base_of(sign: str) -> str:
    """The letter that one with more strokes is named after: қ is "KA WITH DESCENDER"."""
    try:
        return unicodedata.lookup(unicodedata.name(sign, "").partition(" WITH ")[0])
    except KeyError:
        return ""


def _is_wide(sign: str) -> bool:
    """True for digits of another width or kind than their script's, and Roman numerals."""
    return unicodedata.normalize("NFKC", sign).isascii()
