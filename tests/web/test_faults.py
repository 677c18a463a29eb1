"""What can go wrong between a page and its avatar: for good or for now, and what the element says."""

import itertools
import json
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import pytest

from tests.waiting import wait_until
from tests.web.conftest import Foreign, Server, _ForeignPage

pytestmark = pytest.mark.browser

FOR_NOW = {408, 409, 425, 429, *range(500, 600)} - {501, 505}
WHEP = "/api/v1/avatars/main/whep"
PAGE = (
    '<!doctype html><script type="module" src="{url}/avatar-rtc.js"></script>'
    '<avatar-rtc src="{src}" muted>Loading…</avatar-rtc>'
)
BADGE = "document.querySelector('avatar-rtc').shadowRoot.querySelector('.badge')"
LOOPBACK = ("localhost", "127.0.0.1", "127.9.9.9", "[::1]", "a.localhost")
ADDRESSES = (
    ("http:", "whep", None),
    ("http:", "//a.example/x", None),
    ("http:", "http://[", "cannot be read"),
    ("http:", "ftp://a.example/x", "begins with ftp:"),
    ("http:", "data:text/html,x", "begins with data:"),
    ("http:", "http://u:p@a.example/x", "name or password"),
    ("https:", "http://a.example/x", "TLS"),
    ("https:", "http://192.168.0.2/x", "TLS"),
    ("https:", "http://127.0.0.1.a.example/x", "TLS"),
    ("https:", "https://a.example/x", None),
    *(("https:", f"http://{host}:8080/x", None) for host in LOOPBACK),
)
"""Scheme of the page, `src`, and what is said of it."""
FORBID = """(src) => {
  const policy = { httpEquiv: 'Content-Security-Policy', content: "connect-src 'none'" };
  document.head.append(Object.assign(document.createElement('meta'), policy));
  document.querySelector('avatar-rtc').src = src;
}"""
STRANGE_ANSWERS = (
    ({"status": 200, "body": "<!doctype html>", "content_type": "text/html"}, "answers text/html"),
    ({"status": 201, "json": {"sdp": ""}}, "answers application/json"),
    ({"status": 201, "body": "v=0\r\nnonsense", "content_type": "application/sdp"}, "cannot be used"),
    ({"status": 401, "body": "who are you?"}, "password or key (401)"),
    ({"status": 403, "body": ""}, "403"),
)


@pytest.fixture
def embed(chromium: Any, server: Server) -> Iterator[Callable[[Foreign, str], Any]]:
    """(site, src) → a tab of that site with the element."""
    contexts = []

    def embed(site: Foreign, src: str) -> Any:
        site.html = PAGE.format(url=server.url, src=src)
        context = chromium.new_context()
        contexts.append(context)
        tab = context.new_page()
        tab.goto(site.origin)
        return tab

    yield embed
    for context in contexts:
        context.close()


def told(tab: Any, state: str) -> str:
    """What the element says once it is in that state."""
    tab.wait_for_function(f"() => document.querySelector('avatar-rtc')?.state === {state!r}", polling=50)
    assert tab.evaluate(f"{BADGE}.getAttribute('role')") == "status"
    said: str = tab.evaluate(f"{BADGE}.textContent")
    return said


def module(tab: Any, expression: str) -> Any:
    """The value of an expression in which `faults` is the module."""
    return tab.evaluate(f"import('/faults.js').then((faults) => {expression})")


def test_what_stays_and_what_passes_in_numbers(open_page: Any) -> None:
    tab = open_page("/view/main").tab
    since = (0, 59_999, 60_001, None)
    cases = list(itertools.product(range(400, 600), since))
    asked = f"{json.dumps(cases)}.map(([status, since]) => faults.isForGood(status, since ?? Infinity))"
    for (status, ms), is_final in zip(cases, module(tab, asked), strict=True):
        missed = status == HTTPStatus.NOT_FOUND and ms is not None and ms < 60_000
        assert is_final is (status not in FOR_NOW and not missed), (status, ms)
    asked = "[0, 7, 1e9].map((s) => [0, 1].map((c) => faults.waitMs(n, s, c)))"
    away = (0, 3_000, 6_000, 30_000, 1e9)
    waits = module(tab, f"{json.dumps(away)}.flatMap((n) => {asked})")
    assert all(250 <= low <= high for low, high in waits)
    assert [low for low, _ in waits[1::3]] == [7_000] * len(away), (
        "never before the time that the server asked for"
    )
    assert max(high for _, high in waits) == 75_000
    # Who is away for seconds is found within one, who is away for long costs little; not all come at once.
    assert waits[::3] == [[250, 500], [250, 500], [500, 1_000], [2_500, 5_000], [2_500, 5_000]]


def test_addresses_that_lead_nowhere_in_numbers(open_page: Any) -> None:
    tab = open_page("/view/main").tab
    asked = f"""{json.dumps(ADDRESSES)}.map(([protocol, src]) => {{
      try {{
        faults.endpoint(src, {{ base: 'http://b.example/page', protocol }});
        return null;
      }} catch (error) {{ return error.message; }}
    }})"""
    for (protocol, src, says), got in zip(ADDRESSES, module(tab, asked), strict=True):
        assert got is None if says is None else says in (got or ""), (protocol, src, got)


def test_a_refused_origin_ends_it_with_the_way_out(embed: Any, server: Server, stranger: Foreign) -> None:
    tab = embed(stranger, server.url + WHEP)
    said = told(tab, "failed")
    assert f"--allow-origin {stranger.origin}" in said and "allowed_origins" in said
    # So may whoever asks with another type, for which browsers ask first.
    asked = "{ method: 'POST', body: 'v=0', headers: { 'Content-Type': 'application/sdp' } }"
    read = f"fetch('{server.url}{WHEP}', {asked}).then(async (it) => [it.status, (await it.json()).detail])"
    status, detail = tab.evaluate(read)
    assert status == 403 and stranger.origin in detail


def test_a_wrong_avatar_or_address_ends_it(embed: Any, server: Server, foreign: Foreign) -> None:
    tab = embed(foreign, f"{server.url}/api/v1/avatars/nobody/whep")
    assert "nobody" in told(tab, "failed")
    for path in ("/", "/api/v1/filters", "/nowhere"):
        tab.evaluate("(src) => { document.querySelector('avatar-rtc').src = src; }", server.url + path)
        assert WHEP in told(tab, "failed")


def _giving(answer: dict[str, Any]) -> Callable[[Any], None]:
    return lambda route: route.fulfill(**answer)


def test_what_is_no_avatar_server_is_said(open_page: Any) -> None:
    page = open_page("/view/main")
    for number, (answer, says) in enumerate(STRANGE_ANSWERS):
        page.tab.route(f"**/{number}/whep?*", _giving(answer))
        page.tab.evaluate(f"document.querySelector('avatar-rtc').src = '/api/v1/avatars/{number}/whep'")
        assert says in told(page.tab, "failed")
    page.errors[:] = [line for line in page.errors if "40" not in line]


def test_a_server_that_is_away_is_tried_again_and_said(embed: Any, stranger: Foreign, server: Server) -> None:
    gone = Foreign(("127.0.0.1", 0), _ForeignPage)
    gone.server_close()
    tab = embed(stranger, gone.origin + WHEP)
    said = told(tab, "retrying")
    assert said.startswith("connecting…") and f"127.0.0.1:{gone.server_port} cannot be reached" in said
    assert "avatar-rtc serve" in said and stranger.origin in said
    seen: list[str] = []
    tab.on("requestfailed", lambda request: seen.append(request.url))
    wait_until(lambda: tab.evaluate("1") and len(seen) > 1)


def test_a_page_that_forbids_the_server_says_so(embed: Any, server: Server, foreign: Foreign) -> None:
    tab = embed(foreign, "")
    tab.evaluate(FORBID, server.url + WHEP)
    assert f"Content-Security-Policy forbids {server.url}" in told(tab, "failed")
