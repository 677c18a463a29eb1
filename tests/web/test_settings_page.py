"""The page settings in a real Chromium: every control changes the picture or the state."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from avatar_rtc.control import settings
from tests.waiting import wait_until
from tests.web.axe import looks
from tests.web.test_browser import CORNER, FACE, frames

pytestmark = pytest.mark.browser

SIZE = {"width": 1280, "height": 860}
NO_CROP = {"enabled": False, "left": 0, "top": 0, "right": 1, "bottom": 1}


def ready(page: Any) -> None:
    page.wait_live()
    page.wait(
        "document.querySelector('[data-setting=liveliness]') && document.querySelector('.found button')"
    )


@pytest.fixture
def page(open_page: Any, server: Any) -> Iterator[Any]:
    page = open_page("/settings", viewport=SIZE)
    ready(page)
    yield page
    server.ask("DELETE", "avatars/main/settings")
    server.ask("DELETE", "avatars/main/emotions")
    server.ask("PUT", "avatars/main/chain", {"chain": []})
    server.ask("PUT", "avatars/main/crop", NO_CROP)
    server.ask("PUT", "avatars/main/framing", {"name": "whole"})
    server.ask("PUT", "avatars/main/backdrop", {"name": None})
    server.ask("PUT", "avatars/main/emotion", {"name": "neutral"})
    for switch in ("talking", "pause"):
        server.ask("PUT", f"avatars/main/{switch}", {"on": False})
    server.ask("PATCH", "avatars/main", {"character": "placeholder"})


@pytest.fixture
def other(page: Any, open_page: Any) -> Any:
    other = open_page("/settings", viewport=SIZE)
    ready(other)
    return other


def state(server: Any) -> dict[str, Any]:
    return dict(server.get("avatars/main"))


def names(server: Any) -> list[str]:
    return [name for name, _ in state(server)["chain"]]


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
    wait_until(lambda: state(server)["chain"] == [["translucent_display", {"enabled": True, "alpha": 0.9}]])
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
    wait_until(lambda: state(server)["chain"][0][1]["alpha"] == 0.9)
    assert page.tab.is_hidden("[data-parameter=alpha] .back") or not page.tab.is_visible(
        "[data-parameter=alpha] .back"
    )
    page.tab.locator("[data-parameter=alpha] [type=range]").fill("0.1")
    page.tab.uncheck("[aria-label='translucent display on']")
    wait_until(lambda: alpha(page) > 240)
    page.tab.check("[aria-label='translucent display on']")
    page.tab.click("[aria-label='Double translucent display']")
    wait_until(lambda: names(server) == ["translucent_display"] * 2 and alpha(page) < 20)
    page.tab.click(".about .reset >> nth=0")
    wait_until(lambda: [params["alpha"] for _, params in state(server)["chain"]] == [0.9, 0.1])
    page.tab.click("[aria-label='Remove translucent display'] >> nth=1")
    page.tab.click("[aria-label='Remove translucent display']")
    wait_until(lambda: names(server) == [] and alpha(page) > 240)


def test_filters_are_put_in_order_by_dragging_and_by_keys(page: Any, server: Any) -> None:
    server.ask("PUT", "avatars/main/chain", {"chain": [["bloom"], ["noise"], ["banding"]]})
    page.wait("document.querySelectorAll('.filters li').length === 3")
    grips = page.tab.locator(".grip")
    last, first = grips.nth(2).bounding_box(), grips.nth(0).bounding_box()
    page.tab.mouse.move(last["x"] + 8, last["y"] + 8)
    page.tab.mouse.down()
    page.tab.mouse.move(first["x"] + 8, first["y"] + 30, steps=4)
    page.tab.mouse.move(first["x"] + 8, first["y"] - 8, steps=2)
    assert names(server) == ["bloom", "noise", "banding"], "not before it is let go of"
    page.tab.mouse.up()
    wait_until(lambda: names(server) == ["banding", "bloom", "noise"])
    assert page.tab.evaluate("document.activeElement.className") == "grip"
    page.tab.keyboard.press("ArrowDown")
    wait_until(lambda: names(server) == ["bloom", "banding", "noise"])
    assert "banding is now 2 of 3" in page.tab.text_content("#status")
    page.tab.focus("[data-operation=noise] .title")
    page.tab.keyboard.press("Alt+ArrowUp")
    page.tab.keyboard.press("Alt+ArrowUp")
    wait_until(lambda: names(server) == ["noise", "bloom", "banding"])
    page.tab.keyboard.press("Delete")
    wait_until(lambda: names(server) == ["bloom", "banding"])
    assert page.tab.evaluate("document.activeElement.closest('li').dataset.operation") == "bloom"


def test_colours_choices_and_help(page: Any, server: Any) -> None:
    server.ask("PUT", "avatars/main/chain", {"chain": [["monochrome_display"], ["crt"]]})
    page.wait("document.querySelectorAll('.filters li').length === 2")
    page.tab.click("[data-operation=monochrome_display] .title")
    page.tab.locator("[data-parameter=tint_rgb] [type=color]").fill("#00ff00")
    wait_until(lambda: state(server)["chain"][0][1]["tint_rgb"] == [0, 1, 0])
    wait_until(lambda: int(frames(page, 1)[0][FACE][..., 0].max()) < 60)
    page.tab.click("[data-operation=crt] .title")
    page.tab.select_option("[data-parameter=mask] select", "slot")
    wait_until(lambda: state(server)["chain"][1][1]["mask"] == "slot")
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
    assert names(server) == ["translucent_display"] and not state(server)["chain_on"]
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
    wait_until(lambda: names(server) == ["bloom", "noise"])
    page.tab.evaluate("document.activeElement.blur()")
    page.tab.keyboard.press("x")
    wait_until(lambda: names(server) == ["bloom"])
    page.tab.keyboard.press("x")
    wait_until(lambda: names(server) == ["bloom", "noise"])
    page.tab.click("#copy-ab")
    page.tab.keyboard.press("x")
    page.wait("document.querySelector('#ab [value=A]').checked")
    assert page.tab.locator(".filters li").count() == 2
    page.tab.click("#clear")
    wait_until(lambda: names(server) == [])


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
    wait_until(lambda: "pixelize" in names(server))
    page.wait("document.querySelector('[data-look=pixel_art] button').ariaPressed === 'true'")
    add(page, "desaturate")
    wait_until(lambda: "desaturate" in names(server))
    page.tab.fill("#looks [name=title]", "My Grey!")
    page.tab.press("#looks [name=title]", "Enter")
    page.wait("document.querySelector('[data-look=my-grey]')")
    assert server.get("presets")["presets"]["my-grey"]["own"]
    page.wait("!document.querySelector('[data-look=my-grey] img').hidden")
    page.tab.click("[data-look=none] button")
    wait_until(lambda: names(server) == [])
    page.tab.click("[data-look=my-grey] .look")
    wait_until(lambda: names(server)[-1:] == ["desaturate"])
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
        lambda: state(server)["settings"].get("sway_morphs") == ["head_y", "neck_z", "body_y", "body_z"]
    )
    page.tab.fill("#motion [type=search]", "mouth_aaa")
    assert page.tab.is_hidden("[data-setting=liveliness]")
    page.tab.fill("#motion [type=search]", "open")
    assert page.tab.is_visible("[data-setting=articulation]")
    page.tab.fill("#motion [type=search]", "")
    page.tab.select_option("[data-setting=talking_morph] select", "mouth_ooo")
    page.tab.select_option("[data-setting=emotion_speed] select", "joy")
    wait_until(lambda: state(server)["settings"].get("emotion_speed") == {"joy": 2})
    page.tab.uncheck("[data-setting=animefx] input >> nth=0")
    wait_until(lambda: state(server)["settings"]["animefx"][0]["enabled"] is False)
    page.tab.click("[aria-label='joy as others']")
    wait_until(lambda: "emotion_speed" not in state(server)["settings"])
    page.tab.click("[aria-label='Reset Motion']")
    wait_until(lambda: set(state(server)["settings"]) == {"talking_morph", "animefx"})
    page.tab.click("#reset-motion")
    wait_until(lambda: state(server)["settings"] == {})
    for each in (page, other):
        each.wait("document.querySelectorAll('#motion .changed').length === 0")


def test_a_refused_setting_goes_back(page: Any, server: Any) -> None:
    page.tab.locator("[data-setting=blink_interval_min] [type=range]").fill("30")
    page.wait("!document.querySelector('#alert').hidden")
    assert "blink_interval_max" in page.tab.text_content("#alert p")
    value(page, "[data-setting=blink_interval_min] [type=number]", "2")


# --- crop


def test_a_crop_is_drawn_on_the_stage(page: Any, server: Any) -> None:
    page.tab.keyboard.press("c")
    page.wait("document.querySelector('.crop-whole').naturalWidth === 512")
    area = page.tab.locator(".crop-area").bounding_box()

    def drag(selector: str, x: float, y: float) -> None:
        box = page.tab.locator(selector).bounding_box()
        at = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.tab.mouse.move(*at)
        page.tab.mouse.down()
        page.tab.mouse.move(at[0] + x * area["width"], at[1] + y * area["height"], steps=3)
        page.tab.mouse.up()

    drag(".edge.left", 0.25, 0.0)
    wait_until(lambda: state(server)["crop"]["left"] == pytest.approx(0.25, abs=0.01))
    assert state(server)["crop"]["enabled"] and state(server)["shown"] == "crop"
    drag(".corner.right.bottom", -0.25, -0.5)
    wait_until(lambda: state(server)["crop"]["bottom"] == pytest.approx(0.5, abs=0.01))
    drag(".edge.left", 0.9, 0.0)
    told = wait_for_crop(server, lambda crop: crop["left"] > 0.6)
    assert told["right"] - told["left"] == pytest.approx(1 / 16, abs=1e-3), "it stops short of its opposite"
    page.tab.focus(".crop-frame")
    page.tab.keyboard.press("ArrowDown")
    moved = wait_for_crop(server, lambda crop: crop["top"] > 0)
    assert moved["top"] == pytest.approx(0.01) and moved["bottom"] == pytest.approx(told["bottom"] + 0.01)
    page.tab.focus(".edge.left")
    page.tab.keyboard.press("Shift+ArrowLeft")
    wait_for_crop(server, lambda crop: crop["left"] == pytest.approx(told["left"] - 0.05))
    # The live part lies over the same part of the whole picture.
    live, frame = (page.tab.locator(each).bounding_box() for each in ("#avatar", ".crop-frame"))
    assert [live[k] for k in "xy"] == pytest.approx([frame[k] for k in "xy"], abs=3)
    page.tab.click("#crop .reset")
    wait_until(lambda: state(server)["crop"] == NO_CROP)
    page.tab.keyboard.press("c")
    assert page.tab.is_hidden(".crop-area")


def wait_for_crop(server: Any, is_so: Any) -> dict[str, Any]:
    wait_until(lambda: is_so(state(server)["crop"]))
    return dict(state(server)["crop"])


def test_edges_are_typed_and_clamp_each_other(page: Any, server: Any) -> None:
    for edge, to, stops in (("left", "1", 0.9375), ("bottom", "0", 0.0625)):
        number = page.tab.locator(f"[data-crop={edge}] [type=number]")
        number.fill(to)
        number.press("Enter")
        wait_for_crop(server, lambda crop, edge=edge, stops=stops: crop[edge] == stops)
    assert page.tab.is_hidden("#alert")


# --- backdrop


def matte_pixel(page: Any) -> list[int]:
    """Of the upper left of what calls would see."""
    return list(
        page.tab.evaluate("""() => {
      const context = new OffscreenCanvas(64, 36).getContext('2d');
      context.drawImage(document.querySelector('.matte'), 0, 0, 64, 36);
      return [...context.getImageData(3, 3, 1, 1).data].slice(0, 3);
    }""")
    )


def near(one: list[int], other: tuple[int, int, int]) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) < 12


def picture(colour: tuple[int, ...], mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.new(mode, (96, 54), colour).save(file, "PNG")
    return file.getvalue()


def test_a_backdrop_is_seen_on_the_stage_as_soon_as_it_is_changed(page: Any, server: Any) -> None:
    assert page.tab.is_hidden(".matte")
    page.tab.locator("#backdrop-colour").fill("#20a040")
    page.wait("document.querySelector('.matte').videoWidth > 2")
    wait_until(lambda: near(matte_pixel(page), (0x20, 0xA0, 0x40)))
    assert page.tab.is_checked("#seen [value=backdrop]")
    page.tab.set_input_files(
        "#backdrop-file", {"name": "My Wall.png", "mimeType": "image/png", "buffer": picture((200, 40, 40))}
    )
    wait_until(lambda: state(server)["backdrop"]["name"] == "my-wall")
    wait_until(lambda: near(matte_pixel(page), (200, 40, 40)))
    page.tab.locator("[data-parameter]").count()
    page.tab.select_option("#backdrop .dials select >> nth=1", "own")
    page.tab.click("#backdrop .picker summary")
    page.tab.fill("#backdrop .picker [type=search]", "desaturate")
    page.tab.press("#backdrop .picker [type=search]", "Enter")
    wait_until(lambda: [name for name, _ in state(server)["backdrop"]["chain"]] == ["desaturate"])
    wait_until(lambda: np.ptp(matte_pixel(page)) < 12)
    assert names(server) == []
    page.tab.locator("#backdrop .dials [type=range]").fill("6")
    wait_until(lambda: state(server)["backdrop"]["blur"] == 6)
    page.tab.click("[aria-label='Forget the backdrop my-wall']")
    wait_until(lambda: state(server)["backdrop"]["name"] is None)
    page.wait("!document.querySelector('#backdrop [value=my-wall]')")
    page.tab.keyboard.press("b")
    assert page.tab.is_hidden(".matte")
    wait_until(lambda: state(server)["viewers"] == 1)
    assert int(frames(page, 1)[0][CORNER][..., 3].max()) == 0


# --- files and keys


def drop(page: Any, name: str, kind: str, data: bytes) -> None:
    page.tab.evaluate(
        """([name, type, bytes]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], name, { type }));
          const how = { dataTransfer: transfer, bubbles: true, cancelable: true };
          document.body.dispatchEvent(new DragEvent('drop', how));
        }""",
        [name, kind, list(data)],
    )


def test_a_setup_is_saved_and_loaded_by_key_and_drop(page: Any, server: Any, tmp_path: Path) -> None:
    server.ask("PUT", "avatars/main/chain", {"chain": [["posterize", {"levels": 3}]], "on": False})
    server.ask("PATCH", "avatars/main/settings", {"liveliness": 0.25})
    server.ask("PUT", "avatars/main/crop", {"top": 0.125})
    saved = server.get("avatars/main/setup")
    with page.tab.expect_download() as waited:
        page.tab.keyboard.press("Control+s")
    waited.value.save_as(tmp_path / "setup.json")
    assert waited.value.suggested_filename == "main-setup.json"
    assert json.loads((tmp_path / "setup.json").read_text()) == saved
    page.tab.click("#clear")
    server.ask("PUT", "avatars/main/crop", NO_CROP)
    with page.tab.expect_file_chooser() as chooser:
        page.tab.keyboard.press("Control+o")
    chooser.value.set_files(tmp_path / "setup.json")
    wait_until(lambda: server.get("avatars/main/setup") == saved)
    former = {
        "liveliness": 1.5,
        "postprocessor_chain": [["bloom", {"name": "bloom0"}]],
        "crop": {"left": 0.1},
    }
    drop(page, "animator.json", "application/json", json.dumps(former).encode())
    wait_until(lambda: names(server) == ["bloom"] and state(server)["settings"] == {"liveliness": 1.5})
    drop(page, "smug.json", "application/json", json.dumps({"smug": {"pose": {"mouth_smirk": 1}}}).encode())
    page.wait("[...document.querySelector('#emotion').options].some(({ value }) => value === 'smug')")
    drop(page, "x.json", "application/json", b'{"livelines": 1}')
    page.wait("!document.querySelector('#alert').hidden")
    assert "liveliness" in page.tab.text_content("#alert p")
    page.errors[:] = [line for line in page.errors if "400" not in line]  # Chromium logs every refusal
    assert names(server) == ["bloom"]


def test_a_dropped_picture_is_a_backdrop_or_a_character(page: Any, server: Any) -> None:
    drop(page, "Sky Blue.png", "image/png", picture((40, 120, 220)))
    wait_until(lambda: state(server)["backdrop"]["name"] == "sky-blue")
    figure = np.zeros((512, 512, 4), np.uint8)
    figure[64:, 128:384] = (20, 60, 220, 255)
    file = io.BytesIO()
    Image.fromarray(figure).save(file, "PNG")
    drop(page, "Blue Box.png", "image/png", file.getvalue())
    wait_until(lambda: state(server)["character"] == "blue-box")
    server.ask("PUT", "avatars/main/backdrop", {"name": None})


def test_keys_and_what_is_under_the_stage(page: Any, server: Any) -> None:
    press = page.tab.keyboard.press
    press("t")
    wait_until(lambda: state(server)["talking"])
    press("t")
    wait_until(lambda: not state(server)["talking"])
    press("Control+p")
    wait_until(lambda: state(server)["paused"])
    page.wait("document.querySelector('#paused').ariaPressed === 'true'")
    press("Control+p")
    press("Control+e")
    press("Home")
    first = page.tab.evaluate("document.querySelector('#emotion').options[0].value")
    wait_until(lambda: state(server)["emotion"]["weights"] == {first: 1})
    press("ArrowDown")
    wait_until(lambda: state(server)["emotion"]["weights"] != {first: 1})
    press("F1")
    assert page.tab.evaluate("document.querySelector('#keys').open")
    press("t")
    press("Escape")
    assert not state(server)["talking"] and not page.tab.evaluate("document.querySelector('#keys').open")
    page.tab.fill("#motion [type=search]", "m")
    assert state(server)["chain_on"], "letters are typed where one types"


def test_it_is_good_to_look_at_at_every_width(open_page: Any, server: Any, tmp_path: Path) -> None:
    server.ask("PUT", "avatars/main/chain", {"chain": [["bloom"], ["noise"]]})

    def opened(page: Any) -> None:
        ready(page)
        page.tab.click("[data-operation=bloom] .title")

    assert len(looks(open_page, "/settings", ready=opened, folder=tmp_path)) == 6
    server.ask("PUT", "avatars/main/chain", {"chain": []})


def test_on_a_phone_the_stage_stays_in_sight(open_page: Any) -> None:
    page = open_page("/settings", viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    ready(page)
    page.tab.evaluate("document.querySelector('#file').scrollIntoView()")
    box = page.tab.locator("#stage").bounding_box()
    assert box["y"] >= -1 and box["y"] + box["height"] < 400
