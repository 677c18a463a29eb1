"""Talking to the avatar with a microphone: it listens or repeats, on one connection, and says what is wrong.

Chromium plays a file as what its microphone hears: a voice, then a pause, again and again.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from avatar_rtc.sound.wav_header import wav_of
from avatar_rtc.speech.voices.espeak import render
from tests.waiting import wait_until
from tests.web.axe import assert_accessible
from tests.web.conftest import ARGUMENTS, CHROMIUM, ELSEWHERE, Page, Server, pages

pytestmark = pytest.mark.browser

PAUSE_S = 1.6
SMALL = {"width": 400, "height": 400}
BEEN_HERE = 'localStorage[\'avatar-rtc-first-minute\'] = \'["spoke", "felt", "drew"]\''
WATCH = """
const create = RTCPeerConnection.prototype.createDataChannel;
globalThis.channels = [];
RTCPeerConnection.prototype.createDataChannel = function (...values) {
  const channel = create.apply(this, values);
  channels.push(channel);
  return channel;
};
globalThis.told = [];
addEventListener('DOMContentLoaded', () => {
  const note = ({ type, detail }) => told.push({ on: type, ...detail });
  for (const type of ['hearing', 'microphonechange', 'statechange', 'speech']) {
    document.querySelector('avatar-rtc').addEventListener(type, note);
  }
});
"""
OLDER = """
const send = RTCDataChannel.prototype.send;
RTCDataChannel.prototype.send = function (text) {
  const { type, id } = JSON.parse(text);
  if (type !== 'microphone.set') return send.call(this, text);
  const data = JSON.stringify({ type: 'error', id, detail: `there is no message type '${type}'` });
  setTimeout(() => this.dispatchEvent(new MessageEvent('message', { data })));
};
"""
REFUSE = """(name) => {
  navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', name); };
}"""
ASK_LATER = """() => {
  const { mediaDevices } = navigator;
  globalThis.asked = [];
  mediaDevices.getUserMedia = async (wanted) => {
    await new Promise((allow) => asked.push(allow));
    return MediaDevices.prototype.getUserMedia.call(mediaDevices, wanted);
  };
}"""
DOING = "document.querySelector('#talking').dataset.doing"


@pytest.fixture(scope="module")
def chromium(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One with a microphone, which knows another name for this machine."""
    path = tmp_path_factory.mktemp("microphone") / "voice.wav"
    speech = render("Good morning! Could you tell me how you are today?", "en-us")
    pause = np.zeros(round(PAUSE_S * speech.rate), np.int16)
    path.write_bytes(wav_of(np.concatenate([speech.pcm, pause]).tobytes(), speech.rate))
    arguments = [
        *ARGUMENTS,
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={path}",
        f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1",
    ]
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=arguments)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def home(chromium: Any, server: Server) -> Iterator[Page]:
    with pages(chromium, server) as open_page:
        page = open_page(init=f"{BEEN_HERE};{WATCH}", permissions=["microphone"])
        page.wait_live()
        page.tab.evaluate("globalThis.avatar = document.querySelector('avatar-rtc')")
        yield page


@pytest.fixture
def page(home: Page, server: Server) -> Iterator[Page]:
    """The live page; nobody talks before, nor afterwards."""
    home.tab.evaluate("told.length = 0")
    yield home
    home.tab.evaluate("avatar.setMicrophone('off')")
    home.tab.check("#talking [value=listen]")
    server.ask("DELETE", "avatars/main/speech")
    home.wait(f"{DOING} === 'off'")


def has_told(page: Page, condition: str) -> None:
    """Until an `event` that an element has fired since the test began is so."""
    page.wait(f"told.some((event) => {condition})")


def test_it_listens_falls_silent_and_shows_both(page: Page, server: Server) -> None:
    server.ask("POST", "avatars/main/speech", {"text": "One sentence follows another. " * 20})
    has_told(page, "event.type === 'speech.started'")
    assert page.tab.inner_text("#doing") == "speaking"
    page.tab.click("#talk")
    has_told(page, "event.type === 'hearing.level' && event.voice && event.level > 0.05")
    has_told(page, "event.type === 'speech.finished' && event.interrupted")
    page.wait(
        "document.querySelector('#doing').textContent === 'listening' && avatar.matches(':state(listening)')"
    )
    assert page.tab.get_attribute("#talk", "aria-pressed") == "true"
    assert "others who watch do not" in page.tab.inner_text("#talking .heard")
    page.wait("document.querySelector('#talking').hasAttribute('data-voice')")
    assert_accessible(page.tab, ".stage-column")
    page.wait("Number(document.querySelector('#talk').style.getPropertyValue('--level')) > 0.2")
    has_told(page, "event.type === 'hearing.ended' && event.seconds > 0.5")
    wait_until(lambda: server.get("avatars/main")["activity"] == "idle")
    page.tab.click("#talk")
    page.wait(f"{DOING} === 'off' && avatar.microphone === null")
    assert page.tab.evaluate("told.filter(({ on }) => on === 'statechange')") == [], "on one connection"


def test_it_repeats_what_is_said_and_this_page_is_silent_meanwhile(page: Page, server: Server) -> None:
    page.tab.click("#talk")
    page.wait(f"{DOING} === 'listen'")
    page.tab.check("#talking [value=speak]")
    page.wait(f"{DOING} === 'speak' && avatar.muted")
    wait_until(lambda: server.get("avatars/main")["speech"]["speech_id"] is not None)
    page.tab.click("#talk")
    page.wait(f"{DOING} === 'off' && !avatar.muted")
    wait_until(lambda: server.get("avatars/main")["speech"]["speech_id"] is None)


def test_it_is_held_by_key_and_pointer(page: Page) -> None:
    page.tab.evaluate("document.activeElement.blur()")
    page.tab.keyboard.down("Space")
    page.wait("told.filter(({ type }) => type === 'hearing.level').length > 6")  # longer than a press
    page.tab.keyboard.up("Space")
    page.wait(f"{DOING} === 'off'")
    page.tab.focus("#talk")
    page.tab.keyboard.press("Enter")
    page.wait(f"{DOING} === 'listen'")
    page.tab.keyboard.press("Enter")
    page.wait(f"{DOING} === 'off'")
    page.tab.evaluate("document.querySelector('#talk').click()")  # as a screen reader presses
    page.wait(f"{DOING} === 'listen'")


def test_another_microphone_is_chosen_while_one_talks(page: Page) -> None:
    page.tab.click("#talk")
    page.wait("document.querySelectorAll('#device option').length > 2")
    page.tab.evaluate("document.querySelector('.manner').open = true")
    label = page.tab.locator("#device option").last.inner_text()
    page.tab.select_option("#device", label=label)
    page.wait(f"avatar.microphone.getAudioTracks()[0].label === '{label}'")
    assert page.tab.evaluate("avatar.microphoneMode") == "listen"
    page.tab.select_option("#device", "")
    page.tab.evaluate("document.querySelector('.manner').open = false")


def test_another_microphone_is_chosen_while_the_browser_asks_for_the_usual_one(page: Page) -> None:
    page.tab.click("#talk")
    page.wait("document.querySelectorAll('#device option').length > 2")
    page.tab.click("#talk")
    page.wait(f"{DOING} === 'off'")
    page.tab.evaluate(ASK_LATER)
    page.tab.click("#talk")
    page.wait(f"{DOING} === 'asking' && asked.length === 1")
    page.tab.evaluate("document.querySelector('.manner').open = true")
    label = page.tab.locator("#device option").last.inner_text()
    page.tab.select_option("#device", label=label)
    page.wait("asked.length === 2")
    page.tab.evaluate("asked[0]()")  # the browser allows the first, which nobody wants any more
    page.tab.evaluate("asked[1]()")
    page.wait(f"{DOING} === 'listen' && avatar.microphone.getAudioTracks()[0].label === '{label}'")
    page.tab.evaluate("delete navigator.mediaDevices.getUserMedia")
    page.tab.select_option("#device", "")
    page.tab.evaluate("document.querySelector('.manner').open = false")


def test_it_goes_on_after_a_connection_was_lost(page: Page) -> None:
    page.tab.click("#talk")
    has_told(page, "event.type === 'hearing.level'")
    page.tab.evaluate("channels.at(-3).close(); told.length = 0")
    has_told(page, "event.state === 'live'")
    has_told(page, "event.type === 'hearing.level'")
    assert page.tab.evaluate("avatar.microphoneMode") == "listen"


def test_a_microphone_that_is_unplugged_is_missed(page: Page) -> None:
    page.tab.click("#talk")
    page.wait(f"{DOING} === 'listen'")
    page.tab.evaluate("avatar.microphone.getAudioTracks()[0].dispatchEvent(new Event('ended'))")
    page.wait(f"{DOING} === 'off'")
    assert "unplugged" in page.tab.inner_text("#alert p")
    page.tab.click("#alert button")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("NotAllowedError", "keeps the microphone from this page"),
        ("NotFoundError", "has no microphone"),
        ("NotReadableError", "Another program has the microphone"),
        ("OverconstrainedError", "is gone"),
        ("AbortError", "has stopped"),
    ],
)
def test_without_one_it_says_why_and_what_to_do(page: Page, name: str, words: str) -> None:
    page.tab.evaluate(REFUSE, name)
    page.tab.click("#talk")
    page.wait("!document.querySelector('#alert').hidden")
    assert words in page.tab.inner_text("#alert p") and "tart again." in page.tab.inner_text("#alert p")
    assert page.tab.get_attribute("#talk", "aria-pressed") == "false"
    page.tab.click("#alert button")
    page.tab.evaluate("delete navigator.mediaDevices.getUserMedia")


def test_by_http_from_elsewhere_it_says_that_there_is_none(
    open_page: Callable[..., Page], server: Server
) -> None:
    page = open_page(host=f"http://{ELSEWHERE}:{server.port}", init=BEEN_HERE)
    page.wait_live()
    assert page.tab.evaluate("isSecureContext") is False
    assert page.tab.is_visible("#insecure")
    page.tab.click("#talk")
    page.wait("!document.querySelector('#alert').hidden")
    assert "over https" in page.tab.inner_text("#alert p")


def test_an_older_server_repeats_and_the_page_says_so(open_page: Callable[..., Page], server: Server) -> None:
    page = open_page("/view/main?talk&muted", init=OLDER + WATCH, permissions=["microphone"], viewport=SMALL)
    page.wait_live()
    page.tab.click("avatar-rtc .talk")
    page.wait("avatar.microphoneMode === 'speak' && avatar.state === 'live'")
    has_told(page, "event.on === 'microphonechange' && event.reason.includes('cannot listen')")
    wait_until(lambda: server.get("avatars/main")["speech"]["speech_id"] is not None)
    page.tab.click("avatar-rtc .talk")
    page.wait("avatar.microphoneMode === 'off' && avatar.state === 'live'")


def test_the_bare_page_has_a_button_if_it_is_asked_for(open_page: Callable[..., Page]) -> None:
    page = open_page("/view/main?talk=1", permissions=["microphone"], viewport=SMALL)
    page.wait_live()
    assert page.tab.inner_text("avatar-rtc .talk") == "Talk"
    page.tab.click("avatar-rtc .talk")
    page.wait("avatar.microphoneMode === 'listen'")
    assert page.tab.inner_text("avatar-rtc .talk") == "It listens"
    page.tab.evaluate("document.querySelector('avatar-rtc').talk = ''")
    assert page.tab.is_hidden("avatar-rtc .talk")
    ended = """async (avatar) => {
      const [track] = avatar.microphone.getTracks();
      avatar.remove();
      await new Promise((resolve) => setTimeout(resolve));
      return [avatar.microphoneMode, track.readyState];
    }"""
    assert page.tab.eval_on_selector("avatar-rtc", ended) == ["off", "ended"], (
        "nobody is heard by what is gone"
    )
