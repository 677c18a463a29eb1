"""Whom a line of the log concerns; tasks and timers inherit it of what has made them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_AVATAR: ContextVar[str] = ContextVar("avatar", default="")
_VIEWER: ContextVar[str] = ContextVar("viewer", default="")
_SECRET_LENGTH = 16
"""Names so long may be such as nobody can guess, so that whoever reads one may use what it names."""


@contextmanager
def concerning(avatar: str = "", viewer: str = "") -> Iterator[None]:
    """All that is logged within, and by tasks and timers made within, concerns these; "" is as before."""
    tokens = [
        (variable, variable.set(shown))
        for variable, shown in ((_AVATAR, shown_avatar(avatar)), (_VIEWER, shown_viewer(viewer)))
        if shown
    ]
    try:
        yield
    finally:
        for variable, token in tokens:
            variable.reset(token)


def concerned() -> dict[str, str]:
    """Whom what is logged now concerns: "avatar", "viewer", or none of them."""
    found = {"avatar": _AVATAR.get(), "viewer": _VIEWER.get()}
    return {name: value for name, value in found.items() if value}


def shown_avatar(name: str) -> str:
    """An avatar's name as logs may hold it.

    >>> shown_avatar("main"), shown_avatar("0123456789abcdef")
    ('main', '0123…')
    """
    return name if len(name) < _SECRET_LENGTH else f"{name[:4]}…"


def shown_viewer(viewer_id: str) -> str:
    """What tells a viewer apart in logs and figures, and opens nothing: its id, cut short."""
    return viewer_id[:6]
