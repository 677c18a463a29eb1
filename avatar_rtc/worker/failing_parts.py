"""What fails around a picture: told once and left out, while the picture goes on; later it is tried again,
less and less often."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.render.device.memory import is_out_of_memory, no_memory_for

log = logging.getLogger(__name__)

RETRY_PART_S = 5.0
"""Memory that ran out may be free again by then; twice as long after each time that it fails again."""
MOST_RETRY_S = 160.0
Made = TypeVar("Made")


@dataclass(frozen=True)
class _Failure:
    cause: object
    retry: float
    """Media time in s from which it is tried again."""
    pause: float
    """For how many s it is left alone."""
    detail: str


class FailingParts:
    """The parts of one avatar's picture that fail at present."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        """`tell` gets one sentence of all that fails, whenever that changes; "" when nothing does."""
        self._tell = tell
        self._failures: dict[str, _Failure] = {}

    @property
    def left_out(self) -> frozenset[str]:
        """The parts that are missing."""
        return frozenset(self._failures)

    def is_retrying(self, t: float) -> bool:
        """Whether something would be tried again at media time t, which may take as long as it did."""
        return any(t >= failure.retry for failure in self._failures.values())

    def attempt(self, part: str, cause: object, t: float, make: Callable[[], Made]) -> Made | None:
        """What `make` gives; None if that fails, or failed lately.

        Args:
            part: what it is called in the sentence.
            cause: what it is made of; made of something else, it is tried at once.
            t: media time in s.
        """
        failure = self._failures.get(part)
        is_known = failure is not None and failure.cause == cause
        if failure is not None and is_known and t < failure.retry:
            return None
        try:
            made = make()
        except Exception as error:
            if not is_known:
                expected = isinstance(error, AvatarRtcError)
                log.warning("%s cannot be made: %s", part, error, exc_info=not expected)
            pause = min(2 * failure.pause, MOST_RETRY_S) if failure and is_known else RETRY_PART_S
            self._set(part, _Failure(cause, t + pause, pause, f"{part} is left out: {_words(error)}"))
            return None
        if failure is not None:
            self._set(part, None)
        return made

    def _set(self, part: str, failure: _Failure | None) -> None:
        before = self._sentence()
        self._failures.pop(part, None)
        if failure is not None:
            self._failures[part] = failure
        if (now := self._sentence()) != before:
            self._tell(now)

    def _sentence(self) -> str:
        return ". ".join(failure.detail for _, failure in sorted(self._failures.items()))


def _words(error: Exception) -> str:
    if is_out_of_memory(error):
        return no_memory_for("it", error)
    return str(error) if isinstance(error, AvatarRtcError) else f"{type(error).__name__}: {error}"
