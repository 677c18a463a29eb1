"""Pages of other sites in a real browser: what they can frame, show and read."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.web.conftest import Foreign, Server

pytestmark = pytest.mark.browser
SHOW = """
<iframe id="whole" src="{url}/"></iframe>
<iframe id="view" src="{url}/view/main"></iframe>
<img id="snapshot" src="{url}/api/v1/avatars/main/snapshot.png">
<script>
window.fetched = fetch("{url}/api/v1/avatars/main/snapshot.png").then((it) => it.status, () => "refused");
</script>
"""


@pytest.fixture
def show(chromium: Any, server: Server) -> Iterator[Callable[[Foreign], Any]]:
    """(site) → a tab with a page of it that wants all of the server."""
    contexts = []

    def show(site: Foreign) -> Any:
        site.html = SHOW.format(url=server.url)
        context = chromium.new_context()
        contexts.append(context)
        tab = context.new_page()
        tab.goto(site.origin, wait_until="load")
        return tab

    yield show
    for context in contexts:
        context.close()


def has_page(tab: Any, name: str) -> bool:
    """Whether a frame shows the server's page and not the browser's word that it may not."""
    frame = tab.query_selector(f"#{name}").content_frame()
    return frame.query_selector("script[type=module]") is not None


def width(tab: Any) -> int:
    return tab.evaluate("document.querySelector('#snapshot').naturalWidth")


def test_a_stranger_frames_shows_and_reads_nothing_but_why(show, stranger):
    tab = show(stranger)
    assert not has_page(tab, "whole") and not has_page(tab, "view")
    assert width(tab) == 0 and tab.evaluate("window.fetched") == 403


def test_an_allowed_site_frames_the_view_shows_and_reads(show, foreign, open_page):
    open_page().wait_live()
    tab = show(foreign)
    assert not has_page(tab, "whole") and has_page(tab, "view")
    tab.wait_for_function("document.querySelector('#snapshot').complete")
    assert width(tab) > 0 and tab.evaluate("window.fetched") == 200
