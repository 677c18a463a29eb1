"""The page pose in a real Chromium: every control changes the picture or the state."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from avatar_rtc.face.cels import CELS
from avatar_rtc.face.pose import MORPHS
from avatar_rtc.face.pose_files import read_poses
from tests.waiting import wait_until
from tests.web.axe import EACH_TIME, looks

pytestmark = pytest.mark.browser
VIEWPORT = {"width": 1280, "height": 860}


@pytest.fixture
def page(open_page: Any, server: Any) -> Iterator[Any]:
    page = open_page("/pose", viewport=VIEWPORT)
    ready(page)
    yield page
    server.ask("PUT", "avatars/main/still", {"values": None})
    server.ask("DELETE", "avatars/main/overrides")
    server.ask("PUT", "avatars/main/emotion", {"name": "neutral"})
    server.ask("DELETE", "avatars/main/emotions")


def ready(page: Any) -> None:
    page.wait("document.querySelector('#result').dataset.shown")
    page.wait("document.querySelector('#presets').options.length > 20")


def slide(page: Any, name: str, value: float) -> None:
    page.tab.locator(f"[data-name={name}] input[type=range]").fill(str(value))


def number(page: Any, name: str) -> float:
    return float(page.tab.input_value(f"[data-name={name}] input[type=number]"))


def shot(page: Any, selector: str = "#result") -> str:
    """The pixels of a picture, as a text that differs with them."""
    found: str = page.tab.evaluate(
        """(selector) => {
          const image = document.querySelector(selector);
          const canvas = new OffscreenCanvas(image.naturalWidth || 1, image.naturalHeight || 1);
          const context = canvas.getContext('2d');
          if (image.naturalWidth) context.drawImage(image, 0, 0);
          const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
          let hash = 7;
          for (let at = 0; at < data.length; at += 1) hash = (hash * 31 + data[at]) | 0;
          return `${canvas.width}x${canvas.height} ${hash}`;
        }""",
        selector,
    )
    return found


def changes(page: Any, before: str, selector: str = "#result") -> str:
    wait_until(lambda: shot(page, selector) != before)
    return shot(page, selector)


def state(server: Any) -> dict[str, Any]:
    return dict(server.get("avatars/main"))


def test_every_morph_and_cel_of_python_has_a_slider(page: Any) -> None:
    found = page.tab.evaluate(
        "[...document.querySelectorAll('#dials .dial')].map((dial) => [dial.dataset.name, ...['min', 'max']"
        ".map((end) => Number(dial.querySelector('[type=range]')[end]))])"
    )
    wanted = [[each.name, each.low, each.high] for each in MORPHS] + [[cel, 0, 1] for cel in CELS]
    assert sorted(found) == sorted(wanted)


def test_sliders_numbers_links_mirror_and_resets_change_the_picture(page: Any) -> None:
    rest = shot(page)
    slide(page, "eye_wink_left", 1)
    both = changes(page, rest)
    assert number(page, "eye_wink_right") == 1, "left and right are linked"
    page.tab.click("[data-row=eye_wink] .link")
    slide(page, "eye_wink_right", 0)
    one = changes(page, both)
    assert number(page, "eye_wink_left") == 1
    page.tab.click("#mirror")
    other = changes(page, one)
    assert (number(page, "eye_wink_left"), number(page, "eye_wink_right")) == (0, 1)
    page.tab.click("[data-group=Eyes] .reset")
    assert changes(page, other) == rest
    field = page.tab.locator("[data-name=head_x] input[type=number]")
    field.fill("7")
    field.press("Enter")
    assert number(page, "head_x") == 1 and "-1 to 1" in page.tab.text_content("#status")
    turned = changes(page, rest)
    page.tab.click("#reset")
    assert changes(page, turned) == rest


def test_undo_and_redo_by_keys_and_a_drag_is_one_step(page: Any) -> None:
    slider = page.tab.locator("[data-name=head_y] input[type=range]")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    page.tab.mouse.move(box["x"] + box["width"] / 2, y)
    page.tab.mouse.down()
    for share in (0.6, 0.7, 0.8, 0.9):
        page.tab.mouse.move(box["x"] + box["width"] * share, y)
    page.tab.mouse.up()
    dragged = number(page, "head_y")
    assert dragged > 0.5
    page.tab.keyboard.press("Control+z")
    assert number(page, "head_y") == 0 and page.tab.is_disabled("#undo")
    page.tab.keyboard.press("Control+Shift+z")
    assert number(page, "head_y") == dragged and page.tab.is_disabled("#redo")


def test_history_against_a_list_of_all_that_was(page: Any) -> None:
    """Made-up sequences: the present one is where a plain list with a place in it stands."""
    found = page.tab.evaluate(
        """async () => {
          const { History } = await import('/pose/history.js');
          let seed = 5; const dice = (n) => { seed = (seed * 16807) % 2147483647; return seed % n; };
          for (let round = 0; round < 200; round += 1) {
            const history = new History(0, 20); let all = [0]; let at = 0; let value = 0;
            for (let step = 0; step < 60; step += 1) {
              const act = dice(5);
              if (act < 3) {
                value += 1; history.put(value); all = [...all.slice(0, at + 1), value]; at += 1;
                if (at > 20) { all.shift(); at -= 1; }
              } else if (act === 3) { history.undo(); at = Math.max(0, at - 1); }
              else { history.redo(); at = Math.min(all.length - 1, at + 1); }
              const more = [history.canUndo, history.canRedo].join() === [at > 0, at < all.length - 1].join();
              if (history.now !== all[at] || !more) return [round, step];
            }
          }
          const drag = new History(0); for (const value of [1, 2, 3]) drag.put(value, 'slide');
          drag.end(); drag.put(4, 'slide'); drag.undo(); const first = drag.now; drag.undo();
          return [first, drag.now];
        }"""
    )
    assert found == [3, 0]


def test_presets_fill_the_sliders_by_strength(page: Any, server: Any) -> None:
    joy = server.get("avatars/main/emotions")["emotions"]["joy"]
    name, value = max(joy["pose"].items(), key=lambda item: item[1])
    before = shot(page)
    page.tab.select_option("#presets", "0:joy")
    assert number(page, name) == pytest.approx(value, abs=0.006)
    changes(page, before)
    page.tab.locator("#strength").fill("0.5")
    assert number(page, name) == pytest.approx(value / 2, abs=0.006)
    slide(page, "head_y", 0.2)
    assert page.tab.input_value("#presets") == "custom"
    page.tab.select_option("#presets", "rest")
    assert changes(page, shot(page)) or number(page, name) == 0


def test_search_and_framing_and_zoom_and_steps(page: Any) -> None:
    page.tab.keyboard.press("/")
    page.tab.keyboard.type("corner mouth")
    assert page.tab.text_content("#found") == "2 found"
    assert page.tab.locator("#dials .row:visible").count() == 2
    page.tab.fill("#search", "")
    before = shot(page)
    page.tab.check("[name=framing][value=whole]", force=True)
    whole = changes(page, before)
    assert whole.startswith("512x512")
    page.tab.select_option("#zoom", "2")
    assert page.tab.evaluate("document.querySelector('#result').getBoundingClientRect().width") == 1024
    assert "pixelated" in page.tab.evaluate(
        "getComputedStyle(document.querySelector('#result')).imageRendering"
    )
    page.tab.select_option("#zoom", "fit")
    page.tab.press("#stages summary", "Enter")
    page.wait("[...document.querySelectorAll('#stages img')].every((image) => image.dataset.shown)")
    names = page.tab.evaluate("[...document.querySelectorAll('#stages input')].map((each) => each.value)")
    assert names == ["source", "result"], "the static animator has no more"
    slide(page, "mouth_aaa", 1)
    changes(page, whole)
    page.tab.check("#stages [value=source]", force=True)
    wait_until(lambda: shot(page) == whole)


def test_the_live_avatar_stands_still_for_all_pages(page: Any, open_page: Any, server: Any) -> None:
    other = open_page("/pose", viewport=VIEWPORT)
    ready(other)
    slide(page, "mouth_aaa", 0.8)
    page.tab.check("[name=way][value=still]", force=True)
    wait_until(lambda: state(server)["still"] == {"mouth_aaa": 0.8})
    other.wait("document.querySelector('[name=way][value=still]').checked")
    wait_until(lambda: number(other, "mouth_aaa") == 0.8)
    slide(other, "head_y", -0.5)
    wait_until(lambda: state(server)["still"] == {"mouth_aaa": 0.8, "head_y": -0.5})
    wait_until(lambda: number(page, "head_y") == -0.5)
    page.tab.check("[name=way][value=held]", force=True)
    wait_until(lambda: state(server)["overrides"] == {"mouth_aaa": 0.8, "head_y": -0.5})
    wait_until(lambda: state(server)["still"] is None)
    page.tab.check("[name=way][value=alive]", force=True)
    wait_until(lambda: state(server)["emotion"]["weights"] == {"pose_preview": 1})
    assert state(server)["overrides"] == {}
    shown = server.get("avatars/main/emotions")["emotions"]["pose_preview"]["pose"]
    assert shown == {"mouth_aaa": 0.8, "head_y": -0.5}
    page.tab.check("[name=way][value=off]", force=True)
    wait_until(lambda: state(server)["emotion"]["weights"] == {"neutral": 1})
    wait_until(lambda: server.get("avatars/main/emotions")["own"] == [])


def test_files_in_and_out(page: Any, tmp_path: Path) -> None:
    templates = {
        "grin": {"pose": {"mouth_smirk_index": 0.5, "breathing_index": 0.2}, "cels": {"blush1": 0.4}}
    }
    file = tmp_path / "theirs.json"
    file.write_text(json.dumps(templates))
    page.tab.set_input_files("#files", file)
    wait_until(lambda: number(page, "mouth_smirk") == 0.5)
    assert page.tab.input_value("#name") == "grin" and number(page, "blush1") == 0.4
    with page.tab.expect_download() as first:
        page.tab.keyboard.press("Control+s")
    assert first.value.suggested_filename == "grin.json"
    read = read_poses(json.loads(Path(first.value.path()).read_text()), "the file")
    assert read.faces["grin"].json()["cels"] == {"blush1": 0.4}
    broken = tmp_path / "broken.json"
    broken.write_text('{"mouth_smirkk": 1}')
    page.tab.set_input_files("#files", broken)
    page.wait("!document.querySelector('#alert').hidden")
    assert "mouth_smirk" in page.tab.text_content("#alert p")
    page.errors.clear()  # Chromium tells of every 400


def test_a_face_is_saved_into_the_character_and_reset(page: Any, server: Any) -> None:
    slide(page, "mouth_smirk", 0.9)
    page.tab.fill("#name", "joy")
    page.tab.press("#keep", "Enter")
    page.wait("document.querySelector('#kept').textContent.includes('saved')")
    assert server.get("avatars/main/emotions")["emotions"]["joy"]["pose"]["mouth_smirk"] == 0.9
    assert "joy (saved)" in page.tab.text_content("#presets")
    page.tab.press("#factory", "Enter")
    page.tab.click("#sure [value=yes]")
    page.wait("document.querySelector('#kept').textContent.includes('came with')")
    assert "mouth_smirk" not in server.get("avatars/main/emotions")["emotions"]["joy"]["pose"]
    assert server.get("characters/placeholder/saved") == {}


def test_two_faces_are_compared(page: Any) -> None:
    slide(page, "head_y", 0.5)
    page.tab.press("#compare summary", "Enter")
    page.tab.select_option("#compare [aria-label='Face B']", "rest")
    page.wait("document.querySelector('#compare tbody').rows.length === 1")
    assert page.tab.text_content("#compare tbody") == "head y0.500.00-0.50"
    wait_until(lambda: shot(page, "#compare [alt='Face A']") != shot(page, "#compare [alt='Face B']"))


def test_all_emotions_come_as_a_zip(page: Any) -> None:
    page.tab.select_option("[name=packing]", "airi")
    page.tab.select_option("[name=size]", "256")
    with page.tab.expect_download() as found:
        page.tab.press("#sprites button", "Enter")
    assert found.value.suggested_filename == "placeholder-airi.zip"
    with zipfile.ZipFile(found.value.path()) as archive:
        assert archive.testzip() is None
        assert {"happy.png", "sad.png", "emotions.json"} <= set(archive.namelist())


def test_it_is_done_by_keys_alone(page: Any, server: Any) -> None:
    """From the address bar: a preset, a slider, a still pose, undo."""
    tab = page.tab

    def go_to(selector: str, most: int = 80) -> None:
        for _ in range(most):
            if tab.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                return
            tab.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {selector}")

    go_to("[name=way]")
    tab.keyboard.press("ArrowLeft")  # round to the last way
    wait_until(lambda: state(server)["still"] == {})
    go_to("#presets")
    tab.keyboard.type("anger")
    wait_until(lambda: state(server)["still"] not in ({}, None))
    go_to("#dials input[type=range]")
    tab.keyboard.press("End")
    wait_until(lambda: state(server)["still"]["eyebrow_troubled_left"] == 1)
    tab.keyboard.press("Control+z")
    wait_until(lambda: "eyebrow_troubled_left" not in state(server)["still"])
    go_to("#dials .link")
    tab.keyboard.press("Space")
    assert tab.evaluate("document.activeElement.ariaPressed") == "false"


def test_it_fits_and_is_accessible(open_page: Any) -> None:
    def whole(page: Any) -> None:
        ready(page)
        page.tab.evaluate(
            "for (const fold of document.querySelectorAll('#stages, #compare')) fold.open = true"
        )

    assert len(looks(open_page, "/pose", whole, EACH_TIME)) == 4


def test_on_a_phone_the_picture_stays_in_sight(open_page: Any) -> None:
    page = open_page("/pose", viewport={"width": 360, "height": 740})
    ready(page)
    page.tab.locator("[data-name=body_z] input[type=range]").scroll_into_view_if_needed()
    box = page.tab.locator("#result").bounding_box()
    assert box["y"] >= 0 and box["y"] + box["height"] < 400
