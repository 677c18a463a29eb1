"""Signs that a voice has no word for: named in English where the voice is English, else told of.

espeak knows `√`, `≥`, `€` and many others by itself, in its own languages.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator

from avatar_rtc.speech.languages.rewritten import RewrittenText, rewritten

_NAMES = {
    "∀": "for all", "∃": "there exists", "∄": "there is no", "∈": "in", "∉": "not in", "∅": "the empty set",
    "∪": "union", "∩": "intersection", "⊂": "subset of", "⊆": "subset of", "∴": "therefore", "∵": "because",
    "∇": "nabla", "∝": "proportional to", "∧": "and", "∨": "or", "¬": "not", "⇒": "implies",
    "⇔": "if and only if", "∏": "product", "∆": "delta", "‰": "per mille", "₿": "bitcoin", "₽": "roubles",
    "₩": "won", "₺": "lira",
    "₴": "hryvnia", "₫": "dong", "₦": "naira", "₱": "pesos", "†": "dagger", "′": "prime", "<": "less than",
    ">": "greater than",
}  # fmt: skip
_COMPARED = re.compile(r"(?<=[\w)] )[<>](?= [\w(√-])")
_MORE = "†‡‰‱※"


def named_symbols(text: str, is_english: bool, is_heard: Callable[[str], bool]) -> tuple[RewrittenText, str]:
    """The text with names for signs without a word, and those that have none.

    Args:
        is_heard: whether the voice says a sign.

    >>> named_symbols("∀x ※", True, lambda sign: False)[0].text
    ' for all x ※'
    """
    unnamed: dict[str, None] = {}
    pieces = list(_pieces(text, is_english, is_heard, unnamed))
    return rewritten(pieces, len(text)), "".join(unnamed)


def _pieces(
    text: str, is_english: bool, is_heard: Callable[[str], bool], unnamed: dict[str, None]
) -> Iterator[tuple[int, str]]:
    compared = {match.start() for match in _COMPARED.finditer(text)} if is_english else set[int]()
    for at, sign in enumerate(text):
        if at not in compared and (not _is_symbol(sign) or is_heard(sign)):
            yield at, sign
        elif is_english and sign in _NAMES:
            yield at, f" {_NAMES[sign]} "
        else:
            unnamed[sign] = None
            yield at, sign


def _is_symbol(sign: str) -> bool:
    return not sign.isascii() and (sign in _MORE or unicodedata.category(sign) in ("Sm", "Sc", "So"))
