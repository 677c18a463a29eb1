"""Every error this project raises on purpose, and the sentence a user reads.

AvatarRtcError
├── InputError            something handed in is wrong (HTTP 400, exit code 2)
│   ├── UnknownName       a name that is not in the list; the nearest one is named
│   ├── OutOfRange        a number outside its declared range
│   ├── UnsuitableImage   not an RGBA picture we can animate
│   ├── TooLarge          more bytes or pixels than the limit (HTTP 413)
│   ├── Unreadable        a text in a script that no voice here reads
│   ├── BadMessage        a control message that cannot be read
│   └── BadOffer          an SDP offer we cannot answer
├── NotFound              nothing of that name here (HTTP 404)
├── AlreadyThere          the name is taken (HTTP 409)
├── Refused               not allowed from there, or with this token (HTTP 403)
├── BadToken              a bearer token that is missing, expired, or of nobody known (HTTP 401)
├── CapacityExceeded      the limit of viewers or avatars is reached (HTTP 503)
│   └── TooSoon           one caller asks for more than its share of it (HTTP 429)
├── DiskFull              the disk, or what recordings may have of it, is full (HTTP 507)
├── WorkerLost            the render worker died or did not answer in time (HTTP 503)
├── EngineFailed          a speech engine is away, hangs, or answers nonsense (HTTP 502)
├── Unreachable           a server cannot be reached, or the connection to it was lost (exit code 1)
└── SetupError            this machine lacks something: weights, disk, network (exit code 1)

Messages say what was wrong and what is wanted. This module knows nothing of HTTP: `server/http/problems.py`
maps a class to its status.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Self


class AvatarRtcError(Exception):
    """The root of the tree; its text is meant for the user."""


class InputError(AvatarRtcError):
    """Something handed in is wrong, and the caller can mend it."""

    def after(self, place: str) -> Self:
        """The same error, with the place where it was found before its sentence.

        Another object: raised where this one is at hand, it would hold itself until the collector comes.
        """
        placed = type(self).__new__(type(self))
        placed.__dict__ |= self.__dict__
        placed.args = (f"{place}{self}",)
        return placed


MAX_SHOWN = 80
"""Characters of a name, in the sentence about it."""


class UnknownName(InputError):
    """A name that is not among the known ones; says which known name is nearest, and all if `listed`."""

    def __init__(self, kind: str, name: str, known: Iterable[str], listed: bool = False) -> None:
        names = list(known)
        self.kind, self.name = kind, name
        # Whoever sends 60 kB as a name gets neither 50 ms of comparing nor all of it back.
        name = name if len(name) <= MAX_SHOWN else f"{name[:MAX_SHOWN]}…"
        near = get_close_matches(name, names, n=1, cutoff=0.0)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        others = f" Wanted is one of {', '.join(map(repr, names))}" if listed and len(names) > 1 else ""
        super().__init__(f"unknown {kind} {name!r}{hint}{others}")


class OutOfRange(InputError):
    """A number outside its declared range, both ends inclusive."""

    def __init__(self, name: str, value: float, low: float, high: float) -> None:
        # An int may be too large for a float, and far too long to be read.
        shown = f"{value:g}" if abs(value) < 1e300 else "huge"
        super().__init__(f"{name} is {shown}, but must lie in {low:g}..{high:g}")


class UnsuitableImage(InputError):
    """The bytes are no picture, or a picture that cannot be animated."""


class TooLarge(InputError):
    """More bytes or pixels than the limit allows."""


class Unreadable(InputError):
    """A text that no voice here can read."""


class BadMessage(InputError):
    """A control message that is no JSON, has no known type, or lacks a field."""


class BadOffer(InputError):
    """An SDP offer that cannot be read, or that asks for nothing we can send."""


class NotFound(AvatarRtcError):
    """Nothing of that name is here."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"there is no {kind} {name!r} here")


class AlreadyThere(AvatarRtcError):
    """Something of that name is here already."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"there is {kind} {name!r} already; choose another name, or delete it first")


class Refused(AvatarRtcError):
    """The request comes from where it may not come from, or wants what may not be."""


class BadToken(AvatarRtcError):
    """No bearer token, or one that grants nothing; the text holds none of it."""


class CapacityExceeded(AvatarRtcError):
    """A limit is reached; trying again after `retry_after` seconds may work."""

    def __init__(self, what: str, limit: float, retry_after: int = 5) -> None:
        self.retry_after = retry_after
        super().__init__(f"the limit of {limit:g} {what} is reached; try again later")


class TooSoon(CapacityExceeded):
    """One caller has had its share of the last minutes; after `retry_after` seconds there is more of it."""

    def __init__(self, what: str, limit: float, retry_after: int) -> None:
        self.retry_after = retry_after
        AvatarRtcError.__init__(
            self, f"you may ask for {limit:g} {what} a minute; try again in {retry_after} s"
        )


class DiskFull(AvatarRtcError):
    """The disk, or a folder's share of it, is full."""


class WorkerLost(AvatarRtcError):
    """The render worker died or did not answer in time; a new one is being started."""


class EngineFailed(AvatarRtcError):
    """A speech engine or its server is away, hangs, or answers nonsense."""


class Unreachable(AvatarRtcError):
    """A server cannot be reached, did not answer as it should, or the connection to it was lost."""


class SetupError(AvatarRtcError):
    """This machine lacks something the command needs; the text names the fix."""


FAILED = "this failed inside the server"
"""What callers read of an error nobody foresaw; the log has the rest."""
OPERATORS = (SetupError, EngineFailed, WorkerLost)
"""Their texts may name files and servers that callers have no business with."""
_ADDRESS = re.compile(
    r"""\w+://[^\s;,'"]+"""
    r"""|(?<![\w.])(?:/|[A-Za-z]:\\)[\w.~-]+[/\\][^\s;,:'"]*"""
    r"""|\('[\w.:%-]+'(?:, \d+)+\)"""
)
"""URLs, absolute paths, and sockets as Python writes them."""


def public(error: BaseException) -> str:
    """What a caller may read of an error; the operator reads all of it in the log."""
    if not isinstance(error, AvatarRtcError):
        return FAILED
    return without_addresses(str(error)) if isinstance(error, OPERATORS) else str(error)


def without_addresses(text: str) -> str:
    """A text for callers: without URLs, sockets and absolute paths of ours.

    >>> without_addresses("the piper server at http://10.0.0.7:5000 refused; see /var/log/x")
    'the piper server at … refused; see …'
    """
    return _ADDRESS.sub("…", text)
