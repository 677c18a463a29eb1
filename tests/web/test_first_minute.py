"""The live page for somebody who never saw it: by keyboard alone, on a phone, in one small load."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avatar_rtc.characters.image import write_png
from tests.waiting import wait_until
from tests.web.axe import EACH_TIME, assert_accessible, looks

pytestmark = pytest.mark.browser

MOST_BYTES = 200_000
BEEN_HERE = 'localStorage[\'avatar-rtc-first-minute\'] = \'["spoke", "felt", "drew"]\''


def focused(page: Any) -> str:
    return str(page.tab.evaluate("document.activeElement.id || document.activeElement.className"))


def tab_to(page: Any, name: str, most: int = 30) -> None:
    """By the key alone, as far as something that has this id or class."""
    for _ in range(most):
        page.tab.keyboard.press("Tab")
        if name in focused(page).split():
            return
    raise AssertionError(f"Tab does not lead to {name}, but to {focused(page)}")


def steps(page: Any) -> list[str]:
    found: list[str] = page.tab.evaluate(
        "[...document.querySelectorAll('#trail .ticked')].map((each) => each.dataset.step)"
    )
    return found


def test_a_newcomer_speaks_feels_and_draws_by_keyboard_alone(
    open_page: Any, server: Any, tmp_path: Path
) -> None:
    page = open_page(viewport={"width": 1280, "height": 800})
    page.wait_live()
    assert steps(page) == [] and page.tab.is_visible("#trail")
    assert page.tab.input_value("#speak textarea").startswith("Hello!")
    assert "beckons" in page.tab.get_attribute("#speak .go", "class")

    tab_to(page, "go")
    page.tab.keyboard.press("Enter")
    page.wait("document.querySelector('#speak .now').textContent === 'speaking'")
    assert steps(page) == ["spoke"]
    page.tab.keyboard.press("Escape")

    tab_to(page, "face")
    page.tab.keyboard.press("ArrowRight")
    page.tab.keyboard.press("Enter")
    wait_until(lambda: server.get("avatars/main")["emotion"]["weights"] != {"neutral": 1.0})
    page.wait("document.querySelectorAll('#trail .ticked').length === 2")
    page.wait("document.querySelectorAll('#cast input').length > 1")
    tab_to(page, "file")
    assert page.tab.evaluate("document.activeElement.closest('#upload') !== null")

    picture = np.zeros((512, 512, 4), np.uint8)
    picture[64:, 128:384] = (20, 160, 90, 255)
    write_png(tmp_path / "Fir Tree.png", picture)
    page.tab.set_input_files("#file", tmp_path / "Fir Tree.png")
    page.wait("document.querySelector('#verdict').textContent.includes('It is alive.')")
    assert server.get("avatars/main")["character"] == "fir-tree"
    assert page.tab.is_hidden("#trail")
    assert page.tab.is_checked("#cast [value=fir-tree]")
    page.tab.reload()
    page.wait_live()
    assert page.tab.is_hidden("#trail"), "it is remembered"
    server.ask("PATCH", "avatars/main", {"character": "placeholder"})
    server.ask("PUT", "avatars/main/emotion", {"name": "neutral"})


def test_a_step_leads_to_its_place_and_all_can_be_put_away(open_page: Any) -> None:
    page = open_page(viewport={"width": 1280, "height": 800})
    page.wait_live()
    for step, place in (("spoke", "go"), ("felt", "face"), ("drew", "file")):
        page.tab.click(f"#trail [data-step={step}]")
        assert place in focused(page)
    page.tab.click("#trail [data-step=done]")
    assert page.tab.is_hidden("#trail") and page.tab.locator(".beckons").count() == 0


def test_the_first_load_is_small_and_soon_there(open_page: Any) -> None:
    page = open_page(viewport={"width": 1280, "height": 800})
    page.wait_live()
    session = page.tab.context.new_cdp_session(page.tab)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda each: sizes.append(each["encodedDataLength"]))
    page.tab.reload()
    page.wait_live()
    page.wait("[...document.querySelectorAll('#cast img')].every((img) => img.naturalWidth)")
    page.wait("document.querySelectorAll('#backdrops label').length > 3")
    assert 20_000 < sum(sizes) <= MOST_BYTES, sizes


def test_on_a_phone_the_stage_stays_in_sight(open_page: Any) -> None:
    page = open_page(viewport={"width": 360, "height": 740}, has_touch=True)
    page.wait_live()
    page.tab.click("#all")
    page.tab.locator("[data-emotion=anger]").scroll_into_view_if_needed()
    page.tab.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    page.wait("scrollY > 300")
    box = page.tab.locator("#stage").bounding_box()
    assert box["y"] >= 0 and 200 < box["height"] < 400, "most of the screen is left for what one taps"
    page.tab.focus("#speak textarea")
    stage, text = (page.tab.locator(name).bounding_box() for name in ("#stage", "#speak textarea"))
    assert stage["y"] >= 0 and text["y"] >= stage["y"] + stage["height"] - 1, "one sees what one types"


def test_the_page_is_accessible_light_and_dark(open_page: Any) -> None:
    looks(open_page, "/", lambda page: page.wait_live(), EACH_TIME, init=BEEN_HERE)


def test_what_opens_is_accessible(open_page: Any) -> None:
    page = open_page(viewport={"width": 1280, "height": 800})
    page.wait_live()
    page.tab.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    page.tab.click("#all")
    assert_accessible(page.tab)
    page.tab.evaluate("document.querySelector('#background').open = false")
    page.tab.click("#sharing")
    page.tab.wait_for_selector("#share[open] img[src^=blob]")
    assert_accessible(page.tab, "#share")


def test_a_background_is_shown_on_every_page_of_the_avatar(open_page: Any, server: Any) -> None:
    page, other = (open_page(viewport={"width": 1280, "height": 800}, init=BEEN_HERE) for _ in range(2))
    for each in (page, other):
        each.wait_live()
        each.wait("document.querySelector('#backdrops [value=\"picture night\"]')")
        assert each.tab.get_attribute("#stage", "data-backdrop") == "scene"

    def corner(each: Any) -> Any:
        from io import BytesIO

        from PIL import Image

        with Image.open(BytesIO(each.tab.locator("#stage").screenshot())) as picture:
            return np.asarray(picture.convert("RGB"))[60:120, 60:120].mean((0, 1))

    bright = corner(page).sum()
    page.tab.click("#background summary")
    page.tab.check("#backdrops [value='picture night']", force=True)
    wait_until(lambda: server.get("avatars/main")["backdrop"]["name"] == "night")
    for each in (page, other):
        each.wait("document.querySelector('#stage').dataset.backdrop === 'own'")
        wait_until(lambda each=each: bool(corner(each).sum() < 0.6 * bright))  # type: ignore[misc]
    other.tab.click("#background summary")
    other.tab.check("#backdrops [value=colour]", force=True)
    other.tab.locator("#colour").fill("#20c040")
    wait_until(lambda: server.get("avatars/main")["backdrop"]["colour"] == "#20c040")
    page.wait("document.querySelector('#backdrops [value=colour]').checked")
    wait_until(lambda: bool(np.abs(corner(page) - (0x20, 0xC0, 0x40)).max() < 12))
    page.tab.check("#backdrops [value=scene]", force=True)
    assert page.tab.get_attribute("#stage", "data-backdrop") == "scene"
    assert other.tab.get_attribute("#stage", "data-backdrop") == "own", "that is of one page alone"
    page.tab.keyboard.press("Escape")
    assert page.tab.evaluate("document.querySelector('#background').open") is False
    server.ask("PUT", "avatars/main/backdrop", {})


def test_links_are_copied_and_the_code_is_shown(open_page: Any, server: Any) -> None:
    page = open_page(
        viewport={"width": 1280, "height": 800}, permissions=["clipboard-read", "clipboard-write"]
    )
    page.wait_live()
    page.tab.click("#sharing")
    page.tab.wait_for_selector("#share[open] img[src^=blob]")
    page.wait("document.querySelector('#share img').naturalWidth > 0")
    assert "this machine" in page.tab.inner_text("#share figcaption")
    for name, wanted in (
        ("link", f"{server.url}/view/main"),
        ("whep", f"{server.url}/api/v1/avatars/main/whep"),
    ):
        page.tab.click(f"#share [data-copy={name}]")
        page.wait(f"document.querySelector('#share [data-copy={name}]').textContent === 'Copied'")
        assert page.tab.evaluate("navigator.clipboard.readText()") == wanted
    for name in ("iframe", "snippet", "obs"):
        assert f"{server.url}/" in page.tab.inner_text(f"#share #{name}")
    page.tab.keyboard.press("Escape")
    assert page.tab.is_hidden("#share")
