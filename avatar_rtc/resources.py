"""Where `web/` and `assets/` lie: in a wheel, an sdist and an editable checkout alike."""

import tomllib
from pathlib import Path
from typing import Any

from avatar_rtc.errors import SetupError

_PACKAGE = Path(__file__).resolve().parent


def resource(*parts: str) -> Path:
    """The path of a shipped file or folder, such as `resource("web", "index.html")`.

    A wheel carries both folders inside the package (`_shipped/`); a checkout has them beside it.
    """
    shipped = _PACKAGE / "_shipped"
    root = shipped if shipped.is_dir() else _PACKAGE.parent
    return root.joinpath(*parts)


def shipped_toml(what: str, *parts: str) -> dict[str, Any]:
    """What a shipped TOML file says.

    Args:
        what: is in it, for people.
        parts: as of `resource`.

    Raises:
        SetupError: it cannot be read.
    """
    try:
        return tomllib.loads(resource(*parts).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SetupError(f"{what} cannot be read ({error}); reinstall the package") from None
