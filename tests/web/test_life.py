"""The card "Life" and the snapshot, in a real Chromium."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from avatar_rtc.control import settings
from avatar_rtc.face.pose import MORPHS
from tests.waiting import wait_until

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page: Any, server: Any) -> Iterator[Any]:
    page = open_page(viewport={"width": 1280, "height": 860})
    page.wait_live()
    page.wait("document.querySelector('[data-setting=liveliness]')")
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
    return other


def state(server: Any) -> dict[str, Any]:
    return dict(server.get("avatars/main"))


def shows(page: Any, selector: str, value: str) -> None:
    """Until the control that is found there has the value."""
    page.wait(f"document.querySelector('{selector}').value === '{value}'")


def test_two_pages_agree_on_morphs(page: Any, other: Any, server: Any) -> None:
    for each in (page, other):
        each.tab.press("#morphs summary", "Enter")
    page.tab.locator("[data-morph=head_x] input").fill("-0.5")
    page.tab.locator("[data-morph=mouth_smirk] input").fill("0.75")
    wait_until(lambda: state(server)["overrides"] == {"head_x": -0.5, "mouth_smirk": 0.75})
    for each in (page, other):
        shows(each, "[data-morph=head_x] input", "-0.5")
        shows(each, "[data-morph=mouth_smirk] input", "0.75")
        assert each.tab.text_content("#morphs .count") == "2 held"
        assert each.tab.locator(".held:not(.free)").count() == 2
    other.tab.press("[aria-label='Let go of head x']", "Enter")
    wait_until(lambda: state(server)["overrides"] == {"mouth_smirk": 0.75})
    focused = other.tab.evaluate("document.activeElement.closest('.held').dataset.morph")
    assert focused == "head_x", "the focus is not lost with the button"
    page.wait("document.querySelector('[data-morph=head_x]').classList.contains('free')")
    shows(page, "[data-morph=head_x] input", "0")
    page.tab.press("#morphs .all", "Enter")
    wait_until(lambda: state(server)["overrides"] == {})
    other.wait("document.querySelectorAll('.held:not(.free)').length === 0")
    assert other.tab.is_disabled("#morphs .all")


def test_two_pages_agree_on_settings_and_reset_them(page: Any, other: Any, server: Any) -> None:
    page.tab.locator("[data-setting=liveliness] input").fill("0.4")
    shows(other, "[data-setting=liveliness] input", "0.4")
    other.tab.press("#settings summary", "Enter")
    other.tab.locator("[data-crop=left] input").fill("0.25")
    other.tab.press("[data-crop=enabled] input", "Space")
    other.tab.select_option("[data-setting=talking_morph] select", "mouth_ooo")
    changed = {"liveliness": 0.4, "talking_morph": "mouth_ooo"}
    wait_until(lambda: state(server)["settings"] == changed)
    cut = {"enabled": True, "left": 0.25, "top": 0, "right": 1, "bottom": 1}
    wait_until(lambda: state(server)["crop"] == cut)
    shows(page, "[data-crop=left] input", "0.25")
    page.tab.press("#settings summary", "Enter")
    page.tab.press("#settings .reset", "Enter")
    wait_until(lambda: state(server)["settings"] == {})
    wait_until(
        lambda: state(server)["crop"] == {"enabled": False, "left": 0, "top": 0, "right": 1, "bottom": 1}
    )
    for each in (page, other):
        shows(each, "[data-crop=left] input", "0")
        shows(each, "[data-setting=liveliness] input", "1")
        shows(each, "[data-setting=talking_morph] select", "mouth_aaa")
    assert other.tab.locator("#settings .changed").count() == 0


def test_what_others_set_waits_while_a_slider_is_dragged(page: Any, server: Any) -> None:
    slider = page.tab.locator("[data-setting=liveliness] input")
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    page.tab.mouse.move(box["x"] + box["width"] * 0.75, y)
    page.tab.mouse.down()
    wait_until(lambda: state(server)["settings"].get("liveliness", 1) > 1.3)
    held = slider.input_value()
    server.ask("PATCH", "avatars/main/settings", {"liveliness": 0.2, "eye_contact": 1})
    shows(page, "[data-setting=eye_contact] input", "1")
    assert slider.input_value() == held
    page.tab.mouse.up()
    shows(page, "[data-setting=liveliness] input", "0.2")


def test_a_refused_setting_goes_back_to_what_is(page: Any, server: Any) -> None:
    page.tab.click("#settings summary")
    page.tab.locator("[data-setting=blink_interval_min] input").fill("30")
    page.wait("!document.querySelector('#alert').hidden")
    told = page.tab.text_content("#alert p")
    assert "blink_interval_min" in told and "blink_interval_max" in told
    shows(page, "[data-setting=blink_interval_min] input", "2")
    assert state(server)["settings"] == {}


def test_an_edge_of_the_crop_stops_short_of_its_opposite(page: Any, server: Any) -> None:
    page.tab.click("#settings summary")
    for edge, to, stops in (("left", "1", 0.9375), ("bottom", "0", 0.0625), ("right", "0.5", 1.0)):
        page.tab.locator(f"[data-crop={edge}] input").fill(to)
        wait_until(lambda edge=edge, stops=stops: state(server)["crop"][edge] == stops)  # type: ignore[misc]
        assert page.tab.is_hidden("#alert")
    shows(page, "[data-crop=left] input", "0.94")


def test_changes_of_two_sliders_at_once_both_arrive(page: Any, server: Any) -> None:
    """While one is under way, a second must not push the first one's waiting value out."""
    page.tab.evaluate("""() => {
      for (const [name, value] of [['head_x', 0.1], ['head_y', 0.2], ['neck_z', 0.3], ['head_y', 0.4]]) {
        const slider = document.querySelector(`[data-morph=${name}] input`);
        slider.value = value;
        slider.dispatchEvent(new Event('input', { bubbles: true }));
      }
    }""")
    wait_until(lambda: state(server)["overrides"] == {"head_x": 0.1, "head_y": 0.4, "neck_z": 0.3})


def test_settings_are_those_of_the_schema(page: Any) -> None:
    schema = settings.settings_schema()
    kinds = ("number", "integer", "boolean")
    simple = {
        key
        for key, declared in schema["properties"].items()
        if "enum" in declared or declared.get("type") in kinds
    }
    shown = page.tab.locator("[data-setting]").evaluate_all("(all) => all.map((n) => n.dataset.setting)")
    assert len(shown) == len(set(shown))
    assert set(shown) == simple
    defaults = settings.settings_json(settings.DEFAULTS)
    text = page.tab.evaluate("""Object.fromEntries([...document.querySelectorAll('[data-setting] output')]
      .map((n) => [n.closest('[data-setting]').dataset.setting, Number(n.textContent)]))""")
    for key in text:
        assert text[key] == pytest.approx(defaults[key], abs=1e-9), key


def test_a_wide_range_is_a_slider_of_ratios(page: Any, server: Any) -> None:
    """Of 0.2 … 600 s a fifth of the way is 0.2 * 3000 ** 0.2 = 0.99 s, and the ends are the ends."""
    page.tab.click("#settings summary")
    slider = page.tab.locator("[data-setting=sway_interval_min] input")
    slider.fill("0.2")
    wait_until(lambda: state(server)["settings"] == {"sway_interval_min": 0.99})
    assert slider.get_attribute("aria-valuetext") == "0.99"
    page.tab.locator("[data-setting=sway_interval_max] input").fill("1")
    wait_until(lambda: state(server)["settings"].get("sway_interval_max") == 600)
    slider.fill("0")
    wait_until(lambda: state(server)["settings"]["sway_interval_min"] == 0.2)


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
    press("Tab")

    def is_so(field: str, on: bool) -> bool:
        return state(server)[field] is on

    for field in ("talking", "data_eyes", "paused"):
        press("Space")
        wait_until(partial(is_so, field, True))
        press("Space")
        wait_until(partial(is_so, field, False))
        press("Tab")
    press("Enter")
    assert page.tab.evaluate("document.querySelector('#settings').open")
    press("Tab")
    assert page.tab.evaluate("document.activeElement.closest('#settings') !== null")


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
    page.tab.evaluate("for (const fold of document.querySelectorAll('.fold')) fold.open = true")
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= width
    cut = page.tab.evaluate("""[...document.querySelectorAll('.life *')]
      .filter((n) => n.getClientRects().length && n.getBoundingClientRect().right > innerWidth).length""")
    assert cut == 0
