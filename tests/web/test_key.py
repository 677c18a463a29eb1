"""Pages of a server that wants tokens: the key is asked for once, kept by the tab, and sent."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from avatar_rtc.grants import Grant
from avatar_rtc.server.access.tokens import make_token
from tests.web.conftest import Page, Server

pytestmark = pytest.mark.browser

SECRET = "north-north-west-north-north-west"


def token(scope: Any, avatar: str | None = None) -> str:
    return make_token(SECRET.encode(), Grant(scope, avatar), time.time(), 600)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("closed")
    (folder / "secret").write_text(SECRET)
    server = Server(folder, more=f"[access]\nsecret = 'file:{folder / 'secret'}'\n")
    yield server
    server.close()


@pytest.fixture
def tab(chromium: Any, closed: Server) -> Iterator[Page]:
    context = chromium.new_context()
    yield Page(context.new_page(), closed.url)
    context.close()


def test_the_page_asks_once_for_a_key_and_keeps_it_for_its_tab(tab: Page, closed: Server) -> None:
    tab.tab.goto(closed.url)
    tab.wait("document.querySelectorAll('dialog.key').length === 1")
    tab.tab.fill("dialog.key input", token("admin"))
    tab.tab.click("dialog.key button")
    tab.wait_live()
    tab.wait("document.querySelector('#cast input') && !document.querySelector('dialog.key')")
    with tab.tab.expect_download() as download:
        tab.tab.evaluate("document.querySelector('#snapshot').click()")
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
    tab.tab.reload()
    tab.wait("avatar.state === 'live' && !document.querySelector('dialog.key')")
    said = tab.tab.evaluate("document.querySelector('avatar-rtc').setEmotion('joy').then((ok) => ok.type)")
    assert said == "ok" and tab.tab.evaluate("localStorage.length") == 0


def test_who_gives_no_key_is_told_and_not_asked_again(tab: Page, closed: Server) -> None:
    tab.tab.goto(closed.url)
    tab.wait("document.querySelectorAll('dialog.key').length === 1")
    tab.tab.keyboard.press("Escape")
    tab.wait("!document.querySelector('dialog.key') && avatar.state === 'failed'")
    tab.wait("!document.querySelector('#alert').hidden")
    assert "bearer token" in tab.tab.inner_text("#alert p")


def test_a_view_takes_a_token_to_watch_from_its_address(tab: Page, closed: Server) -> None:
    tab.tab.goto(f"{closed.url}/view/main?muted&access_token={token('view', 'main')}")
    tab.wait("avatar.state === 'live'")
    told = "document.querySelector('avatar-rtc').setEmotion('joy')"
    tab.tab.evaluate(f"{told}.catch((no) => {{ globalThis.said = no.message; }})")
    tab.wait("globalThis.said?.includes('scope control')")


def test_the_element_says_what_it_lacks_and_a_new_token_connects_anew(tab: Page, closed: Server) -> None:
    tab.tab.goto(f"{closed.url}/view/main?muted")
    tab.wait("avatar.state === 'failed'")
    badge = "document.querySelector('avatar-rtc').shadowRoot.querySelector('.badge').textContent"
    assert "token" in tab.tab.evaluate(badge)
    tab.tab.evaluate("(token) => { document.querySelector('avatar-rtc').token = token; }", token("view"))
    tab.wait("avatar.state === 'live'")
    resource = "performance.getEntriesByType('resource').map(({ name }) => name).join(' ')"
    assert "access_token" not in tab.tab.evaluate(resource)


def test_a_newer_token_keeps_the_connection_and_one_for_less_makes_another(tab: Page, closed: Server) -> None:
    tab.tab.goto(f"{closed.url}/view/main?muted&access_token={token('view', 'main')}")
    tab.wait("avatar.state === 'live'")
    tab.tab.evaluate("() => { globalThis.avatar = document.querySelector('avatar-rtc'); }")
    tab.tab.evaluate(
        "(token) => { globalThis.first = avatar.connection; first.addEventListener('statechange',"
        " ({ detail }) => { globalThis.changed = detail.state; }); avatar.token = token; }",
        token("control"),
    )
    # It may do what the newer one grants, as soon as the server has read it.
    tab.wait("avatar.setEmotion('joy').then(({ type }) => type === 'ok', () => false)")
    assert tab.tab.evaluate("avatar.connection === first && globalThis.changed === undefined")
    tab.tab.evaluate("(token) => { avatar.token = token; }", token("view"))
    tab.wait("avatar.connection !== first && avatar.state === 'live'")
    refused = "avatar.setEmotion('joy').then(() => '', ({ message }) => message)"
    assert "scope control" in tab.tab.evaluate(refused)
