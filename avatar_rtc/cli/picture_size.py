"""What `--size` says: one number is the side that pictures are made at, WxH the frame they are put into."""

import re
from dataclasses import dataclass

from avatar_rtc.errors import InputError

_MADE_AT = (512, 768, 1024, 1536, 2048)
_SIDES = (16, 4096)
"""The smallest and the largest side of a picture, in px."""


@dataclass(frozen=True)
class SizeAsked:
    """The size that is wanted of pictures."""

    side: int | None = None
    """Px of the whole picture, before it is cut; None is what the frame needs, or else 512."""
    frame: tuple[int, int] | None = None
    """(width, height) in px of every file; None is whatever comes."""


def picture_size(text: str | None, frames: bool = True) -> SizeAsked:
    """The size that a text such as 1024 or 1280x720 asks for; None asks for nothing.

    Args:
        frames: whether WxH may be asked for, too.

    Raises:
        InputError: it is none, or out of range.
    """
    if text is None:
        return SizeAsked()
    if text.isascii() and text.isdigit() and int(text) in _MADE_AT:
        return SizeAsked(side=int(text))
    if "x" not in text or not frames:
        wanted = f"one of {', '.join(map(str, _MADE_AT))}" + (", or like 1280x720" if frames else "")
        raise InputError(f"--size is {text!r:.80}, but must be {wanted}")
    return SizeAsked(frame=read_size(text))


def read_size(text: str) -> tuple[int, int]:
    """(width, height) in px of a text such as 1280x720.

    Raises:
        InputError: it is none, or has sides that are odd, too small or too large.
    """
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text, re.ASCII)
    sides = tuple(int(side) for side in found.groups()) if found else ()
    if not sides or not all(_SIDES[0] <= side <= _SIDES[1] and side % 2 == 0 for side in sides):
        low, high = _SIDES
        raise InputError(f"--size is {text!r}, but must be like 1280x720, with even sides in {low}..{high}")
    return sides[0], sides[1]
