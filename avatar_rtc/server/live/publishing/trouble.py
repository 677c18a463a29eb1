"""What goes wrong with servers that avatars are sent to, and what is told of it."""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote, urlsplit

from avatar_rtc.errors import Unreachable

MAX_TOLD = 160
"""Characters of what such a server says."""
_LEAST_SECRET = 3
"""Shorter pieces of an address are in many a word."""


class SendingFailed(Unreachable):
    """A try failed; the next may work."""

    def __init__(self, sentence: str, retry_after_s: float | None = None, is_lasting: bool = False) -> None:
        """
        Args:
            retry_after_s: when it may, as the server says.
            is_lasting: the same is to be expected each time, unless it worked before.
        """
        self.retry_after_s, self.is_lasting = retry_after_s, is_lasting
        super().__init__(sentence)


def said_by(text: str, secrets: Iterable[str]) -> str:
    """What a server said, short, on one line and without these; "" if that is nothing to read.

    >>> said_by('no stream "abc123"\\n', ["abc123"])
    ': no stream "…"'
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text[:2000]).split())
    if not line or line.startswith("<"):  # a page for browsers
        return ""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        line = re.sub(re.escape(secret), "…", line, flags=re.IGNORECASE)
    return f": {line[:MAX_TOLD]}"


def secrets_of(address: str) -> tuple[str, ...]:
    """The pieces of an address that may open something: of its path, and its query."""
    parts = urlsplit(address)
    steps = [step for raw in (parts.path, unquote(parts.path)) for step in raw.split("/")]
    found = [parts.path, parts.query, *steps, *(value for _, value in parse_qsl(parts.query))]
    return tuple({each for each in found if len(each) >= _LEAST_SECRET})
