"""Sound where the browser refuses it until the user has touched the page, as browsers do of themselves.

Whatever asks a tab something through playwright counts as a touch: until there is a real one, these tests
only listen to what the page tells by itself.
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.web.conftest import ARGUMENTS, CHROMIUM
from tests.web.test_speaking import LISTEN, speech, wait, wait_finished

pytestmark = pytest.mark.browser

TELL = """
addEventListener('DOMContentLoaded', () => {
  const avatar = document.querySelector('avatar-rtc');
  const middle = (node) => {
    const { x, y, width, height } = node?.getBoundingClientRect() ?? {};
    return width ? [x + width / 2, y + height / 2] : null;
  };
  let changes = 0;
  avatar.addEventListener('volumechange', () => {
    changes += 1;
    if (window.insists && changes === 1) setTimeout(() => { avatar.muted = false; }, 400);
  });
  setInterval(() => console.log(JSON.stringify({
    changes, is_muted: avatar.muted, by_attribute: avatar.hasAttribute('muted'),
    is_paused: avatar.shadowRoot.querySelector('video').paused,
    is_pressed: document.querySelector('#sound')?.getAttribute('aria-pressed') === 'true',
    is_touched: navigator.userActivation.hasBeenActive,
    button: middle(avatar.shadowRoot.querySelector('.sound')),
    text: middle(document.querySelector('textarea')),
  })), 100);
});
"""
"""Where the buttons are, and how it stands with the sound, ten times a second."""


class Told:
    """What a tab tells by itself."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._lines: list[dict[str, Any]] = []
        page.tab.on("console", self._note)

    def wait(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first thing told from now on, or before and not waited for, that fits."""
        deadline = time.monotonic() + 20
        while True:
            while self._lines:
                if condition(line := self._lines.pop(0)):
                    return line
            assert time.monotonic() < deadline, "it was not told in time"
            self._page.tab.wait_for_timeout(20)

    def _note(self, message: Any) -> None:
        if message.text.startswith("{"):
            self._lines.append(json.loads(message.text))


@pytest.fixture(scope="module")
def chromium(chromium: Any) -> Iterator[Any]:
    """Takes the place of the one that allows sound."""
    arguments = [argument for argument in ARGUMENTS if "autoplay" not in argument]
    arguments.append("--autoplay-policy=document-user-activation-required")
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=arguments)
    yield browser
    browser.close()


@pytest.fixture
def untouched(open_page: Any, server: Any) -> Iterator[Callable[..., tuple[Any, Told]]]:
    """`untouched(path, more of a script)` → page and what it tells."""

    pages = []

    def untouched(path: str, script: str = "") -> tuple[Any, Told]:
        page = open_page("/icon.svg", init=f"if (location.pathname !== '/icon.svg') {{ {script}{TELL} }}")
        pages.append(page)
        told = Told(page)
        page.tab.goto(f"{server.url}{path}")
        return page, told

    yield untouched
    for page in pages:  # a picture as a page makes Chromium look for its favicon
        page.errors[:] = [line for line in page.errors if "404" not in line]
    speech(server, "DELETE")


def is_refused(line: dict[str, Any]) -> bool:
    return bool(line["is_muted"] and not line["by_attribute"] and line["button"] and not line["is_paused"])


def is_heard(line: dict[str, Any]) -> bool:
    return not (line["is_muted"] or line["button"] or line["is_paused"])


def test_refused_sound_is_offered_and_a_tap_turns_it_on(untouched: Any, server: Any) -> None:
    page, told = untouched("/", LISTEN)
    refused = told.wait(is_refused)
    assert not refused["is_touched"] and not refused["is_pressed"]
    page.tab.mouse.click(*refused["button"])
    assert told.wait(is_heard)["is_pressed"]

    assert page.tab.inner_text("avatar-rtc .sound", timeout=1_000) == "Tap for sound"
    silent = page.tab.evaluate("energy()")
    speech(server, "POST", text="Hear me.")
    wait_finished(page)
    assert page.tab.evaluate("energy()") > silent + 0.001
    page.wait_live()  # the picture goes on

    # The page's button is the same switch; who mutes by it wants no offer.
    page.tab.click("#sound")
    muted = told.wait(lambda line: line["is_muted"])
    assert muted["by_attribute"] and not muted["button"] and not muted["is_pressed"]
    page.tab.click("#sound")
    assert told.wait(is_heard)["is_pressed"]


def test_a_script_alone_cannot_turn_it_on_but_speaking_from_the_page_does(untouched: Any) -> None:
    page, told = untouched("/", "window.insists = true;")
    told.wait(is_refused)
    again = told.wait(lambda line: line["changes"] == 3 and is_refused(line))
    assert not again["is_touched"] and not again["is_pressed"]
    page.tab.mouse.click(*again["text"])
    page.tab.keyboard.type("Hi")
    page.tab.keyboard.press("Enter")
    assert told.wait(is_heard)["is_pressed"]


@pytest.mark.parametrize("touch", ["click", "key"])
def test_the_bare_page_is_heard_after_a_click_anywhere_or_by_the_buttons_key(
    untouched: Any, touch: str
) -> None:
    page, told = untouched("/view/main")
    told.wait(is_refused)
    if touch == "click":
        page.tab.mouse.click(20, 20)
    else:
        page.tab.keyboard.press("Tab")
        page.tab.keyboard.press("Space")
    told.wait(is_heard)
    wait(page, "!avatar.shadowRoot.querySelector('video').muted")


def test_with_muted_nothing_is_offered(untouched: Any) -> None:
    _, told = untouched("/view/main?muted")
    line = told.wait(lambda line: not line["is_paused"])
    assert line["is_muted"] and line["by_attribute"] and not line["button"]
