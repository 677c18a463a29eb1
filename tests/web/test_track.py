"""The page /track.html, in a real Chromium: mouse, keys and voice, and what it says without a camera."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.waiting import wait_until
from tests.web.axe import EACH_TIME, assert_accessible, looks
from tests.web.conftest import ARGUMENTS, CHROMIUM, pages
from tests.web.test_browser import frames, open_mouth

pytestmark = pytest.mark.browser

READY = {"**/api/v1/tracking": {"ready": True, "missing": [], "command": "avatar-rtc tracking"}}
AWAY = {"**/api/v1/tracking": {"ready": False, "missing": ["face_mesh.js"], "command": "avatar-rtc tracking"}}
LISTEN = """() => {
  const avatar = document.querySelector('avatar-rtc');
  window.sent = [];
  const send = avatar.sendPose.bind(avatar);
  avatar.sendPose = (pose, t) => { sent.push([t, pose]); return send(pose, t); };
  avatar.addEventListener('refusal', ({ detail }) => console.error(detail.detail));
}"""


@pytest.fixture(scope="module")
def devices(chromium: Any) -> Iterator[Any]:
    """A Chromium with a camera that shows no face, and a microphone that beeps."""
    browser = chromium.browser_type.launch(
        executable_path=CHROMIUM, args=[*ARGUMENTS, "--use-fake-device-for-media-stream"]
    )
    yield browser
    browser.close()


@pytest.fixture
def open_with_devices(devices: Any, server: Any) -> Iterator[Any]:
    with pages(devices, server) as open_page:
        yield open_page


@pytest.fixture
def still(server: Any) -> Iterator[None]:
    """The avatar moves by itself as little as it can."""
    server.ask(
        "PUT", "avatars/main/settings", {"liveliness": 0, "blink_interval_max": 0, "blink_interval_min": 0}
    )
    yield
    server.ask("DELETE", "avatars/main/settings")


def opened(open_page: Any, **options: Any) -> Any:
    page = open_page("/track.html", viewport={"width": 1280, "height": 860}, **options)
    page.wait_live()
    page.tab.evaluate(LISTEN)
    return page


def head_at(page: Any) -> float:
    """Where the middle of the head is, in columns of the picture."""
    alpha = frames(page, 1)[0][:, :, 3]
    rows = alpha[: len(alpha) * 2 // 5] > 128
    return float(np.nonzero(rows)[1].mean())


def told(page: Any) -> str:
    return str(page.tab.text_content("#now"))


def start_pointer(page: Any) -> None:
    page.tab.check("[name=way][value=pointer]", force=True)
    page.tab.click("#go")
    assert "follows the pointer" in told(page)


def test_the_pointer_turns_the_head_and_the_space_bar_shuts_the_eyes(open_page: Any, still: None) -> None:
    page = opened(open_page, answers=READY)
    rest = head_at(page)
    start_pointer(page)
    box = page.tab.locator("#stage").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.tab.mouse.move(box["x"] + 5, middle)
    wait_until(lambda: head_at(page) < rest - 1)
    page.tab.mouse.move(box["x"] + box["width"] - 5, middle)
    wait_until(lambda: head_at(page) > rest + 1)
    page.tab.keyboard.down(" ")
    page.wait("sent.at(-1)[1].morphs.eye_wink_left === 1")
    page.tab.keyboard.up(" ")
    page.wait("!('eye_wink_left' in sent.at(-1)[1].morphs)")
    page.tab.click("#go")
    assert "Not started" in told(page)
    wait_until(lambda: abs(head_at(page) - rest) < 0.5)  # half a second later it lives by itself
    times = page.tab.evaluate("sent.map(([t]) => t)")
    assert len(times) <= 60 * (times[-1] - times[0]) / 1000 + 2


def test_keys_alone_do_all_of_it(open_page: Any, still: None) -> None:
    page = opened(open_page, answers=READY)
    rest = head_at(page)
    page.tab.focus("[name=way][value=face]")
    page.tab.keyboard.press("ArrowRight")
    page.tab.focus("#go")
    page.tab.keyboard.press("Enter")
    page.tab.focus("#stage")
    for _ in range(7):
        page.tab.keyboard.press("ArrowRight")
    wait_until(lambda: head_at(page) > rest + 1)
    page.tab.keyboard.press("Home")
    wait_until(lambda: abs(head_at(page) - rest) < 0.5)
    page.tab.focus("#go")
    page.tab.keyboard.press("Space")  # stops, and shuts no eye
    assert page.tab.evaluate("sent.filter(([, pose]) => 'eye_wink_left' in pose.morphs).length") == 0
    assert "Not started" in told(page)


def test_a_voice_opens_the_mouth(open_with_devices: Any, still: None) -> None:
    page = opened(open_with_devices, answers=READY, permissions=["microphone"])
    start_pointer(page)
    page.tab.check("[name=voice]")
    wait_until(lambda: open_mouth(frames(page, 1)[0]) > 24)
    page.tab.uncheck("[name=voice]")
    wait_until(lambda: open_mouth(frames(page, 1)[0]) < 24)


INSECURE = "Object.defineProperty(window, 'isSecureContext', { value: false, configurable: true })"
REFUSING = "navigator.mediaDevices.getUserMedia = () => { throw new DOMException('', '%s'); }"
FLAT = """(get) => {
  HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
    return kind === 'webgl2' ? null : get.call(this, kind, ...more);
  };
}"""
FAULTS = {
    REFUSING % "NotAllowedError": "Allow it",
    REFUSING % "NotFoundError": "has no camera",
    REFUSING % "NotReadableError": "Another program",
    INSECURE: "came over http",
    f"({FLAT})(HTMLCanvasElement.prototype.getContext)": "no WebGL 2",
}


def test_why_there_is_no_tracking_is_said_with_the_way_out(open_page: Any) -> None:
    page = opened(open_page, answers=READY)
    for fault, said in FAULTS.items():
        page.tab.evaluate(f"() => {{ {fault}; }}")
        page.tab.click("#go")
        page.wait(f"document.querySelector('#missing').textContent.includes('{said}')")
        assert page.tab.is_visible("#missing")
        assert "mouse and your voice instead" in page.tab.text_content("#missing")
        assert page.tab.text_content("#go") == "Start the camera" and page.tab.is_hidden("#preview")
    assert page.tab.evaluate("sent.length") == 0


def test_a_server_without_the_tracker_offers_the_mouse_at_once(open_page: Any) -> None:
    page = opened(open_page, answers=AWAY)
    page.wait("!document.querySelector('#missing').hidden")
    assert page.tab.text_content("#missing code") == "avatar-rtc tracking"
    assert page.tab.is_checked("[name=way][value=pointer]")
    page.tab.check("[name=way][value=face]", force=True)
    page.tab.click("#go")
    page.wait("!document.querySelector('#missing').hidden")
    assert "avatar-rtc tracking" in page.tab.text_content("#missing")


def test_nothing_is_loaded_and_nobody_asked_before_it_is_wanted(open_page: Any) -> None:
    page = open_page("/view/main?muted")
    page.wait_live()
    asked: list[str] = []
    page.tab.on("request", lambda request: asked.append(request.url))
    page.tab.evaluate("""async () => {
      const { lookAtMeSwitch } = await import('/tracking/look_at_me.js');
      window.faults = [];
      const told = { complain: ({ message }) => faults.push(message), announce: () => {} };
      document.body.append(lookAtMeSwitch(document.querySelector('avatar-rtc'), told));
    }""")
    loaded = {url.rsplit("/", 1)[1] for url in asked}
    assert loaded == {"look_at_me.js", "eye_contact.js", "api.js"}, "what the page has not already"
    page.tab.evaluate("""() => {
      navigator.mediaDevices.getUserMedia = () => { throw new DOMException('', 'NotFoundError'); };
      document.querySelector('[role=switch]').click();
    }""")
    page.wait("faults.length === 1")
    assert page.tab.is_checked("[role=switch]") is False
    assert not any("/tracking/model/" in url for url in asked)


def test_settings_stay_and_are_reset(open_page: Any) -> None:
    page = open_page("/track.html", answers=READY)
    page.tab.uncheck("[name=mirror]")
    page.tab.locator("#dials input").first.fill("0.8")
    page.tab.reload()
    page.wait("document.querySelector('#dials input')?.value === '0.8'")
    assert not page.tab.is_checked("[name=mirror]")
    page.tab.click("#usual")
    page.wait("document.querySelector('#dials input').value === '0.5'")
    assert page.tab.is_checked("[name=mirror]")
    page.tab.evaluate('localStorage.setItem(\'avatar-rtc-tracking\', \'{"mirror": 3, "head": "x"}\')')
    page.tab.reload()
    page.wait("document.querySelector('#dials input')?.value === '0.5'")
    assert page.tab.is_checked("[name=mirror]"), "what is not of its kind is passed over"


def test_everybody_can_use_it_at_every_width(open_page: Any) -> None:
    seen = looks(open_page, "/track.html", lambda page: page.wait_live(), EACH_TIME, answers=READY)
    assert len(seen) == 4
    page = opened(open_page, answers=READY)
    start_pointer(page)
    assert_accessible(page.tab)
