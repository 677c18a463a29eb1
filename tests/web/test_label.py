"""A label in every picture, as a viewer in a browser sees it, whatever is said to the avatar."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.waiting import wait_until
from tests.web.conftest import Server, pages
from tests.web.test_browser import SIDE, frames

pytestmark = pytest.mark.browser

LABEL = (slice(SIDE * 15 // 16, SIDE), slice(SIDE * 3 // 4, SIDE))


@pytest.fixture
def labelling(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, more='disclosure = "picture"\n')
    yield server
    server.close()


def white(page: Any) -> int:
    """How many pixels where the label is are as bright as its letters."""
    return int((frames(page, 1)[0][LABEL][..., :3].min(-1) > 170).sum())


def put(server: Server, path: str, body: object) -> None:
    request = urllib.request.Request(f"{server.url}/api/v1/{path}", json.dumps(body).encode(), method="PUT")
    request.add_header("Content-Type", "application/json")
    urllib.request.urlopen(request, timeout=10).close()


def test_nothing_that_is_said_takes_it_away(chromium: Any, labelling: Server) -> None:
    with pages(chromium, labelling) as open_page:
        page = open_page("/")
        wait_until(lambda: white(page) > 15)
        assert labelling.get("avatars/main")["disclosure"] is True
        for chain in ([["translucent_display", {"alpha": 0.1}]], []):
            put(labelling, "avatars/main/chain", {"chain": chain})
            frames(page, 5)
            assert white(page) > 15 and np.ptp(frames(page, 1)[0][LABEL][..., 3]) > 100


def test_its_text_is_typed(chromium: Any, server: Server) -> None:
    with pages(chromium, server) as open_page:
        page = open_page("/settings")
        page.tab.click(".picker summary")
        page.tab.fill(".picker [type=search]", "label")
        page.tab.press(".picker [type=search]", "Enter")
        wait_until(lambda: [name for name, _ in server.get("avatars/main")["chain"]] == ["label"])
        wait_until(lambda: white(page) > 15)
        field = page.tab.locator("[data-parameter=text] input")
        assert field.input_value() == "AI-generated"
        field.fill("MADE BY A MACHINE")
        field.press("Enter")
        wait_until(lambda: server.get("avatars/main")["chain"][0][1]["text"] == "MADE BY A MACHINE")
        field.fill("")
        field.press("Enter")
        assert server.get("avatars/main")["chain"][0][1]["text"] == "MADE BY A MACHINE"
        page.tab.click("[aria-label='Remove label']")
        wait_until(lambda: server.get("avatars/main")["chain"] == [])
