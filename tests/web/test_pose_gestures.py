"""The card of gestures on the page pose, in a real Chromium: played, edited by pointer and keys, kept."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avatar_rtc.animation.gesture_tracks import TrackWay
from avatar_rtc.face.gestures import GESTURES, load_gestures
from avatar_rtc.resources import resource
from tests.waiting import wait_until
from tests.web.axe import assert_accessible, assert_fits

pytestmark = pytest.mark.browser
VIEWPORT = {"width": 1280, "height": 860}
TRACKS = "avatars/main/gestures"


@pytest.fixture
def page(open_page: Any, server: Any) -> Iterator[Any]:
    page = open_page("/pose", viewport=VIEWPORT)
    ready(page)
    yield page
    server.ask("DELETE", TRACKS)


def ready(page: Any) -> None:
    page.wait("document.querySelector('#gestures [name=gesture]').options.length >= 12")
    page.tab.evaluate("document.querySelector('#gestures details').open = true")


def choose(page: Any, name: str) -> None:
    page.tab.select_option("#gestures [name=gesture]", name)


def keys(page: Any, track: str) -> list[str]:
    """What each key of a track says of itself."""
    selector = f"#gestures [data-track={track}] .key"
    found: list[str] = page.tab.evaluate(
        "(selector) => [...document.querySelectorAll(selector)].map((key) => key.ariaLabel)", selector
    )
    return found


def key(page: Any, track: str, n: int) -> Any:
    return page.tab.locator(f"#gestures [data-track={track}] .key").nth(n)


def own(server: Any) -> list[str]:
    found: list[str] = server.get(TRACKS)["own"]
    return found


def test_all_are_listed_and_played_and_viewers_hear_of_it(page: Any, server: Any) -> None:
    listed = page.tab.evaluate(
        "[...document.querySelector('#gestures [name=gesture]').options].map((each) => each.value)"
    )
    assert listed == sorted(GESTURES) == server.get("avatars/main")["gestures"]
    choose(page, "nod")
    assert page.tab.text_content("#gestures .lasts") == "1.40 s"
    with page.tab.expect_response(lambda answer: answer.url.endswith("/gesture")) as played:
        page.tab.locator("#gestures [name=strength]").fill("0.5")
        page.tab.click("#gestures .play")
    assert json.loads(played.value.request.post_data) == {"name": "nod", "strength": 0.5}
    assert played.value.json() == {"seconds": 1.4}
    assert own(server) == []


def test_keys_move_by_arrows_numbers_and_pointer_and_changes_are_undone(page: Any, server: Any) -> None:
    choose(page, "tilt")
    before = keys(page, "neck_z")
    assert before[2] == "neck z, key 3 of 7: 0.56 s, 0.86"
    key(page, "neck_z", 2).focus()
    page.tab.keyboard.press("ArrowUp")
    page.tab.keyboard.press("Shift+ArrowRight")
    assert keys(page, "neck_z")[2] == "neck z, key 3 of 7: 0.61 s, 0.88"
    page.tab.fill("#gestures [name=value]", "7")
    page.tab.press("#gestures [name=value]", "Enter")
    assert keys(page, "neck_z")[2].endswith("0.61 s, 1.00"), "its range holds it"
    page.tab.fill("#gestures [name=seconds]", "9")
    page.tab.press("#gestures [name=seconds]", "Enter")
    assert keys(page, "neck_z")[2].endswith("0.79 s, 1.00"), "and so does the next key"
    for _ in range(4):
        page.tab.click("#gestures .undo")
    assert keys(page, "neck_z") == before and page.tab.is_disabled("#gestures .undo")
    box = key(page, "neck_z", 3).bounding_box()
    page.tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.tab.mouse.down()
    for step in range(1, 6):
        page.tab.mouse.move(box["x"] + box["width"] / 2 + step, box["y"] + box["height"] / 2 + 6 * step)
    page.tab.mouse.up()
    dragged = keys(page, "neck_z")
    assert dragged[3] != before[3] and dragged[:3] == before[:3] and dragged[4:] == before[4:]
    page.tab.click("#gestures .undo")
    assert keys(page, "neck_z") == before, "a drag is one step"
    page.tab.click("#gestures .redo")
    assert keys(page, "neck_z") == dragged


def test_keys_and_tracks_come_and_go(page: Any, server: Any) -> None:
    choose(page, "nod")
    count = len(keys(page, "head_x"))
    key(page, "head_x", 1).focus()
    page.tab.click("#gestures .add-key")
    assert len(keys(page, "head_x")) == count + 1
    page.tab.keyboard.press("Delete")
    assert len(keys(page, "head_x")) == count
    key(page, "head_x", 0).focus()
    page.tab.keyboard.press("Delete")
    assert len(keys(page, "head_x")) == count and "stay" in page.tab.text_content("#gestures .said")
    page.tab.select_option("#gestures [name=moves]", "mouth_smile")
    page.tab.click("#gestures .add-track")
    assert keys(page, "mouth_smile")[1].endswith("0.70 s, 0.50")
    page.tab.click("#gestures [data-track=head_x] .tool")
    assert page.tab.locator("#gestures [data-track=head_x]").count() == 0
    page.tab.click("#gestures .undo")
    assert len(keys(page, "head_x")) == count


def test_a_moment_is_shown_on_the_sliders_and_the_picture(page: Any) -> None:
    choose(page, "nod")
    page.tab.locator("#gestures [name=moment]").fill("0.4")
    assert float(page.tab.input_value("[data-name=head_x] input[type=number]")) == pytest.approx(-0.72)
    page.tab.locator("#gestures [name=moment]").fill("1.4")
    assert float(page.tab.input_value("[data-name=head_x] input[type=number]")) == 0


def test_what_is_edited_is_played_given_and_reset(page: Any, server: Any, tmp_path: Path) -> None:
    choose(page, "tilt")
    key(page, "neck_z", 2).focus()
    page.tab.keyboard.press("ArrowDown")
    with page.tab.expect_response(lambda answer: answer.url.endswith("/gesture")) as played:
        page.tab.click("#gestures .play")
    assert json.loads(played.value.request.post_data)["name"] == "gesture_preview"
    wait_until(lambda: own(server) == [])
    page.tab.click("#gestures .give")
    wait_until(lambda: own(server) == ["tilt"])
    assert server.get(TRACKS)["gestures"]["tilt"]["tracks"]["neck_z"][2] == [0.56, 0.84]
    page.wait("!document.querySelector('#gestures .factory').disabled")
    with page.tab.expect_download() as saved:
        page.tab.click("#gestures .download")
    saved.value.save_as(tmp_path / "tilt.json")
    assert load_gestures(tmp_path)["tilt"].tracks["neck_z"][2] == (0.56, 0.84)
    page.tab.click("#gestures .factory")
    page.tab.click("#sure [value=yes]")
    wait_until(lambda: own(server) == [])
    wait_until(lambda: keys(page, "neck_z")[2].endswith("0.86"))
    file = tmp_path / "bow.json"
    file.write_text(json.dumps({"tracks": {"head_x": [[0, 0], [0.5, -1], [1, 0]]}}))
    page.tab.set_input_files("#gestures [type=file]", file)
    page.wait("document.querySelector('#gestures [name=gesture]').value === 'bow'")
    assert keys(page, "head_x")[1].endswith("0.50 s, -1.00")
    page.tab.click("#gestures .give")
    wait_until(lambda: own(server) == ["bow"])
    file.write_text("{}")
    page.tab.set_input_files("#gestures [type=file]", file)
    page.wait("document.querySelector('#alert p').textContent.includes('no gesture')")


def test_one_of_a_new_name_is_saved_into_the_character_and_taken_back(page: Any, server: Any) -> None:
    saved = "characters/placeholder/saved"
    choose(page, "nod")
    page.tab.fill("#gestures [name=called]", "My Nod")
    page.tab.click("#gestures .keep-it")
    page.wait("document.querySelector('#gestures [name=gesture]').value === 'my_nod'")
    assert server.get(saved)["gestures"]["my_nod"]["title"] == "My Nod"
    wait_until(lambda: "my_nod" in server.get("avatars/main")["gestures"])
    label = "document.querySelector('#gestures [name=gesture]').selectedOptions[0].textContent"
    page.wait(f"{label} === 'My Nod (saved)'")
    page.tab.click("#gestures .factory")
    page.tab.click("#sure [value=yes]")
    wait_until(lambda: server.get(saved) == {})
    page.wait("document.querySelector('#gestures [name=gesture]').value !== 'my_nod'")


def test_curves_are_those_of_the_server(page: Any) -> None:
    """The page's law against Python's, on all that is shipped."""
    tracks = {
        name: each.json()["tracks"] for name, each in load_gestures(resource("assets", "gestures")).items()
    }
    times = np.linspace(-0.1, 3.4, 60).tolist()
    found = page.tab.evaluate(
        """async ([all, times]) => {
          const { valueAt } = await import('/pose/gesture.js');
          const ways = Object.values(all).flatMap((tracks) => Object.values(tracks));
          return ways.map((keys) => times.map((t) => valueAt(keys, t)));
        }""",
        [tracks, times],
    )
    ways = [TrackWay(tuple(map(tuple, keys))) for each in tracks.values() for keys in each.values()]  # type: ignore[attr-defined]
    assert np.array(found) == pytest.approx(np.array([[way.at(t) for t in times] for way in ways]), abs=1e-9)


@pytest.mark.parametrize("width", [360, 1280])
def test_the_editor_is_for_everybody(open_page: Any, width: int) -> None:
    page = open_page("/pose", viewport={"width": width, "height": 800}, color_scheme="light")
    ready(page)
    for scheme in ("light", "dark"):
        page.tab.emulate_media(color_scheme=scheme)
        assert_fits(page.tab)
        assert_accessible(page.tab, "#gestures")
