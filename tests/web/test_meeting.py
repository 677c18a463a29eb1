"""The bare page as the camera of a bot in a call: what vendors of such bots run, and want of a page.

Chromium without WebGL, 1280x720, may play sound, and its microphone is the meeting.
"""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from avatar_rtc.sound.wav_header import wav_of
from avatar_rtc.speech.voices.espeak import render
from tests.web.conftest import CHROMIUM, Page, Server, pages
from tests.web.test_key import closed, token  # noqa: F401 - a fixture

pytestmark = pytest.mark.browser

QUIET_S, VOICE = 3.0, "Good morning, everybody! Can you tell us how far you are?"
SIZE = {"width": 1280, "height": 720}
BOT = (
    "--no-sandbox --disable-gpu --disable-3d-apis --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --autoplay-policy=no-user-gesture-required "
    "--use-fake-device-for-media-stream --use-fake-ui-for-media-stream"
).split()
ASKED = """
globalThis.asked = [];
globalThis.told = [];
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = (constraints) => { asked.push(constraints); return open(constraints); };
const add = EventTarget.prototype.dispatchEvent;
EventTarget.prototype.dispatchEvent = function (event) {
  if (event.type === 'hearing' || event.type === 'speech') told.push(event.detail);
  return add.call(this, event);
};
"""


@pytest.fixture(scope="module")
def chromium(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One as bots have it: without WebGL, and what its microphone hears is the meeting."""
    path = tmp_path_factory.mktemp("meeting") / "meeting.wav"
    speech = render(VOICE, "en-us")
    quiet = np.zeros(round(QUIET_S * speech.rate), np.int16)
    path.write_bytes(wav_of(np.concatenate([quiet, speech.pcm]).tobytes(), speech.rate))
    arguments = [*BOT, f"--use-file-for-fake-audio-capture={path}"]
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=arguments)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def call(chromium: Any, closed: Server) -> Iterator[Page]:  # noqa: F811
    """With a token that lets it be listened to, and no more: vendors log the address."""
    with pages(chromium, closed) as open_page:
        where = f"/view/main?meeting&access_token={token('talk', 'main')}"
        page = open_page(where, init=ASKED, viewport=SIZE, permissions=["microphone"])
        page.wait_live()
        yield page


def test_it_fills_the_camera_with_nothing_but_the_avatar(call: Page) -> None:
    assert call.tab.evaluate("document.createElement('canvas').getContext('webgl')") is None
    shown = call.tab.evaluate(
        "() => { const video = document.querySelector('avatar-rtc').shadowRoot.querySelector('video');"
        "const { x, y, width, height } = video.getBoundingClientRect();"
        "return [x, y, width, height, video.videoWidth, video.videoHeight, video.paused]; }"
    )
    assert shown == [0, 0, 1280, 720, 1280, 720, False]
    page = "document.documentElement"
    assert call.tab.evaluate(f"[{page}.scrollWidth, {page}.scrollHeight]") == [1280, 720]
    for part in ("badge", "sound"):
        assert not call.tab.locator(f"avatar-rtc >> [part={part}]").is_visible()


def test_it_is_heard_without_a_click(call: Page) -> None:
    assert call.tab.evaluate("document.querySelector('avatar-rtc').muted") is False
    video = "document.querySelector('avatar-rtc').shadowRoot.querySelector('video')"
    assert call.tab.evaluate(f"[{video}.muted, {video}.paused]") == [False, False]


def test_the_meeting_is_listened_to_and_interrupts(
    call: Page,
    closed: Server,  # noqa: F811
) -> None:
    call.wait("asked.length > 0 && avatar.microphoneMode === 'listen'")
    assert [sorted(each) for each in call.tab.evaluate("asked")] == [["audio"]], "no camera is asked for"
    speak = urllib.request.Request(
        f"{closed.url}/api/v1/avatars/main/speech",
        json.dumps({"text": "One sentence follows another. " * 20}).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {token('control')}"},
    )
    urllib.request.urlopen(speak, timeout=10).close()
    call.wait("told.some(({ type }) => type === 'hearing.started')")
    call.wait("told.some(({ type, interrupted }) => type === 'speech.finished' && interrupted)")
    call.wait("told.some(({ type, seconds }) => type === 'hearing.ended' && seconds > 0.5)")


def test_who_is_cut_off_is_heard_again(call: Page) -> None:
    call.wait("avatar.microphoneMode === 'listen'")
    before = call.tab.evaluate("asked.length")
    call.tab.evaluate("() => { document.querySelector('avatar-rtc').setMicrophone('off'); }")
    call.wait(f"asked.length > {before} && avatar.microphoneMode === 'listen'")


def test_a_page_with_a_backdrop_of_its_own_needs_no_webgl_either(
    chromium: Any,
    closed: Server,  # noqa: F811
) -> None:
    with pages(chromium, closed) as open_page:
        page = open_page(
            f"/view/main?meeting&backdrop=204060&access_token={token('view', 'main')}",
            viewport=SIZE,
            permissions=["microphone"],
        )
        page.wait_live()
        page.wait("avatar.renderer === '2d' && avatar.layout === 'alpha'")


def test_scripts_of_the_bot_may_reach_it_and_its_own_machine(closed: Server) -> None:  # noqa: F811
    """Attendee's script asks http://localhost:8000; so the page says nothing of where it may connect to."""
    with urllib.request.urlopen(f"{closed.url}/view/main?meeting", timeout=10) as response:
        assert "connect-src" not in json.dumps(dict(response.headers))
