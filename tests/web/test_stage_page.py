"""A stage in a page: shown, heard and told of as any avatar."""

import urllib.request
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.waiting import wait_until
from tests.web.conftest import Server

pytestmark = pytest.mark.browser
SIZE = {"width": 640, "height": 360}


@pytest.fixture
def stage(server: Server) -> Iterator[str]:
    server.ask("POST", "avatars", {"id": "guest", "character": "tavi"})
    members = [{"avatar": "main", "x": 0.25}, {"avatar": "guest", "x": 0.75}]
    server.ask(
        "POST", "stages", {"id": "show", "avatars": members, "width": SIZE["width"], "height": SIZE["height"]}
    )
    yield "show"
    for path in ("stages/show", "avatars/guest"):
        asked = urllib.request.Request(f"{server.url}/api/v1/{path}", method="DELETE")
        urllib.request.urlopen(asked, timeout=10).close()


def alpha(page: Any) -> Any:
    """How opaque the page is, row by row."""
    from io import BytesIO

    from PIL import Image

    with Image.open(BytesIO(page.tab.screenshot(omit_background=True))) as picture:
        return np.asarray(picture.convert("RGBA"))[..., 3]


def test_the_bare_page_shows_everybody_on_a_stage(stage: str, open_page: Any, server: Server) -> None:
    page = open_page(f"/view/{stage}?muted", viewport=SIZE)
    page.wait_live()
    # Both figures at their places, and nothing between them at the top.
    wait_until(lambda: bool(alpha(page)[300:, 140:180].min() == alpha(page)[300:, 460:500].min() == 255))
    assert alpha(page)[:20, 300:340].max() == 0
    server.ask("DELETE", "stages/show/avatars/guest")
    wait_until(lambda: bool(alpha(page)[300:, 460:500].max() == 0 < alpha(page)[300:, 140:180].min()))
