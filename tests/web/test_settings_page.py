"""The page settings in a real Chromium: filters, looks, motion. Every control changes picture or state."""

from collections.abc import Iterator
from typing import Any

import pytest

from avatar_rtc.control import settings
from tests.waiting import wait_until
from tests.web.axe import EACH_TIME, looks
from tests.web.settings_stage import SIZE, filters_of, ready, settings_page, state_of
from tests.web.test_browser import FACE, frames

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page: Any, server: Any) -> Iterator[Any]:
    yield from settings_page(open_page, server)


@pytest.fixture
def other(page: Any, open_page: Any) -> Any:
    other = open_page("/settings", viewport=SIZE)
    ready(other)
    return other


def alpha(page: Any) -> int:
    return int(frames(page, 1)[0][FACE][..., 3].max())


def add(page: Any, name: str) -> None:
    page.tab.click(".picker summary")
    page.tab.fill(".picker [type=search]", name)
    page.tab.press(".picker [type=search]", "Enter")


def value(page: Any, selector: str, wanted: str) -> None:
    page.wait(f"document.querySelector('{selector}').value === '{wanted}'")


# --- filters


def test_a_filter_is_added_set_typed_reset_switched_doubled_and_removed(page: Any, server: Any) -> None:
    add(page, "translucent")
    wait_until(
        lambda: state_of(server)["chain"] == [["translucent_display", {"enabled": True, "alpha": 0.9}]]
    )
    number = page.tab.locator("[data-parameter=alpha] [type=number]")
    page.tab.locator("[data-parameter=alpha] [type=range]").fill("0.1")
    wait_until(lambda: alpha(page) < 60)
    assert number.input_value() == "0.1"
    number.fill("7")
    number.press("Enter")
    assert number.input_value() == "1"
    assert "lies in 0.1..1" in page.tab.text_content("#status")
    wait_until(lambda: alpha(page) > 240)
    page.tab.click("[data-parameter=alpha] .back")
    wait_until(lambda: state_of(server)["chain"][0][1]["alpha"] == 0.9)
    assert page.tab.is_hidden("[data-parameter=alpha] .back") or not page.tab.is_visible(
        "[data-parameter=alpha] .back"
    )
    page.tab.locator("[data-parameter=alpha] [type=range]").fill("0.1")
    page.tab.uncheck("[aria-label='translucent display on']")
    wait_until(lambda: alpha(page) > 240)
    page.tab.check("[aria-label='translucent display on']")
    page.tab.click("[aria-label='Double translucent display']")
    wait_until(lambda: filters_of(server) == ["translucent_display"] * 2 and alpha(page) < 20)
    page.tab.click(".about .reset >> nth=0")
    wait_until(lambda: [params["alpha"] for _, params in state_of(server)["chain"]] == [0.9, 0.1])
    page.tab.click("[aria-label='Remove translucent display'] >> nth=1")
    page.tab.click("[aria-label='Remove translucent display']")
    wait_until(lambda: filters_of(server) == [] and alpha(page) > 240)


def test_filters_are_put_in_order_by_dragging_and_by_keys(page: Any, server: Any) -> None:
    server.ask("PUT", "avatars/main/chain", {"chain": [["bloom"], ["noise"], ["banding"]]})
    page.wait("document.querySelectorAll('.filters li').length === 3")
    grips = page.tab.locator(".grip")
    last, first = grips.nth(2).bounding_box(), grips.nth(0).bounding_box()
    page.tab.mouse.move(last["x"] + 8, last["y"] + 8)
    page.tab.mouse.down()
    page.tab.mouse.move(first["x"] + 8, first["y"] + 30, steps=4)
    page.tab.mouse.move(first["x"] + 8, first["y"] - 8, steps=2)
    assert filters_of(server) == ["bloom", "noise", "banding"], "not before it is let go of"
    page.tab.mouse.up()
    wait_until(lambda: filters_of(server) == ["banding", "bloom", "noise"])
    assert page.tab.evaluate("document.activeElement.className") == "grip"
    page.tab.keyboard.press("ArrowDown")
    wait_until(lambda: filters_of(server) == ["bloom", "banding", "noise"])
    assert "banding is now 2 of 3" in page.tab.text_content("#status")
    page.tab.focus("[data-operation=noise] .title")
    page.tab.keyboard.press("Alt+ArrowUp")
    page.tab.keyboard.press("Alt+ArrowUp")
    wait_until(lambda: filters_of(server) == ["noise", "bloom", "banding"])
    page.tab.keyboard.press("Delete")
    wait_until(lambda: filters_of(server) == ["bloom", "banding"])
    assert page.tab.evaluate("document.activeElement.closest('li').dataset.operation") == "bloom"


def test_colours_choices_and_help(page: Any, server: Any) -> None:
    server.ask("PUT", "avatars/main/chain", {"chain": [["monochrome_display"], ["crt"]]})
    page.wait("document.querySelectorAll('.filters li').length === 2")
    page.tab.click("[data-operation=monochrome_display] .title")
    page.tab.locator("[data-parameter=tint_rgb] [type=color]").fill("#00ff00")
    wait_until(lambda: state_of(server)["chain"][0][1]["tint_rgb"] == [0, 1, 0])
    wait_until(lambda: int(frames(page, 1)[0][FACE][..., 0].max()) < 60)
    page.tab.click("[data-operation=crt] .title")
    page.tab.select_option("[data-parameter=mask] select", "slot")
    wait_until(lambda: state_of(server)["chain"][1][1]["mask"] == "slot")
    page.tab.click("[data-parameter=curvature] .help")
    assert page.tab.get_attribute("[data-parameter=curvature] .help", "aria-expanded") == "true"
    assert page.tab.is_visible("[data-parameter=curvature] .help-text")
    page.tab.focus("[data-parameter=curvature] [type=range]")
    page.tab.keyboard.press("?")
    assert page.tab.is_hidden("[data-parameter=curvature] .help-text")
    wait_until(lambda: "ms" in page.tab.text_content("[data-operation=crt] .ms"))
    assert "ms a frame" in page.tab.text_content("#budget-text")


def test_the_picker_is_searched_by_keyboard(page: Any, server: Any) -> None:
    searching = "document.activeElement.type === 'search'"
    page.tab.focus(".picker summary")
    page.tab.keyboard.press("Enter")
    page.wait(searching)
    page.tab.keyboard.type("scanl")
    page.tab.keyboard.press("ArrowDown")
    assert page.tab.evaluate("document.activeElement.value") == "scanlines"
    page.tab.keyboard.press("Escape")
    assert page.tab.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.tab.keyboard.press("Enter")
    page.wait(searching)
    page.tab.keyboard.type("zzz")
    assert page.tab.is_visible(".found .nothing")


def test_one_switch_turns_all_filters_off_and_keeps_them(page: Any, other: Any, server: Any) -> None:
    server.ask("PUT", "avatars/main/chain", {"chain": [["translucent_display", {"alpha": 0.1}]]})
    wait_until(lambda: alpha(page) < 60)
    page.tab.keyboard.press("m")
    wait_until(lambda: alpha(page) > 240)
    assert filters_of(server) == ["translucent_display"] and not state_of(server)["chain_on"]
    other.wait("!document.querySelector('#chain-on').checked")
    other.tab.focus("#chain-on")
    other.tab.keyboard.press("Space")
    wait_until(lambda: alpha(page) < 60)
    page.wait("document.querySelector('#chain-on').checked")


def test_two_chains_are_a_key_apart(page: Any, server: Any) -> None:
    server.ask("PUT", "avatars/main/chain", {"chain": [["bloom"]]})
    page.wait("document.querySelectorAll('.filters li').length === 1")
    page.tab.keyboard.press("x")
    add(page, "noise")
    wait_until(lambda: filters_of(server) == ["bloom", "noise"])
    page.tab.evaluate("document.activeElement.blur()")
    page.tab.keyboard.press("x")
    wait_until(lambda: filters_of(server) == ["bloom"])
    page.tab.keyboard.press("x")
    wait_until(lambda: filters_of(server) == ["bloom", "noise"])
    page.tab.click("#copy-ab")
    page.tab.keyboard.press("x")
    page.wait("document.querySelector('#ab [value=A]').checked")
    assert page.tab.locator(".filters li").count() == 2
    page.tab.click("#clear")
    wait_until(lambda: filters_of(server) == [])


def test_two_pages_agree_while_one_types(page: Any, other: Any, server: Any) -> None:
    server.ask("PUT", "avatars/main/chain", {"chain": [["noise"], ["posterize"]]})
    for each in (page, other):
        each.wait("document.querySelectorAll('.filters li').length === 2")
        each.tab.click("[data-operation=noise] .title")
    page.tab.locator("[data-parameter=strength] [type=range]").fill("0.6")
    value(other, "[data-parameter=strength] [type=number]", "0.6")
    number = page.tab.locator("[data-parameter=sigma] [type=number]")
    number.click()
    other.tab.uncheck("[aria-label='posterize on']")
    page.wait("document.querySelector('[data-operation=posterize]').classList.contains('off')")
    assert page.tab.evaluate("document.activeElement.type") == "number", "what is being typed stays"


# --- looks


def test_a_look_is_worn_saved_and_forgotten(page: Any, server: Any) -> None:
    page.wait("document.querySelectorAll('.look img:not([hidden])').length > 3")
    page.tab.click("[data-look=pixel_art] button")
    wait_until(lambda: "pixelize" in filters_of(server))
    page.wait("document.querySelector('[data-look=pixel_art] button').ariaPressed === 'true'")
    add(page, "desaturate")
    wait_until(lambda: "desaturate" in filters_of(server))
    page.tab.fill("#looks [name=title]", "My Grey!")
    page.tab.press("#looks [name=title]", "Enter")
    page.wait("document.querySelector('[data-look=my-grey]')")
    assert server.get("presets")["presets"]["my-grey"]["own"]
    page.wait("!document.querySelector('[data-look=my-grey] img').hidden")
    page.tab.click("[data-look=none] button")
    wait_until(lambda: filters_of(server) == [])
    page.tab.click("[data-look=my-grey] .look")
    wait_until(lambda: filters_of(server)[-1:] == ["desaturate"])
    page.tab.click("[aria-label='Forget the look My Grey!']")
    page.wait("!document.querySelector('[data-look=my-grey]')")
    assert "my-grey" not in server.get("presets")["presets"]


# --- motion


def test_every_setting_is_there_at_its_default(page: Any) -> None:
    shown = page.tab.locator("[data-setting]").evaluate_all("(all) => all.map((n) => n.dataset.setting)")
    assert sorted(shown) == sorted(settings.settings_schema()["properties"])
    defaults = settings.settings_json(settings.DEFAULTS)
    numbers = page.tab.evaluate("""Object.fromEntries(
      [...document.querySelectorAll('[data-setting] > [type=number]')]
        .map((n) => [n.closest('[data-setting]').dataset.setting, Number(n.value)]))""")
    assert len(numbers) > 15
    for key in numbers:
        assert numbers[key] == pytest.approx(defaults[key], abs=1e-4), key
    assert page.tab.locator("#motion .changed").count() == 0


def test_settings_are_set_searched_and_reset(page: Any, other: Any, server: Any) -> None:
    page.tab.locator("[data-setting=liveliness] [type=range]").fill("0.4")
    value(other, "[data-setting=liveliness] [type=number]", "0.4")
    other.tab.uncheck("[data-setting=sway_morphs] input >> nth=0")
    wait_until(
        lambda: state_of(server)["settings"].get("sway_morphs") == ["head_y", "neck_z", "body_y", "body_z"]
    )
    page.tab.fill("#motion [type=search]", "mouth_aaa")
    assert page.tab.is_hidden("[data-setting=liveliness]")
    page.tab.fill("#motion [type=search]", "open")
    assert page.tab.is_visible("[data-setting=articulation]")
    page.tab.fill("#motion [type=search]", "")
    page.tab.select_option("[data-setting=talking_morph] select", "mouth_ooo")
    page.tab.select_option("[data-setting=emotion_speed] select", "joy")
    wait_until(lambda: state_of(server)["settings"].get("emotion_speed") == {"joy": 2})
    page.tab.uncheck("[data-setting=animefx] input >> nth=0")
    wait_until(lambda: state_of(server)["settings"]["animefx"][0]["enabled"] is False)
    page.tab.click("[aria-label='joy as others']")
    wait_until(lambda: "emotion_speed" not in state_of(server)["settings"])
    page.tab.click("[aria-label='Reset Motion']")
    wait_until(lambda: set(state_of(server)["settings"]) == {"talking_morph", "animefx"})
    page.tab.click("#reset-motion")
    wait_until(lambda: state_of(server)["settings"] == {})
    for each in (page, other):
        each.wait("document.querySelectorAll('#motion .changed').length === 0")


def test_a_refused_setting_goes_back(page: Any, server: Any) -> None:
    page.tab.locator("[data-setting=blink_interval_min] [type=range]").fill("30")
    page.wait("!document.querySelector('#alert').hidden")
    assert "blink_interval_max" in page.tab.text_content("#alert p")
    value(page, "[data-setting=blink_interval_min] [type=number]", "2")


def test_it_is_good_to_look_at(open_page: Any, server: Any) -> None:
    server.ask("PUT", "avatars/main/chain", {"chain": [["bloom"], ["noise"]]})

    def opened(page: Any) -> None:
        ready(page)
        page.tab.click("[data-operation=bloom] .title")

    assert len(looks(open_page, "/settings", opened, EACH_TIME)) == 4
    server.ask("PUT", "avatars/main/chain", {"chain": []})
