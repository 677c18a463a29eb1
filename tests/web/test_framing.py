"""Face, bust and whole in a real Chromium: buttons, keys, queries and attributes."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.waiting import wait_until

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page: Any, server: Any) -> Iterator[Any]:
    page = open_page(viewport={"width": 1280, "height": 860})
    page.wait_live()
    yield page
    server.ask("PUT", "avatars/main/framing", {"name": "whole"})


def shown(server: Any) -> str:
    return str(server.get("avatars/main")["shown"])


def is_chosen(page: Any, name: str) -> None:
    page.wait(f"document.querySelector('[name=framing]:checked')?.value === '{name}'")


def size(page: Any) -> tuple[int, int]:
    found = page.tab.evaluate(
        "(() => { const canvas = document.querySelector('avatar-rtc').shadowRoot.querySelector('canvas');"
        " return [canvas.width, canvas.height]; })()"
    )
    return found[0], found[1]


def test_buttons_and_keys_choose_how_much_is_shown(page: Any, server: Any) -> None:
    is_chosen(page, "whole")
    assert size(page) == (512, 512)
    page.tab.click("#framings label:has([value=bust])")
    wait_until(lambda: shown(server) == "bust")
    wait_until(lambda: size(page) != (512, 512))
    width, height = size(page)
    assert width < 420 > height, "the face is larger by so much"
    page.tab.keyboard.press("ArrowRight")  # from the radio button that has the focus
    wait_until(lambda: shown(server) == "whole")
    page.tab.keyboard.press("8")
    wait_until(lambda: shown(server) == "face")
    is_chosen(page, "face")
    page.tab.focus("#speak textarea")
    page.tab.keyboard.press("0")
    assert page.tab.input_value("#speak textarea") == "0" and shown(server) == "face", "it was text"
    server.ask("PUT", "avatars/main/crop", {"top": 0.25})
    page.wait("!document.querySelector('[name=framing]:checked')")
    page.tab.click("#framings label:has([value=whole])")
    wait_until(lambda: shown(server) == "whole")


def test_queries_and_attributes_ask_for_a_framing(page: Any, open_page: Any, server: Any) -> None:
    bare = open_page("/view/main?muted&framing=face&headroom=0.2", viewport={"width": 256, "height": 256})
    bare.wait_live()
    wait_until(lambda: server.get("avatars/main")["framing"] == {"name": "face", "headroom": 0.2})
    is_chosen(page, "face")
    bare.tab.evaluate("document.querySelector('avatar-rtc').framing = 'bust'")
    wait_until(lambda: shown(server) == "bust")
    bare.tab.evaluate("document.querySelector('avatar-rtc').headroom = ''")
    wait_until(lambda: server.get("avatars/main")["framing"] == {"name": "bust", "headroom": None})
    told = bare.tab.evaluate(
        "() => new Promise((resolve) => { const avatar = document.querySelector('avatar-rtc');"
        "avatar.addEventListener('refusal', ({ detail }) => resolve(detail.detail), { once: true });"
        "avatar.framing = 'bsut'; })"
    )
    assert "name" in told and "bust" in told and shown(server) == "bust"


def test_a_framing_is_set(page: Any) -> None:
    found = page.tab.evaluate("document.querySelector('avatar-rtc').setFraming('face', { headroom: 0.1 })")
    assert found["name"] == "face" and found["headroom"] == 0.1
