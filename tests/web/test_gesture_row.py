"""Gestures as buttons: by pointer and keys; a press plays one, and each that plays is seen."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.waiting import wait_until

pytestmark = pytest.mark.browser
FACTORY = "blush gasp giggle look_away look_down nod shake shrug sigh tilt wink yawn".split()
BOUNCE = {"bounce twice": {"tracks": {"head_x": [[0, 0], [0.2, 0.4], [0.5, 0]]}}}
NAMES = "[...document.querySelectorAll('#gestures button')].map((each) => each.dataset.gesture).join(' ')"
SENT = """
const send = RTCDataChannel.prototype.send;
globalThis.sent = [];
RTCDataChannel.prototype.send = function (text) {
  sent.push(JSON.parse(text));
  return send.call(this, text);
};"""
PLAYED = "sent.filter(({ type }) => type === 'gesture.play')"


@pytest.fixture(scope="module")
def page(open_page_for_all: Any) -> Any:
    page = open_page_for_all("/", init=SENT)
    page.wait_live()
    page.wait(f"{NAMES} !== ''")
    return page


@pytest.fixture
def tidy(server: Any) -> Iterator[None]:
    yield
    server.ask("DELETE", "avatars/main/gestures")


def test_a_press_plays_one_as_strong_as_the_slider_says(page: Any) -> None:
    assert page.tab.evaluate(NAMES).split() == FACTORY
    page.tab.evaluate("document.querySelector('#intensity').value = 0.5")
    page.tab.click("#gestures [data-gesture=look_away]")
    page.wait(f"{PLAYED}.length === 1")
    told = page.tab.evaluate(f"(({{ name, strength }}) => [name, strength])({PLAYED}[0])")
    assert told == ["look_away", 0.5]
    assert page.tab.inner_text("#gestures [data-gesture=look_away]") == "look away"
    page.wait("document.querySelector('#status').textContent === 'look away'")


def test_keys_move_among_them_with_one_stop_for_tab(page: Any) -> None:
    page.tab.evaluate("sent.length = 0")
    page.tab.focus("#gestures button")
    for key in ("End", "ArrowRight", "Home", "ArrowRight", "ArrowDown", "ArrowLeft"):
        page.tab.keyboard.press(key)
    assert page.tab.evaluate("document.activeElement.dataset.gesture") == "gasp"
    assert page.tab.locator("#gestures [tabindex='0']").count() == 1
    page.tab.keyboard.press("Enter")
    page.wait(f"{PLAYED}[0]?.name === 'gasp'")


def test_one_that_plays_is_seen_whoever_asked_for_it(page: Any) -> None:
    page.tab.evaluate("""() => document.querySelector('avatar-rtc').connection.dispatchEvent(
      new CustomEvent('message', {
        detail: { type: 'gesture.started', name: 'nod', strength: 1, seconds: 30 } }))""")
    playing = "document.querySelector('[data-gesture=nod] i').getAnimations()"
    page.wait(f"{playing}.length === 1 && {playing}[0].effect.getTiming().duration === 30000")


def test_what_stands_in_a_text_is_acted_at_its_word(page: Any, server: Any) -> None:
    acted = """() => { const avatar = document.querySelector('avatar-rtc');
      globalThis.acts = [];
      avatar.addEventListener('act', ({ detail }) => acts.push(detail.act));
    }"""
    page.tab.evaluate(acted)
    page.tab.fill("#speak textarea", "Hello *winks* there.")
    page.tab.press("#speak textarea", "Enter")
    page.wait("acts.length === 1 && acts[0].gesture === 'wink'")
    page.wait("document.querySelector('[data-gesture=wink] i').getAnimations().length === 1")
    server.ask("DELETE", "avatars/main/speech")


def test_own_ones_come_and_go(page: Any, server: Any, tidy: None) -> None:
    server.ask("PUT", "avatars/main/gestures", {"gestures": BOUNCE})
    page.wait(f"{NAMES}.includes('bounce')")
    name = page.tab.evaluate(NAMES).split()
    assert sorted(name) == sorted([*FACTORY, "bounce_twice"])
    server.ask("DELETE", "avatars/main/gestures")
    wait_until(lambda: page.tab.evaluate(NAMES).split() == FACTORY)
