"""The question whether a plugin may drive the avatar, in the page: asked, answered, withdrawn."""

import asyncio
import concurrent.futures
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.waiting import wait_until
from tests.web.axe import assert_accessible, assert_fits
from tests.web.conftest import Page, Server, pages

pytestmark = pytest.mark.browser
NAME = "<img src=x onerror=alert(1)>"
OPEN = "document.querySelector('#plugin').open"
API = {"apiName": "VTubeStudioPublicAPI", "apiVersion": "1.0", "requestID": "q"}


@pytest.fixture(scope="module")
def plugins_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("plugins")
    server = Server(folder, more="[vts]\nenabled = true\nport = 0\ndiscovery = false\n")
    yield server
    server.close()


@pytest.fixture
def home(chromium: Any, plugins_server: Server) -> Iterator[Callable[..., Page]]:
    with pages(chromium, plugins_server) as open_page:
        yield open_page


class Asking:
    """A plugin that asks in a thread of its own."""

    def __init__(self, server: Server, name: str = NAME, origin: str = "") -> None:
        self._port, self._name, self._origin = server.get("plugins")["port"], name, origin
        self._pool = concurrent.futures.ThreadPoolExecutor(1)
        self.answer = self._pool.submit(partial(asyncio.run, self._ask()))

    async def _ask(self) -> dict[str, Any]:
        headers = {"Origin": self._origin} if self._origin else {}
        who = {"pluginName": self._name, "pluginDeveloper": "Some Body"}
        request = {**API, "messageType": "AuthenticationTokenRequest", "data": who}
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"http://127.0.0.1:{self._port}/", headers=headers) as socket,
        ):
            self._task = asyncio.current_task()
            self._loop = asyncio.get_running_loop()
            await socket.send_str(json.dumps(request))
            return dict(json.loads(await socket.receive_str())["data"])

    def leave(self) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)  # type: ignore[union-attr]


def test_a_plugin_is_allowed_on_the_page(home: Callable[..., Page], plugins_server: Server) -> None:
    page = home(viewport={"width": 390, "height": 760})
    page.wait_live()
    asking = Asking(plugins_server, origin="https://deck.example")
    page.wait(OPEN)
    shown = page.tab.inner_text("#plugin")
    assert NAME in shown and "by Some Body" in shown and "https://deck.example" in shown
    assert page.tab.evaluate("document.querySelector('#plugin img')") is None, "a name is text"
    assert page.tab.evaluate("document.activeElement.tagName") == "H2", "who was typing answers nothing"
    assert_accessible(page.tab, "#plugin")
    assert_fits(page.tab)
    page.tab.click("#plugin button.go")
    assert len(asking.answer.result(20)["authenticationToken"]) == 64
    page.wait(f"!{OPEN}")
    assert [each["name"] for each in plugins_server.get("plugins")["plugins"]] == [NAME]


def test_one_that_asked_before_the_page_was_there_is_denied(
    home: Callable[..., Page], plugins_server: Server
) -> None:
    asking = Asking(plugins_server, "A second plugin")
    wait_until(lambda: plugins_server.get("plugins")["asking"])
    page = home(color_scheme="dark")
    page.wait_live()
    page.wait(OPEN)
    assert_accessible(page.tab, "#plugin")
    page.tab.keyboard.press("Tab")
    assert page.tab.evaluate("document.activeElement.textContent") == "Deny"
    page.tab.keyboard.press("Enter")
    assert asking.answer.result(20)["errorID"] == 50


def test_the_question_goes_with_who_asked(home: Callable[..., Page], plugins_server: Server) -> None:
    page = home()
    page.wait_live()
    asking = Asking(plugins_server, "A third plugin")
    page.wait(OPEN)
    asking.leave()
    page.wait(f"!{OPEN}")
