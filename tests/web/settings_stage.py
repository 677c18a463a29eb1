"""What the tests of the page settings have in common: the page, and an avatar left as it was found."""

from collections.abc import Callable, Iterator
from typing import Any

SIZE = {"width": 1280, "height": 860}
NO_CROP = {"enabled": False, "left": 0, "top": 0, "right": 1, "bottom": 1}


def ready(page: Any) -> None:
    """Until it is connected, and its controls are there."""
    page.wait_live()
    page.wait(
        "document.querySelector('[data-setting=liveliness]') && document.querySelector('.found button')"
    )


def settings_page(open_page: Callable[..., Any], server: Any) -> Iterator[Any]:
    """The page; afterwards the avatar is as it was."""
    page = open_page("/settings", viewport=SIZE)
    ready(page)
    yield page
    server.ask("DELETE", "avatars/main/settings")
    server.ask("DELETE", "avatars/main/emotions")
    server.ask("PUT", "avatars/main/chain", {"chain": []})
    server.ask("PUT", "avatars/main/crop", NO_CROP)
    server.ask("PUT", "avatars/main/framing", {"name": "whole"})
    server.ask("PUT", "avatars/main/backdrop", {"name": None})
    server.ask("PUT", "avatars/main/emotion", {"name": "neutral"})
    for switch in ("talking", "pause"):
        server.ask("PUT", f"avatars/main/{switch}", {"on": False})
    server.ask("PATCH", "avatars/main", {"character": "placeholder"})


def state_of(server: Any) -> dict[str, Any]:
    """Of the avatar."""
    return dict(server.get("avatars/main"))


def filters_of(server: Any) -> list[str]:
    """The names of its chain's operations."""
    return [name for name, _ in state_of(server)["chain"]]
