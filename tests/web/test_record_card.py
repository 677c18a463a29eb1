"""The card "Record" in a page, on a real server: two pages, a download, keys, a server that is killed."""

import io
import re
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import av
import pytest

from tests.web.conftest import Page, Server

pytestmark = pytest.mark.browser
MOUNT = """async () => {
  const { RecordCard } = await import('/record_card.js');
  const { request } = await import('/api.js');
  const sheet = document.createElement('link');
  Object.assign(sheet, { rel: 'stylesheet', href: '/record_card.css' });
  const loaded = new Promise((resolve) => sheet.addEventListener('load', resolve));
  document.head.append(sheet);
  await loaded;
  const root = document.createElement('section');
  root.className = 'card';
  root.id = 'here';
  document.querySelector('main').prepend(root);
  window.said = [];
  window.wrong = [];
  const card = new RecordCard(root, { path: 'avatars/main', request,
    complain: (error) => window.wrong.push(error.message), announce: (text) => window.said.push(text) });
  document.querySelector('avatar-rtc').addEventListener('avatarstate', ({ detail }) => card.show(detail));
}"""
INSIDE = """() => {
  const right = (each) => each.getBoundingClientRect().right;
  const edge = right(document.querySelector('#here')) + 1;
  return [...document.querySelectorAll('#here *')].every((each) => right(each) <= edge);
}"""
READY = "document.querySelector('#here .takes a')"


def mounted(page: Page) -> Page:
    page.wait_live()
    page.tab.evaluate(MOUNT)
    return page


def recorded(server: Server) -> list[dict[str, Any]]:
    return server.get("avatars/main/recordings")["recordings"]


def refuse(route: Any) -> None:
    problem = '{"detail": "There is no room."}'
    route.fulfill(status=507, content_type="application/problem+json", body=problem)


def pictures(data: bytes) -> int:
    with av.open(io.BytesIO(data), "r") as file:
        return len([*file.decode(video=0)])


@pytest.fixture
def nothing_kept(server: Server) -> None:
    for kept in recorded(server):
        server.ask("DELETE", f"avatars/main/recordings/{kept['id']}")


@pytest.mark.usefixtures("nothing_kept")
def test_two_pages_record_one_avatar(open_page: Callable[..., Page], server: Server) -> None:
    first, second = mounted(open_page()), mounted(open_page())
    rec = first.tab.locator("#here .rec")
    rec.focus()
    first.tab.keyboard.press("Enter")
    for page in (first, second):
        page.wait("document.querySelector('#here .rec').getAttribute('aria-pressed') === 'true'")
        page.wait("/0:01/.test(document.querySelector('#here .rec').textContent)")
    second.tab.locator("#here .rec").click()
    for page in (first, second):
        page.wait("document.querySelector('#here .rec').getAttribute('aria-pressed') === 'false'")
        page.wait(READY)
        assert page.tab.evaluate("wrong") == []
        assert {"recording", "stopped recording"} <= set(page.tab.evaluate("said"))
    with first.tab.expect_download() as waiting:
        first.tab.locator("#here").get_by_role("link", name=re.compile("^Download")).click()
    assert re.fullmatch(r"main-\d{8}-\d{6}\.mp4", waiting.value.suggested_filename)
    assert pictures(waiting.value.path().read_bytes()) > 2
    first.tab.locator("#here").get_by_role("button", name=re.compile("^Delete")).click()
    second.wait("!document.querySelector('#here .takes li')")
    assert recorded(server) == []


@pytest.mark.usefixtures("nothing_kept")
def test_it_fits_and_says_what_was_wrong(open_page: Callable[..., Page], server: Server) -> None:
    page = mounted(open_page(viewport={"width": 1280, "height": 800}))
    server.ask("POST", "avatars/main/recordings", {"max_s": 0.3})
    page.wait(READY)
    for width in (1280, 360):
        page.tab.set_viewport_size({"width": width, "height": 800})
        assert page.tab.evaluate(INSIDE), width
    page.tab.route("**/recordings", refuse)
    page.tab.locator("#here .rec").click()
    page.wait("wrong.length")
    assert "no room" in page.tab.evaluate("wrong[0]")
    page.errors.clear()  # Chromium logs the 507


def test_a_server_that_is_killed_leaves_what_can_be_played(own_server: Server) -> None:
    made = own_server.ask("POST", "avatars/main/recordings", {})
    until = time.monotonic() + 20
    while recorded(own_server)[0]["seconds"] < 2.2 and time.monotonic() < until:
        time.sleep(0.1)
    own_server.kill()
    own_server.start()
    while (kept := recorded(own_server)[0])["state"] != "done" and time.monotonic() < until + 20:
        time.sleep(0.1)
    assert kept["id"] == made["id"] and kept["seconds"] >= 1.0
    path = f"{own_server.url}/api/v1/avatars/main/recordings/{kept['id']}?download"
    with urllib.request.urlopen(path, timeout=10) as response:
        assert pictures(response.read()) > 2
