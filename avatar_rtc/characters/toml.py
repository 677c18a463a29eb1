"""TOML of strangers: read within bounds of size and time."""

import re
import tomllib
from typing import Any

from avatar_rtc.errors import InputError, TooLarge

MAX_TOML_BYTES = 256 * 1024
"""28 emotions that name every morph and cel have about 100 KB."""
MAX_PARTS = 32
"""Of a dotted key. tomllib's time grows with their square: 13 s for 60 KB of `a.a.a…`."""
_PIECE = re.compile(
    r'"""(?s:(?:[^\\]|\\.)*?)(?:"""|\Z)|'
    r"'''(?s:.*?)(?:'''|\Z)|"
    r'"(?:[^"\\\n]|\\.)*+"?|'
    r"'[^'\n]*+'?|"
    r"[A-Za-z0-9_-]++|[ \t]++|#[^\n]*+|(?s:.)"
)
"""A string, a bare key, blanks, a comment, or one other character: never looked at twice."""
_ENDS_A_KEY = frozenset("\r\n=,[]{}#")


def read_toml(data: bytes) -> dict[str, Any]:
    """The table in a TOML file.

    Raises:
        TooLarge: more than 256 KiB.
        InputError: no TOML, or keys of more than 32 parts.
    """
    if len(data) > MAX_TOML_BYTES:
        raise TooLarge(f"the TOML has {len(data) // 1024} KiB; at most {MAX_TOML_BYTES // 1024} are taken")
    try:
        text = data.decode()
        if _parts(text) > MAX_PARTS:
            raise InputError(f"a key of the TOML has more than {MAX_PARTS} parts")
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also of a number with thousands of digits
        raise InputError(f"this is not TOML: {error}") from None


def _parts(text: str) -> int:
    """How many parts the longest dotted key has, or more: whatever is broken counts as a key."""
    longest = parts = 1
    for piece in _PIECE.finditer(text):
        first = piece[0][0]
        if first == ".":
            parts += 1
            longest = max(longest, parts)
        elif first in _ENDS_A_KEY:
            parts = 1
    return longest
