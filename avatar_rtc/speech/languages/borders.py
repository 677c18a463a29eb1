"""Where a text may be cut if nothing in it says so: between graphemes, and best between words.

Of graphemes this is what UAX 29 asks where it matters to a voice: marks, variation and tag signs, joined
emoji, flags, and the conjuncts and jamo of Indic and Korean syllables stay whole.
"""

import re
import unicodedata

_ENDS = tuple(map(re.compile, (r"[.!?…]\s+|[。！？।؟။።។]", r"[,;:]\s+|[、，；：،؛]", r"\s+")))
"""Of sentences, clauses and words."""
_JOINED = ("Mn", "Mc", "Me", "Cf")
"""Categories of signs that belong to the one before them."""
_SPACING = "\u0e33\u0eb3"
"""Vowels of Thai and Lao that are letters to Unicode and yet part of the syllable before."""
_JOINER = "\u200d"
_FLAGS = 400
"""Signs of a row of flags, two each, that are looked back at."""
_PARTICLES = "はがをにでとものてへやね、"
"""Kana after which a Japanese phrase often ends."""
_THAI_LEADING = "เแโใไ"
"""Vowels that are written before their consonant: a syllable begins with them."""


def may_cut(text: str, at: int) -> bool:
    """True if no grapheme, and no syllable of marks and joiners, lies across this index.

    >>> may_cut("ab", 1), may_cut("e\\u0301", 1), may_cut("👩\u200d🚀", 1), may_cut("क्षि", 2)
    (True, False, False, False)
    """
    if not 0 < at < len(text):
        return True
    before, after = text[at - 1], text[at]
    if unicodedata.category(after) in _JOINED or after in _SPACING or _is_skin(after) or before == _JOINER:
        return False
    if unicodedata.combining(before) == 9:  # a virama: the consonant after it hangs on it
        return False
    if (
        "\u1160" <= after <= "\u11ff" or "\ud800" <= before <= "\udbff"
    ):  # jamo inside a syllable; half of a pair
        return False
    if _is_flag(after) and _is_flag(before):
        first = at
        while first > max(0, at - _FLAGS) and _is_flag(text[first - 1]):
            first -= 1
        return (at - first) % 2 == 0
    return True


def last_border(text: str, least: int, most: int) -> int:
    """The best index in `least`..`most` to cut a row of letters without spaces.

    After a particle of Japanese, before a leading vowel of Thai, in the last third; else the last one between
    graphemes; else, where a grapheme is longer than that, `most`.
    """
    cuts = (at for at in range(most, max(most - (most - least) // 3, least), -1) if may_cut(text, at))
    for at in cuts:
        if text[at - 1] in _PARTICLES or (at < len(text) and text[at] in _THAI_LEADING):
            return at
    return next((at for at in range(most, least - 1, -1) if may_cut(text, at)), most)


def parts_of(text: str, begin: int, end: int, most: int) -> list[tuple[int, int]]:
    """`text[begin:end]` in parts of at most so many characters: at the last sentence, comma or space of each.

    >>> [text[a:b] for text in ["One. Two three."] for a, b in parts_of(text, 0, 15, 10)]
    ['One. ', 'Two three.']
    """
    parts = []
    while end - begin > most:
        cut = begin + _last_cut(text[begin : begin + most + 1], most)
        parts.append((begin, cut))
        begin = cut
    return [*parts, (begin, end)]


def _last_cut(text: str, most: int) -> int:
    for pattern in _ENDS:
        cuts = [match.end() for match in pattern.finditer(text) if most // 4 < match.end() <= most]
        if cuts:
            return cuts[-1]
    return last_border(text, max(1, most // 2), most)


def _is_skin(sign: str) -> bool:
    return "\U0001f3fb" <= sign <= "\U0001f3ff"


def _is_flag(sign: str) -> bool:
    return "\U0001f1e6" <= sign <= "\U0001f1ff"
