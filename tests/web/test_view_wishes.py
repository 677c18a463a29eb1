"""What the query of the bare page asks for: shown, or said why not."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from avatar_rtc.grants import Grant
from avatar_rtc.server.access.tokens import make_token
from tests.waiting import wait_until
from tests.web.conftest import Server
from tests.web.test_key import SECRET, closed  # noqa: F401 - a fixture

pytestmark = pytest.mark.browser
SMALL = {"width": 400, "height": 400}


@pytest.fixture
def tidy(server: Server) -> Iterator[None]:
    yield
    server.ask("PATCH", "avatars/main", {"character": "placeholder"})
    server.ask("PUT", "avatars/main/emotion", {"name": "neutral"})


def corner(page: Any, y: int = 0) -> Any:
    """The colour at the left edge, which the figure leaves free."""
    from io import BytesIO

    from PIL import Image

    with Image.open(BytesIO(page.tab.screenshot(omit_background=True))) as picture:
        return np.asarray(picture.convert("RGBA"))[y : y + 16, :16].mean((0, 1))


def said(page: Any) -> str:
    page.wait("document.querySelector('.told')")
    return " ".join(page.tab.locator(".told").all_inner_texts())


def test_character_and_emotion_are_told_to_the_avatar(open_page: Any, server: Server, tidy: None) -> None:
    page = open_page("/view/main?muted&character=tavi&emotion=joy:0.6,love:0.2", viewport=SMALL)
    page.wait_live()
    wait_until(lambda: server.get("avatars/main")["character"] == "tavi")
    wait_until(lambda: server.get("avatars/main")["emotion"]["weights"] == {"joy": 0.6, "love": 0.2})
    assert page.tab.locator(".told").count() == 0


def test_backdrop_and_size_are_of_the_page_alone(open_page: Any, server: Server) -> None:
    page = open_page("/view/main?muted&backdrop=204060&size=200", viewport=SMALL)
    page.wait_live()
    assert np.abs(corner(page) - (0x20, 0x40, 0x60, 255)).max() <= 1
    box = page.tab.locator("avatar-rtc").bounding_box()
    assert (box["width"], box["height"], box["y"]) == (200, 200, 200)
    night = open_page("/view/main?muted&backdrop=night", viewport=SMALL)
    night.wait_live()
    wait_until(lambda: bool(corner(night)[3] == 255 and corner(night)[:3].mean() < 110))
    assert server.get("avatars/main")["backdrop"]["name"] is None


@pytest.mark.parametrize(
    "query, words",
    [
        ("backdrop=nihgt", "no backdrop “nihgt”; there are abstract, day, night"),
        ("size=9", "64 to 4096"),
        ("fit=wide", "contain or cover or fill"),
        ("layout=beta", "alpha or matte"),
        ("talk=loudly", "listen or speak"),
        ("emotion=joy:7", "a weight from 0 to 1"),
        ("framing=knee", "framing"),
    ],
)
def test_a_word_that_means_nothing_is_said_and_the_avatar_shown(
    open_page: Any, query: str, words: str
) -> None:
    page = open_page(f"/view/main?muted&{query}", viewport=SMALL)
    page.wait_live()
    assert words in said(page)
    page.tab.click(".told")
    assert page.tab.locator(".told").count() == 0


def test_who_may_only_watch_is_shown_the_avatar_and_told(open_page: Any, closed: Server) -> None:  # noqa: F811
    token = make_token(SECRET.encode(), Grant("view", "main"), time.time(), 600)
    query = f"muted&talk&character=tavi&emotion=joy&access_token={token}"
    page = open_page(f"/view/main?{query}", host=closed.url, viewport=SMALL)
    page.wait_live()
    page.wait("document.querySelectorAll('.told').length === 2")
    assert said(page).count("may watch the avatar, not change it") == 2
    assert page.tab.is_hidden("avatar-rtc .talk"), "nor may it talk"
    page.errors[:] = [line for line in page.errors if "403" not in line]


def test_without_a_microphone_it_says_why(open_page: Any) -> None:
    init = "Object.defineProperty(navigator, 'mediaDevices', { value: undefined });"
    page = open_page("/view/main?muted&microphone", viewport=SMALL, init=init)
    page.wait_live()
    assert "over https" in said(page)


def test_the_layout_is_that_which_was_asked_for(open_page: Any, server: Server) -> None:
    page = open_page("/view/main?muted&layout=matte", viewport=SMALL)
    page.wait_live()
    page.wait("avatar.layout === 'matte' && avatar.shadowRoot.querySelector('video').videoWidth === 1280")
    assert corner(page, 380)[3] == 255 and corner(page, 60)[3] == 0, "16:9, at the foot"


TONE = """navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext();
  const [tone, out] = [context.createOscillator(), context.createMediaStreamDestination()];
  tone.connect(out);
  tone.start();
  return out.stream;
};"""


def test_a_server_that_takes_no_microphones_says_so(open_page: Any, tmp_path: Any) -> None:
    server = Server(tmp_path, more="microphone = false\n")
    try:
        page = open_page("/view/main?muted&microphone&talk", host=server.url, viewport=SMALL, init=TONE)
        page.wait_live()
        assert "microphone = false" in said(page), "and the avatar is shown"
        assert page.tab.is_hidden("avatar-rtc .talk")
        page.tab.close()
    finally:
        server.close()


def test_a_viewers_voice_is_said(open_page: Any, server: Server) -> None:
    page = open_page("/view/main?muted&microphone", viewport=SMALL, init=TONE)
    page.wait_live()
    wait_until(lambda: server.get("avatars/main")["speech"]["speech_id"] is not None)
    page.tab.close()
    wait_until(lambda: server.get("avatars/main")["speech"]["speech_id"] is None)
