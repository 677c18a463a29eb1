"""Talking to the avatar: a microphone that beeps, made by the browser, is said by it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.waiting import wait_until
from tests.web.conftest import ARGUMENTS, CHROMIUM

pytestmark = pytest.mark.browser

DENIED = (
    "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError'); };"
)


@pytest.fixture(scope="module")
def chromium(chromium: Any) -> Iterator[Any]:
    """One with a microphone."""
    arguments = [*ARGUMENTS, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=arguments)
    yield browser
    browser.close()


def test_what_is_said_into_the_microphone_the_avatar_says(open_page: Any, server: Any) -> None:
    page = open_page(permissions=["microphone"])
    page.wait_live()
    page.tab.click("#talk")
    page.wait("document.querySelector('#talk').ariaPressed === 'true' && avatar.muted")
    wait_until(lambda: server.get("avatars/main")["speech"]["speech_id"] is not None)
    page.wait("Number(getComputedStyle(document.querySelector('#talk')).getPropertyValue('--level')) > 0.05")
    page.tab.click("#talk")
    page.wait("document.querySelector('#talk').ariaPressed === 'false' && !avatar.muted")
    wait_until(lambda: server.get("avatars/main")["speech"]["speech_id"] is None)
    assert page.tab.is_hidden("#alert")


def test_stop_ends_it(open_page: Any, server: Any) -> None:
    page = open_page(permissions=["microphone"])
    page.wait_live()
    page.tab.click("#talk")
    wait_until(lambda: server.get("avatars/main")["speech"]["speech_id"] is not None)
    page.wait("!document.querySelector('#speak [name=stop]').disabled")
    page.tab.click("#speak [name=stop]")
    page.wait("document.querySelector('#talk').ariaPressed === 'false'")
    wait_until(lambda: server.get("avatars/main")["speech"]["speech_id"] is None)


@pytest.mark.parametrize(
    "init, words",
    [
        (DENIED, "lets this page have no microphone"),
        ("Object.defineProperty(navigator, 'mediaDevices', { value: undefined });", "over https"),
    ],
)
def test_without_one_it_says_why(open_page: Any, init: str, words: str) -> None:
    page = open_page(init=init)
    page.wait_live()
    page.tab.click("#talk")
    page.wait("!document.querySelector('#alert').hidden")
    assert words in page.tab.inner_text("#alert p")
    assert page.tab.get_attribute("#talk", "aria-pressed") == "false"
