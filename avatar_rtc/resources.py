"""Where `web/` and `assets/` lie: in a wheel, an sdist and an editable checkout alike."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource(*parts: str) -> Path:
    """The path of a shipped file or folder, such as `resource("web", "index.html")`.

    A wheel carries both folders inside the package (`_shipped/`); a checkout has them beside it.
    """
    shipped = _PACKAGE / "_shipped"
    root = shipped if shipped.is_dir() else _PACKAGE.parent
    return root.joinpath(*parts)
