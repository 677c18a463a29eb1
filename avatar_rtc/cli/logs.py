"""What the server logs: its own words at the level asked for, of libraries only warnings; no floods."""

import json
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from avatar_rtc.log_context import concerned

_QUIET = ("aioice", "aiortc", "aiohttp", "asyncio", "PIL", "av", "libav", "numba", "charset_normalizer")
"""Below a warning they tell passwords of connections (`ice-pwd`), or every packet."""
_TOKEN = re.compile(r"(access_token=|[Bb]earer[ .](?=[\w.~+/=-]{12}))[^\s&,;'\"]+")
LINES_AT_ONCE = 5
"""Lines of one kind that are told before the rest of a minute is only counted."""
MINUTE_S = 60.0
_MOST_KINDS = 500


LOG_FORMATS = ("text", "json")


def set_up(level: str, kind: str = "text") -> None:
    """Log to stderr from a level on: "debug", "info", "warning" or "error".

    Args:
        kind: of `LOG_FORMATS`.
    """
    logging.basicConfig(level=level.upper())
    for handler in logging.getLogger().handlers:
        handler.setFormatter(WithoutTokens("%(asctime)s %(levelname)s %(name)s %(message)s"))
        handler.addFilter(Repeats())
        if kind == "json":
            handler.setFormatter(JsonLines())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


class JsonLines(logging.Formatter):
    """One object a line: time (UTC), level, logger, message; avatar, viewer, traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        at = datetime.fromtimestamp(record.created, UTC)
        line = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **concerned(),
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["traceback"] = self.formatException(record.exc_info)
        return without_tokens(json.dumps(line, ensure_ascii=False))


class WithoutTokens(logging.Formatter):
    """Writes what is said, tracebacks included, without the bearer tokens that anybody put into it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return without_tokens(super().format(record))


def without_tokens(line: str) -> str:
    """The line without the bearer tokens in it.

    >>> without_tokens("GET /view/main?access_token=eyJhbGciOi")
    'GET /view/main?access_token=…'
    """
    return _TOKEN.sub(r"\1…", line)


@dataclass
class _Kind:
    """Lines of one kind within a minute."""

    since: float
    told: int = 0
    left_out: int = 0


class Repeats(logging.Filter):
    """Lets five warnings of a kind through in a minute, and tells how many more there were with the next.

    A kind is who says it and the words without what is filled in, or what raised and where.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._kinds: dict[object, _Kind] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """False for a line that is only counted."""
        if record.levelno < logging.WARNING:
            return True  # whoever asks for these wants each of them
        now, key = self._clock(), _kind_of(record)
        kind = self._kinds.get(key)
        if kind is None or now - kind.since >= MINUTE_S:
            if kind is not None and kind.left_out:
                record.msg = f"{record.getMessage()} (and {kind.left_out} more of this kind before)"
                record.args = None
            if len(self._kinds) >= _MOST_KINDS:
                self._kinds.clear()
            kind = self._kinds[key] = _Kind(now)
        if kind.told >= LINES_AT_ONCE:
            kind.left_out += 1
            return False
        kind.told += 1
        return True


def _kind_of(record: logging.LogRecord) -> object:
    words = str(record.msg).partition("\n")[0][:200]
    if not record.exc_info or record.exc_info[1] is None:
        return record.name, record.levelno, words
    _, error, trace = record.exc_info
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = None if trace is None else (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
    return record.name, words, type(error), where
