"""The page settings in a real Chromium: crop, backdrop, files and keys."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.waiting import wait_until
from tests.web.settings_stage import NO_CROP, filters_of, ready, settings_page, state_of
from tests.web.test_browser import CORNER, frames

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page: Any, server: Any) -> Iterator[Any]:
    yield from settings_page(open_page, server)


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
    wait_until(lambda: state_of(server)["crop"]["left"] == pytest.approx(0.25, abs=0.01))
    assert state_of(server)["crop"]["enabled"] and state_of(server)["shown"] == "crop"
    drag(".corner.right.bottom", -0.25, -0.5)
    wait_until(lambda: state_of(server)["crop"]["bottom"] == pytest.approx(0.5, abs=0.01))
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
    wait_until(lambda: state_of(server)["crop"] == NO_CROP)
    page.tab.keyboard.press("c")
    assert page.tab.is_hidden(".crop-area")


def wait_for_crop(server: Any, is_so: Any) -> dict[str, Any]:
    wait_until(lambda: is_so(state_of(server)["crop"]))
    return dict(state_of(server)["crop"])


def test_edges_are_typed_and_clamp_each_other(page: Any, server: Any) -> None:
    for edge, to, stops in (("left", "1", 0.9375), ("bottom", "0", 0.0625)):
        number = page.tab.locator(f"[data-crop={edge}] [type=number]")
        number.fill(to)
        number.press("Enter")
        wait_for_crop(server, lambda crop, edge=edge, stops=stops: crop[edge] == stops)
    assert page.tab.is_hidden("#alert")


def test_a_number_that_is_being_typed_is_not_written_over(page: Any, server: Any) -> None:
    number = page.tab.locator("[data-crop=left] [type=number]")
    number.fill("0.5")
    server.ask("PUT", "avatars/main/crop", {"left": 0.1, "top": 0.2})
    page.wait("document.querySelector('[data-crop=top] [type=number]').value === '0.2'")
    assert number.input_value() == "0.5"
    number.press("Enter")
    wait_for_crop(server, lambda crop: crop["left"] == 0.5 and crop["top"] == 0.2)
    server.ask("PUT", "avatars/main/crop", {"left": 0.3})
    page.wait("document.querySelector('[data-crop=left] [type=number]').value === '0.3'")
    number.fill("")
    page.tab.focus("[data-crop=top] [type=number]")
    assert number.input_value() == "0.3", "nothing typed is what it was"


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
    viewers = state_of(server)["viewers"]
    page.tab.locator("#backdrop-colour").fill("#20a040")
    page.wait("document.querySelector('.matte').videoWidth > 2")
    wait_until(lambda: near(matte_pixel(page), (0x20, 0xA0, 0x40)))
    assert page.tab.is_checked("#seen [value=backdrop]")
    page.tab.set_input_files(
        "#backdrop-file", {"name": "My Wall.png", "mimeType": "image/png", "buffer": picture((200, 40, 40))}
    )
    wait_until(lambda: state_of(server)["backdrop"]["name"] == "my-wall")
    wait_until(lambda: near(matte_pixel(page), (200, 40, 40)))
    page.tab.locator("[data-parameter]").count()
    page.tab.select_option("#backdrop .dials select >> nth=1", "own")
    page.tab.click("#backdrop .picker summary")
    page.tab.fill("#backdrop .picker [type=search]", "desaturate")
    page.tab.press("#backdrop .picker [type=search]", "Enter")
    wait_until(lambda: [name for name, _ in state_of(server)["backdrop"]["chain"]] == ["desaturate"])
    wait_until(lambda: np.ptp(matte_pixel(page)) < 12)
    assert filters_of(server) == []
    page.tab.locator("#backdrop .dials [type=range]").fill("6")
    wait_until(lambda: state_of(server)["backdrop"]["blur"] == 6)
    page.tab.click("[aria-label='Forget the backdrop my-wall']")
    wait_until(lambda: state_of(server)["backdrop"]["name"] is None)
    page.wait("!document.querySelector('#backdrop [value=my-wall]')")
    page.tab.keyboard.press("b")
    assert page.tab.is_hidden(".matte")
    wait_until(lambda: state_of(server)["viewers"] <= viewers)
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
        page.tab.click("#file-title")  # Chromium opens none for a page that nobody has touched for seconds
        page.tab.keyboard.press("Control+o")
    chooser.value.set_files(tmp_path / "setup.json")
    wait_until(lambda: server.get("avatars/main/setup") == saved)
    former = {
        "liveliness": 1.5,
        "postprocessor_chain": [["bloom", {"name": "bloom0"}]],
        "crop": {"left": 0.1},
    }
    drop(page, "animator.json", "application/json", json.dumps(former).encode())
    wait_until(
        lambda: filters_of(server) == ["bloom"] and state_of(server)["settings"] == {"liveliness": 1.5}
    )
    drop(page, "smug.json", "application/json", json.dumps({"smug": {"pose": {"mouth_smirk": 1}}}).encode())
    page.wait("[...document.querySelector('#emotion').options].some(({ value }) => value === 'smug')")
    drop(page, "x.json", "application/json", b'{"livelines": 1}')
    page.wait("!document.querySelector('#alert').hidden")
    assert "liveliness" in page.tab.text_content("#alert p")
    page.errors[:] = [line for line in page.errors if "400" not in line]  # Chromium logs every refusal
    assert filters_of(server) == ["bloom"]


def test_a_dropped_picture_is_a_backdrop_or_a_character(page: Any, server: Any) -> None:
    drop(page, "Sky Blue.png", "image/png", picture((40, 120, 220)))
    wait_until(lambda: state_of(server)["backdrop"]["name"] == "sky-blue")
    figure = np.zeros((512, 512, 4), np.uint8)
    figure[64:, 128:384] = (20, 60, 220, 255)
    file = io.BytesIO()
    Image.fromarray(figure).save(file, "PNG")
    drop(page, "Blue Box.png", "image/png", file.getvalue())
    wait_until(lambda: state_of(server)["character"] == "blue-box")
    server.ask("PUT", "avatars/main/backdrop", {"name": None})


def test_keys_and_what_is_under_the_stage(page: Any, server: Any) -> None:
    press = page.tab.keyboard.press
    press("t")
    wait_until(lambda: state_of(server)["talking"])
    press("t")
    wait_until(lambda: not state_of(server)["talking"])
    press("Control+p")
    wait_until(lambda: state_of(server)["paused"])
    page.wait("document.querySelector('#paused').ariaPressed === 'true'")
    press("Control+p")
    press("Control+e")
    press("Home")
    first = page.tab.evaluate("document.querySelector('#emotion').options[0].value")
    wait_until(lambda: state_of(server)["emotion"]["weights"] == {first: 1})
    press("ArrowDown")
    wait_until(lambda: state_of(server)["emotion"]["weights"] != {first: 1})
    press("F1")
    assert page.tab.evaluate("document.querySelector('#keys').open")
    press("t")
    press("Escape")
    assert not state_of(server)["talking"] and not page.tab.evaluate("document.querySelector('#keys').open")
    page.tab.fill("#motion [type=search]", "m")
    assert state_of(server)["chain_on"], "letters are typed where one types"


def test_on_a_phone_the_stage_stays_in_sight(open_page: Any) -> None:
    page = open_page("/settings", viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    ready(page)
    page.tab.evaluate("document.querySelector('#file').scrollIntoView()")
    box = page.tab.locator("#stage").bounding_box()
    assert box["y"] >= -1 and box["y"] + box["height"] < 400
