"""Letters as a voice knows them: composed, of usual width, without the marks that it would spell.

Asked for a letter it does not know, espeak says "letter 1 E A 1".
"""

import re
import unicodedata
from collections.abc import Callable, Iterator

from avatar_rtc.speech.languages.rewritten import RewrittenText, rewritten
from avatar_rtc.speech.languages.scripts import LATIN, script_of

_CLUSTER = re.compile(
    "[^\u0300-\u036f\u3099\u309a\u1160-\u11ff][\u0300-\u036f\u3099\u309a\u1160-\u11ff]*|.", re.DOTALL
)
"""A letter with the marks, or the jamo, that Unicode has a letter for."""
_BASE = re.compile(r"LETTER (?:OPEN |TURNED |REVERSED |DOTLESS |SMALL CAPITAL )?([A-Z])\b")
_COMPATIBLE = ("Nd", "Nl")


def plain_letters(text: str, is_known: Callable[[str], bool]) -> RewrittenText:
    """A text for a voice, which says whether it knows a Latin letter beyond ASCII.

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
    if script_of(sign) != LATIN or unicodedata.category(sign)[0] != "L" or is_known(sign):
        return sign
    bare = "".join(part for part in unicodedata.normalize("NFKD", sign) if part.isascii())
    if bare.strip():
        return bare
    base = _BASE.search(unicodedata.name(sign, ""))
    return (base[1] if sign.isupper() else base[1].lower()) if base else " "


def _is_wide(sign: str) -> bool:
    """True for digits of another width or kind than their script's, and Roman numerals."""
    return unicodedata.normalize("NFKC", sign).isascii()
