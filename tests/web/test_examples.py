"""The pages of examples/web on another origin, with nothing changed but the server's address."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.documents import ROOT
from tests.web.axe import assert_accessible, assert_fits
from tests.web.conftest import Foreign, Server

pytestmark = pytest.mark.browser
FOLDER = ROOT / "examples" / "web"
SERVER = "const SERVER = 'http://127.0.0.1:8080';"
ECHO = "http://127.0.0.1:8090/v1/chat/completions"
FOLLOW = (
    "globalThis.said = []; addEventListener('DOMContentLoaded', () => document.querySelector('avatar-rtc')"
)
FOLLOW += ".addEventListener('speech', ({ detail }) => { if (detail.text) said.push(detail.text); }))"
Visit = Callable[..., Any]


@pytest.fixture
def visit(open_page: Any, server: Server, foreign: Foreign) -> Iterator[Visit]:
    """(name, query, address of the echo) → a page of the foreign site that shows the example."""
    opened = []

    def visit(name: str, query: str = "", echo: str = ECHO, **options: Any) -> Any:
        html = (FOLDER / name).read_text()
        assert html.count(SERVER) == 1 and html.count("http://127.0.0.1:8080") == 1, "one thing to change"
        foreign.html = html.replace("http://127.0.0.1:8080", server.url).replace(ECHO, echo)
        page = open_page(f"/{query}", host=foreign.origin, init=FOLLOW, **options)
        opened.append((page, echo))
        return page

    yield visit
    for page, echo in opened:
        own = (f"{server.url}/", echo)
        page.foreign[:] = [url for url in page.foreign if not url.startswith(own)]
    server.ask("DELETE", "avatars/main/speech")
    server.ask("PUT", "avatars/main/framing", {"name": "whole"})


@pytest.fixture
def echo() -> Iterator[str]:
    """The stand-in for a language model, as its own process."""
    command = [sys.executable, str(FOLDER / "echo.py"), "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    yield f"{process.stdout.readline().strip()}/chat/completions"
    process.kill()
    process.stdout.close()
    process.wait(10)


def test_a_companion_reads_hides_and_remembers(visit: Visit, server: Server) -> None:
    page = visit("companion.html", viewport={"width": 1000, "height": 800})
    page.wait_live()
    page.tab.click("text=Read it to me >> nth=0")
    page.wait("said[0]?.startsWith('The library is open')")
    assert page.tab.evaluate("document.querySelector('avatar-rtc').speaking")
    page.tab.click("text=Stop")
    page.wait("!avatar.speaking && document.querySelector('#hush').hidden")
    page.tab.click("text=Hide")
    page.wait("avatar.state === 'closed' && !avatar.checkVisibility()")
    page.tab.reload()
    page.wait("document.querySelector('#fold').textContent === 'Show the companion'")
    assert page.tab.evaluate("document.querySelector('avatar-rtc').state") == "closed", "it was remembered"
    page.tab.click("text=Read it to me >> nth=1")
    page.wait_live()
    page.wait("said[0]?.startsWith('You may keep a book')")


def test_a_chat_says_what_a_language_model_streams(visit: Visit, echo: str) -> None:
    page = visit("chat.html", echo=echo, viewport={"width": 1000, "height": 700})
    page.wait_live()
    page.tab.fill("[name=text]", "Nice weather.")
    page.tab.keyboard.press("Enter")
    page.wait("said.some((text) => text.includes('Nice weather'))")
    page.wait("document.querySelector('.assistant').textContent.includes('I will think.')")
    page.tab.fill("[name=text]", "Wait!")
    page.tab.keyboard.press("Enter")
    page.wait("said.at(-1).includes('Wait!')")
    told = page.tab.locator("#talk li").all_inner_texts()
    assert len(told) == 4 and "[joy]" not in told[1] and told[2] == "Wait!"
    page.wait("avatar.avatarState.emotion.weights.joy === 1 || said.length > 2")


def test_a_chat_says_what_is_wrong_with_its_model(visit: Visit, server: Server) -> None:
    page = visit("chat.html", echo=f"{server.url}/api/v1/nothing")
    page.wait_live()
    page.tab.fill("[name=text]", "Hello")
    page.tab.click("text=Send")
    page.wait("document.querySelector('.fault')?.textContent.includes('/api/v1/nothing answers 404')")
    assert page.tab.locator(".assistant").count() == 0
    page.errors[:] = [line for line in page.errors if "404" not in line]  # Chromium logs every refusal


def test_a_kiosk_calls_answers_and_waits_again(visit: Visit) -> None:
    page = visit("kiosk.html", "?call=100&idle=1000", viewport={"width": 540, "height": 960}, has_touch=True)
    page.wait_live()
    page.wait("said.some((text) => text.includes('Would you like'))")
    page.tab.tap("#start")
    page.wait("!document.body.classList.contains('waiting')")
    page.tab.tap("text=What is new?")
    page.wait("said.some((text) => text.includes('whole ship'))")
    assert page.tab.get_attribute("text=What is new?", "aria-pressed") == "true"
    page.tab.evaluate("document.querySelector('avatar-rtc').stopSpeaking()")
    page.wait("document.body.classList.contains('waiting')")


@pytest.mark.parametrize("name", ["companion.html", "chat.html", "kiosk.html"])
def test_an_example_fits_and_is_accessible(visit: Visit, name: str, tmp_path: Path) -> None:
    page = visit(name, viewport={"width": 360, "height": 700})
    page.wait_live()
    for scheme in ("light", "dark"):
        page.tab.emulate_media(color_scheme=scheme)
        assert_fits(page.tab)
        assert_accessible(page.tab)


def test_an_example_says_that_the_server_is_away(open_page: Any, foreign: Foreign) -> None:
    for name in ("companion.html", "chat.html", "kiosk.html"):
        foreign.html = (FOLDER / name).read_text().replace("http://127.0.0.1:8080", "http://127.0.0.1:9")
        page = open_page("/", host=foreign.origin)
        page.wait("document.body.innerText.includes('The avatar at http://127.0.0.1:9 cannot be reached.')")
        page.errors[:] = page.foreign[:] = []
