"""What goes to the log while a card is measured: what was refused there belongs into the report."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_MOST_CHARACTERS = 400
"""Of a warning."""
_MOST_WARNINGS = 100


@contextmanager
def noted_warnings() -> Iterator[Sequence[str]]:
    """Our warnings meanwhile, each once; a growing list."""
    kept = _Kept()
    log = logging.getLogger("avatar_rtc")
    log.addHandler(kept)
    try:
        yield kept.said
    finally:
        log.removeHandler(kept)


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler.emit`."""
        said = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            said += f" ({record.exc_info[1]!r})"
        said = " ".join(said.split())[:_MOST_CHARACTERS]
        if said not in self.said and len(self.said) < _MOST_WARNINGS:
            self.said.append(said)
