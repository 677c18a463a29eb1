"""A student that somebody hands in with a character: whether it is whole, and of this very picture."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from avatar_rtc.characters.parts import STUDENT
from avatar_rtc.errors import InputError, TooLarge
from avatar_rtc.student_header import check_made_for, read_header


def check_student(data: bytes, rgba: NDArray[np.uint8]) -> None:
    """Refuse a student that the renderer would not take.

    Checked without torch, and nothing is built. One thing is left to the renderer: whether the names and
    shapes of the numbers are those of its networks.

    Args:
        data: the file, untrusted.
        rgba: (512, 512, 4) sRGB: the character it came with.

    Raises:
        TooLarge, InputError: it is too large, damaged, of another version or of another picture; names the
            file.
    """
    try:
        header = read_header(data)
        check_made_for(header.image_sha256, rgba)
        _check_numbers(data)
    except TooLarge as error:
        raise TooLarge(f"{STUDENT}: {error}") from None
    except InputError as error:
        raise InputError(f"{STUDENT}: {error}, or leave it out") from None


def is_better(held: bytes, new: bytes, rgba: NDArray[np.uint8]) -> bool:
    """Whether one student was measured to be nearer to its teacher than another.

    Args:
        held, new: their files; a `held` that is damaged or of another picture than `rgba` is never better.
    """
    try:
        header = read_header(held)
        check_made_for(header.image_sha256, rgba)
        return _margin(header.about, read_header(new).about) > 0
    except (InputError, KeyError, TypeError, ValueError):
        return False


def _margin(held: Mapping[str, Any], new: Mapping[str, Any]) -> float:
    """By how many dB one is nearer, on average of the regions in which both were measured.

    Raises:
        KeyError: of one of them nothing was measured.
    """
    ours, theirs = held["figures"], new["figures"]
    regions = ours.keys() & theirs.keys()
    if "whole" not in regions:
        raise KeyError("whole")
    return sum(float(ours[name]["mean"]) - float(theirs[name]["mean"]) for name in regions) / len(regions)


def _check_numbers(data: bytes) -> None:
    try:
        tensors = safetensors.numpy.load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise InputError(f"the student is damaged ({error}); distill it again") from None
    if not all(np.isfinite(numbers).all() for numbers in tensors.values()):
        raise InputError("the student is damaged: it holds numbers that are none; distill it again")
