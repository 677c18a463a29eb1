"""NVIDIA's encoder, which may refuse: why it did, and for how long it is not asked again.

Asking costs up to a third of a second on the thread that renders, for a context on the card has to be made.
"""

import errno
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from av.error import ExternalError, FFmpegError

log = logging.getLogger(__name__)

AGAIN_S = 60.0
"""Sessions that others have taken may be free by then."""
Opened = TypeVar("Opened")


@dataclass(frozen=True)
class _Refusal:
    until: float
    why: str
    """For users; "" where nobody would expect it."""


class Nvenc:
    """What it has refused in this process. Any thread may ask."""

    def __init__(self, card: int | None = 0, now: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            card: the number of the one that encodes; None leaves all of them alone.
        """
        self.card, self._now = card, now
        self._refusals: dict[tuple[int, int] | None, _Refusal] = {}
        """By size in px; None is all of them."""

    def open(self, width: int, height: int, make: Callable[[], Opened]) -> Opened | None:
        """What `make` gives; None if it is refused, or was lately."""
        if self.card is None or self._refusal(width, height) is not None:
            return None
        try:
            return make()
        except (FFmpegError, ValueError) as error:  # ValueError is of an FFmpeg that was built without it
            self.refuse(width, height, error)
            return None

    def refuse(self, width: int, height: int, error: FFmpegError | ValueError) -> None:
        """It does not encode pictures of that size, or does so no more."""
        now = self._now()
        size, refusal = _judged(width, height, error, now)
        before = self._refusals.get(size)
        # Whoever changes the size of his picture all day leaves no more than a minute of it.
        standing = {each: known for each, known in self._refusals.items() if now < known.until}
        self._refusals = {**standing, size: refusal}
        if refusal.why and (before is None or before.why != refusal.why):
            log.warning("NVENC refuses, and x264 encodes: %s", refusal.why)

    def why_not(self, width: int, height: int) -> str:
        """Why another encoder is at work for pictures of that size; "" if there is nothing to tell."""
        refusal = self._refusal(width, height)
        return "" if refusal is None else refusal.why

    def _refusal(self, width: int, height: int) -> _Refusal | None:
        now = self._now()
        found = (self._refusals.get(size) for size in (None, (width, height)))
        return next((each for each in found if each is not None and now < each.until), None)


def _judged(
    width: int, height: int, error: FFmpegError | ValueError, now: float
) -> tuple[tuple[int, int] | None, _Refusal]:
    """Whom a refusal concerns, and what it is."""
    if not isinstance(error, FFmpegError) or error.errno == errno.EPERM:
        # Built without it, or no library of a driver to be loaded: the usual machine without a card.
        return None, _Refusal(math.inf, "")
    if isinstance(error, ExternalError):
        return None, _Refusal(math.inf, "no card here has an encoder that is able")
    match error.errno:
        case errno.ENOSYS:
            return None, _Refusal(math.inf, "the driver is too old for this FFmpeg, or the card is")
        case errno.ENOMEM:
            return None, _Refusal(now + AGAIN_S, "all its sessions or its memory are taken")
        case errno.EINVAL:
            why = f"it takes no pictures of {width}x{height}, or all its sessions are taken"
            return (width, height), _Refusal(now + AGAIN_S, why)
    return None, _Refusal(now + AGAIN_S, f"FFmpeg says {error.strerror!r}")
