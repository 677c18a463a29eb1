"""Pictures that follow each other: which one shows at a time, and how strongly. Functions of time alone."""

import math
from collections.abc import Sequence


def cycle(names: Sequence[str], fps: float, t: float) -> str:
    """The one of `names` that shows at t seconds, over and over at `fps`; its phase comes from t itself.

    >>> [cycle(("a", "b"), 12, n / 12 + 0.01) for n in range(3)]
    ['a', 'b', 'a']
    """
    return names[math.floor(t * fps) % len(names)]


def sequence(names: Sequence[str], duration: float, t: float) -> str:
    """The one of `names` that shows at t in [0, duration) seconds; each has an equal part of it.

    >>> sequence(("a", "b", "c"), 0.3, 0.29)
    'c'
    """
    return names[min(math.floor(t / duration * len(names)), len(names) - 1)]


def fade_out(duration: float, t: float) -> float:
    """1 at 0, 0 from `duration` on, linear between them."""
    return min(max(1.0 - t / duration, 0.0), 1.0)
