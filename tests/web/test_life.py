"""The card "Liveliness and gaze" and the snapshot, in a real Chromium."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from avatar_rtc.face.pose import MORPHS
from tests.waiting import wait_until

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page: Any, server: Any) -> Iterator[Any]:
    page = open_page(viewport={"width": 1280, "height": 860})
    page.wait_live()
    page.wait("document.querySelector('[data-setting=liveliness]')")
    page.tab.click("#life summary")
    yield page
    server.ask("DELETE", "avatars/main/overrides")
    server.ask("DELETE", "avatars/main/settings")
    server.ask("PUT", "avatars/main/crop", {"enabled": False})
    server.ask("PUT", "avatars/main/gaze", {"target": None})
    server.ask("PUT", "avatars/main/emotion", {"name": "neutral"})
    for switch in ("talking", "pause", "data_eyes"):
        server.ask("PUT", f"avatars/main/{switch}", {"on": False})


@pytest.fixture
def other(page: Any, open_page: Any) -> Any:
    """A second page of the same avatar."""
    other = open_page(viewport={"width": 1280, "height": 860})
    other.wait_live()
    other.wait("document.querySelector('[data-setting=liveliness]')")
    other.tab.click("#life summary")
    return other


def state(server: Any) -> dict[str, Any]:
    return dict(server.get("avatars/main"))


def shows(page: Any, selector: str, value: str) -> None:
    """Until the control that is found there has the value."""
    page.wait(f"document.querySelector('{selector}').value === '{value}'")


def test_what_others_set_waits_while_a_slider_is_dragged(page: Any, server: Any) -> None:
    slider = page.tab.locator("[data-setting=liveliness] input")
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    page.tab.mouse.move(box["x"] + box["width"] * 0.75, y)
    page.tab.mouse.down()
    wait_until(lambda: state(server)["settings"].get("liveliness", 1) > 1.3)
    held = slider.input_value()
    server.ask("PATCH", "avatars/main/settings", {"liveliness": 0.2})
    page.tab.evaluate("document.querySelector('avatar-rtc').ping()")
    assert slider.input_value() == held
    page.tab.mouse.up()
    shows(page, "[data-setting=liveliness] input", "0.2")


def test_morphs_are_those_of_python(page: Any) -> None:
    shown = page.tab.evaluate("import('/morphs.js').then(({ MORPHS }) => Object.values(MORPHS).flat())")
    wanted = {morph.name: (morph.low, morph.high) for morph in MORPHS}
    assert len(shown) == len(MORPHS) == 45
    assert {each["name"]: (each["minimum"], each["maximum"]) for each in shown} == wanted


def test_the_card_works_by_keyboard(page: Any, server: Any) -> None:
    press = page.tab.keyboard.press
    page.tab.focus("[data-setting=liveliness] input")
    press("ArrowRight")
    wait_until(lambda: state(server)["settings"] == {"liveliness": 1.02})
    press("Tab")
    press("ArrowRight")
    wait_until(lambda: state(server)["gaze"] == "viewer")
    press("Tab")
    press("ArrowRight")
    wait_until(lambda: state(server)["activity"] == "listening")
    press("ArrowLeft")
    wait_until(lambda: state(server)["activity"] == "idle")
    press("Tab")
    press("Tab")

    def is_so(field: str, on: bool) -> bool:
        return state(server)[field] is on

    press("Tab")  # over the switch of the camera
    for field in ("talking", "data_eyes", "paused"):
        press("Space")
        wait_until(partial(is_so, field, True))
        press("Space")
        wait_until(partial(is_so, field, False))
        press("Tab")


def test_gaze_follows_the_pointer_of_the_page_that_asked(page: Any, other: Any, server: Any) -> None:
    page.tab.press("[value=pointer]", "Space")
    wait_until(lambda: state(server)["gaze"] == {"x": 0, "y": 0})
    box = page.tab.locator("#stage").bounding_box()

    def point(each: Any, x: float, y: float) -> None:
        each.tab.mouse.move(box["x"] + box["width"] * (1 + x) / 2, box["y"] + box["height"] * (1 - y) / 2)

    point(page, 0.5, 0.75)
    wait_until(lambda: state(server)["gaze"]["x"] == pytest.approx(0.5, abs=0.005))
    assert state(server)["gaze"]["y"] == pytest.approx(0.75, abs=0.005)
    assert page.tab.is_checked("[value=pointer]")
    other.wait("document.querySelector('[name=elsewhere]').textContent.startsWith('at 0.')")
    assert other.tab.locator("[name=gaze]:checked").count() == 0
    point(other, -0.5, 0)
    other.tab.evaluate("document.querySelector('avatar-rtc').ping()")
    assert state(server)["gaze"]["x"] > 0, "that page's pointer was not asked for"

    other.tab.press("[value=viewer]", "Space")
    page.wait("document.querySelector('[value=viewer]').checked")
    point(page, -0.5, -0.5)
    page.tab.evaluate("document.querySelector('avatar-rtc').ping()")
    assert state(server)["gaze"] == "viewer", "whoever chose last is followed"
    server.ask("PUT", "avatars/main/gaze", {"target": "away"})
    page.wait("document.querySelector('[name=elsewhere]').textContent === 'away'")


def test_switches_follow_others_and_a_pause_is_told(page: Any, server: Any) -> None:
    for name, path in (("talking", "talking"), ("data_eyes", "data_eyes"), ("paused", "pause")):
        server.ask("PUT", f"avatars/main/{path}", {"on": True})
        page.wait(f"document.querySelector('#life [name={name}]').checked")
    page.wait("document.querySelector('#state').textContent === 'paused'")
    page.tab.uncheck("[name=paused]")
    page.wait("document.querySelector('#state').textContent === 'live'")
    assert state(server)["paused"] is False


def test_an_emotion_is_held_as_long_as_the_card_says(page: Any, server: Any) -> None:
    page.tab.check("[name=hold][value='3000']")
    page.tab.click("[data-emotion=joy]")
    page.wait("document.querySelector('[data-emotion=joy]').ariaPressed === 'true'")
    wait_until(lambda: state(server)["emotion"]["weights"] == {"joy": 1})
    wait_until(lambda: state(server)["emotion"]["weights"] == {"neutral": 1}, within_s=8)
    page.wait("document.querySelector('[data-emotion=neutral]').ariaPressed === 'true'")


def test_snapshot_is_downloaded(page: Any, tmp_path: Path) -> None:
    with page.tab.expect_download() as waited:
        page.tab.click("#snapshot")
    assert waited.value.suggested_filename == "main.png"
    waited.value.save_as(tmp_path / "main.png")
    with Image.open(tmp_path / "main.png") as picture:
        assert picture.format == "PNG" and picture.size == (512, 512)
        alpha = np.asarray(picture.convert("RGBA"))[..., 3]
    assert alpha[:32, :32].max() == 0 and alpha[190, 256] == 255


@pytest.mark.parametrize("width", [320, 820])
def test_unfolded_it_does_not_scroll_sideways(open_page: Any, width: int) -> None:
    page = open_page(viewport={"width": width, "height": 844})
    page.wait("document.querySelector('[data-setting=liveliness]')")
    page.tab.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= width
    cut = page.tab.evaluate("""[...document.querySelectorAll('.desk *')]
      .filter((n) => n.getClientRects().length && n.getBoundingClientRect().right > innerWidth).length""")
    assert cut == 0
