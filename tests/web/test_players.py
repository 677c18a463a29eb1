"""Players of others stay connected: a page that asks as MediaMTX's does, and the element, in two browsers."""

from pathlib import Path

import pytest

from tests.web.conftest import CHROMIUM, Server
from tests.web.players import ELEMENT_PAGE, FIREFOX, WHEP_PAGE, Reports, check_played, listening

pytestmark = pytest.mark.browser
TIMELESS = """
const { requestVideoFrameCallback: request } = HTMLVideoElement.prototype;
HTMLVideoElement.prototype.requestVideoFrameCallback = function timeless(callback) {
  return request.call(this, (now, metadata) => callback(now, { ...metadata, mediaTime: 0 }));
};
"""
BROWSERS = [
    pytest.param("chromium", marks=pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")),
    pytest.param("firefox", marks=pytest.mark.skipif(FIREFOX is None, reason="needs Firefox (firefox-esr)")),
]


def play(browser: str, folder: Path, page: str, seconds: float, least_fps: float) -> Reports:
    with listening() as players:
        server = Server(folder, origins=(players.origin,))
        try:
            reports = players.play(browser, page, server.url, folder, seconds)
        finally:
            server.close()
    check_played(reports, least_fps)
    return reports


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_a_player_that_asks_as_mediamtxs_does_plays(tmp_path):
    reports = play("chromium", tmp_path, WHEP_PAGE, 2, least_fps=1)
    assert [each["type"] for each in reports if "type" in each] == ["application/sdp"]


def test_pictures_of_a_stream_that_has_no_time_are_drawn(open_page):
    """As in Firefox, where all of them have the time 0."""
    page = open_page("/view/main", init=TIMELESS)
    page.tab.evaluate(
        """() => new Promise((resolve) => {
          let frames = 0;
          const avatar = document.querySelector('avatar-rtc');
          avatar.addEventListener('frame', () => { if ((frames += 1) === 3) resolve(); });
        })"""
    )


@pytest.mark.soak
@pytest.mark.parametrize("page", [WHEP_PAGE, ELEMENT_PAGE], ids=["whep", "element"])
@pytest.mark.parametrize("browser", BROWSERS)
def test_a_minute_without_a_break(browser, page, tmp_path):
    play(browser, tmp_path, page, 60, least_fps=5)
