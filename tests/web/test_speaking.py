"""The card "Speak", the subtitles and the sound, in a real Chromium that allows sound, with espeak."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

pytestmark = pytest.mark.browser

TEXT = "Good 😀 morning to you."
LONG = "This is a rather long text that will be said for quite a while if nobody stops it before its end."
LISTEN = """
window.heard = []; window.marked = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...all) { super(...all); window.pc = this; }
};
window.energy = async () => [...(await pc.getStats()).values()]
  .find(({ type, kind }) => type === 'inbound-rtp' && kind === 'audio').totalAudioEnergy;
addEventListener('DOMContentLoaded', () => {
  const avatar = document.querySelector('avatar-rtc');
  avatar.addEventListener('speech', ({ detail }) => {
    heard.push(detail);
    marked.push(avatar.shadowRoot.querySelector('mark')?.textContent);
  });
});
"""
"""Keeps what is told, what is marked then, and the connection, whose statistics know of sound."""
SUBTITLES = "avatar-rtc .subtitles"


def speech(server: Any, method: str, **body: object) -> Any:
    """The answer of /speech."""
    request = urllib.request.Request(
        f"{server.url}/api/v1/avatars/main/speech",
        json.dumps(body).encode() if body else None,
        {"Content-Type": "application/json"} if body else {},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def wait(page: Any, condition: str) -> None:
    """As `Page.wait`, which asks once per frame; a page that nothing moves draws none for seconds."""
    page.tab.wait_for_function(
        f"() => {{ const avatar = document.querySelector('avatar-rtc'); return {condition}; }}", polling=50
    )


def events(page: Any, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.tab.evaluate(f"heard.filter(({{ type }}) => type === 'speech.{kind}')")
    return found


def wait_finished(page: Any, count: int = 1) -> list[dict[str, Any]]:
    """The events that ended so many speeches."""
    wait(page, f"heard.filter(({{ type }}) => type === 'speech.finished').length >= {count}")
    return events(page, "finished")


@pytest.fixture(autouse=True)
def silence(server: Any) -> Iterator[None]:
    yield
    speech(server, "DELETE")


@pytest.fixture
def page(open_page: Any) -> Any:
    page = open_page(init=LISTEN)
    page.wait_live()
    return page


def test_a_text_is_spoken_shown_and_followed_word_by_word(page: Any) -> None:
    stop = page.tab.locator("#speak [name=stop]")
    assert stop.is_disabled()
    silent = page.tab.evaluate("energy()")
    page.tab.fill("#speak textarea", TEXT)
    page.tab.press("#speak textarea", "Enter")
    wait(page, "document.querySelector('#speak .now').textContent === 'speaking'")
    assert stop.is_enabled()
    wait(page, "avatar.shadowRoot.querySelector('mark')?.textContent === 'morning'")
    assert page.tab.inner_text(SUBTITLES) == TEXT
    assert page.tab.is_visible(SUBTITLES)

    finished = wait_finished(page)[0]
    assert not finished["interrupted"] and finished["position_ms"] > 700
    wait(page, f"document.querySelector('#speak [name=stop]').disabled && !{_NOW}")
    words = [event["word"] for event in events(page, "word")]
    assert words == ["Good", "morning", "to", "you"]
    assert page.tab.evaluate("marked.filter((_, i) => heard[i].type === 'speech.word')") == words
    assert page.tab.evaluate("energy()") > silent + 0.001
    wait(page, "avatar.shadowRoot.querySelector('.subtitles').textContent === ''")
    assert page.tab.evaluate("getSelection().toString()") in ("", TEXT), "the text stays, to be said again"
    assert page.tab.input_value("#speak textarea") == TEXT


_NOW = "document.querySelector('#speak .now').textContent"


def test_texts_queue_up_and_stop_or_escape_ends_them_all(page: Any) -> None:
    for _ in range(3):
        page.tab.fill("#speak textarea", LONG)
        page.tab.press("#speak textarea", "Control+Enter")
    wait(page, f"{_NOW} === 'speaking, 2 waiting'")
    page.tab.click("#speak [name=stop]")
    assert all(event["interrupted"] for event in wait_finished(page, 3))
    wait(page, "avatar.shadowRoot.querySelector('.subtitles').textContent === ''")
    assert page.tab.is_disabled("#speak [name=stop]")
    assert page.tab.text_content("#status") == "stopped speaking"

    page.tab.click("#speak .go")
    wait(page, f"{_NOW} === 'speaking'")
    page.tab.keyboard.press("Escape")
    assert wait_finished(page, 4)[3]["interrupted"]
    wait(page, f"!{_NOW}")


def test_typing_neither_chooses_emotions_nor_speaks_before_enter(page: Any, server: Any) -> None:
    before = server.get("avatars/main")["emotion"]
    page.tab.focus("#speak textarea")
    page.tab.keyboard.type("as")
    page.tab.keyboard.press("Shift+Enter")
    page.tab.keyboard.type("m1")
    # An input method's Enter takes its suggestion.
    page.tab.evaluate("""document.activeElement.dispatchEvent(
      new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, isComposing: true }))""")
    page.tab.evaluate("avatar.ping()")
    assert page.tab.input_value("#speak textarea") == "as\nm1"
    assert server.get("avatars/main")["emotion"] == before
    assert page.tab.evaluate("heard") == [] and page.tab.is_disabled("#speak [name=stop]")


def test_voice_speed_and_emotion_are_those_chosen(page: Any, server: Any) -> None:
    page.tab.click("#speak .manner > summary")
    wait(page, "document.querySelector('[name=voice] optgroup')")
    first, *groups = page.tab.evaluate(
        "[...document.querySelector('[name=voice]').children].map((each) => each.label)"
    )
    assert first == "The character’s own" and groups == ["espeak"]
    assert page.tab.locator("[name=voice] optgroup option").first.inner_text().startswith("English (")
    away = server.get("voices")["away"]
    assert page.tab.is_visible("#speak .away") == bool(away)
    for engine in away:
        assert engine in page.tab.inner_text("#speak .away summary")

    page.tab.select_option("[name=voice]", "espeak:de")
    page.tab.select_option("[name=emotion]", "joy")
    page.tab.fill("#speak textarea", "eins zwei")
    for speed, shown in (("0.5", "0.50 ×"), ("2", "2.00 ×")):
        page.tab.locator("[name=speed]").fill(speed)
        assert page.tab.inner_text("#speak output") == shown
        page.tab.press("#speak textarea", "Enter")
    slow, fast = (event["position_ms"] for event in wait_finished(page, 2))
    assert 2.5 < slow / fast < 5
    assert server.get("avatars/main")["emotion"]["weights"] == {"joy": 1.0}


WATCHED = "main, main > *, .card, .stage, .script *, .readouts"
PLACES = f"""[...document.querySelectorAll('{WATCHED}')].map(($each) => {{
  const {{ x, y, width, height }} = $each.getBoundingClientRect();
  return [$each.className, x, y, width, height].join();
}})"""


@pytest.mark.parametrize("width", [375, 1440])
def test_an_empty_box_is_asked_for_without_a_jump(open_page: Any, width: int) -> None:
    page = open_page(
        viewport={"width": width, "height": 900},
        answers={"**/ice-servers": {}, "**/voices": {"voices": [], "away": {}}},
    )
    page.wait_live()
    page.tab.locator("#speak .go").scroll_into_view_if_needed()
    for text in ("", " \n "):
        page.tab.fill("#speak textarea", text)
        before = page.tab.evaluate(PLACES)
        page.tab.click("#speak .go")
        assert "type what it is to say" in page.tab.inner_text("#speak .now")
        assert page.tab.evaluate("document.activeElement.name") == "text"
        assert page.tab.evaluate(PLACES) == before
    assert page.tab.is_hidden("#alert")
    assert "type what" in page.tab.text_content("#status")
    page.tab.keyboard.type("m")
    assert page.tab.inner_text("#speak .now") == ""


def test_what_goes_wrong_is_told(page: Any) -> None:
    def alert_after(voice: str, text: str) -> str:
        page.tab.evaluate("voice => document.querySelector('[name=voice]').options[0].value = voice", voice)
        page.tab.fill("#speak textarea", text)
        page.tab.press("#speak textarea", "Enter")
        wait(page, "!document.querySelector('#alert').hidden")
        told: str = page.tab.text_content("#alert p")
        return told

    assert alert_after("", "\u200b") == (
        "nothing to say: the text is empty, or holds only spaces and control characters"
    )
    assert alert_after("marvin", "Hello.").startswith("unknown voice 'marvin'; did you mean '")
    # Which voices it has, an engine named outright says when it speaks: in the event that ends the speech.
    assert alert_after("espeak:marvin", "Hello.").startswith("unknown voice of espeak 'marvin'; did you mean")
    assert alert_after("", "long " * 20_000).startswith("a message has at most 65536 characters")
    assert page.tab.is_disabled("#speak [name=stop]")


def test_subtitles_follow_one_speech_and_roll_with_its_words(open_page: Any) -> None:
    page = open_page("/view/main?muted&subtitles", viewport={"width": 320, "height": 320})
    page.tab.wait_for_selector("avatar-rtc", state="attached")
    told = page.tab.evaluate("""async () => {
      const { Subtitles } = await import('/subtitles.js');
      const box = document.querySelector('avatar-rtc').shadowRoot.querySelector('.subtitles');
      const subtitles = new Subtitles(box);
      const tell = (type, more) => subtitles.follow({ type: `speech.${type}`, speech_id: 's1', ...more });
      const text = Array.from({ length: 60 }, (_, i) => `word${i + 10}`).join(' ');
      const told = { places: [] };
      tell('word', { begin: 0, end: 6 });
      told.early = box.textContent;
      tell('subtitle', { text });
      for (let begin = 0; begin < text.length; begin += 7) {
        tell('word', { begin, end: begin + 6 });
        const { top, bottom } = box.querySelector('mark').getBoundingClientRect();
        const edge = box.getBoundingClientRect();
        told.places.push([box.querySelector('mark').textContent, top >= edge.top && bottom <= edge.bottom]);
      }
      told.height = box.clientHeight / box.scrollHeight;
      tell('word', { speech_id: 's0', begin: 0, end: 6 });
      tell('finished', { speech_id: 's0', interrupted: true });
      told.last = box.querySelector('mark').textContent;
      tell('finished', { interrupted: false });
      told.whole = box.textContent === text && !box.querySelector('mark');
      tell('subtitle', { speech_id: 's2', text: 'Next.' });
      await new Promise((later) => setTimeout(later, 1700));
      told.next = box.textContent;
      return told;
    }""")
    assert told["early"] == "" and told["whole"] and told["next"] == "Next."
    assert told["places"] == [[f"word{i + 10}", True] for i in range(60)] and told["height"] < 0.5
    assert told["last"] == "word69", "what is told of another speech changes nothing"


def test_a_bare_page_is_heard_and_shows_subtitles_if_asked(open_page: Any, server: Any) -> None:
    shown = open_page("/view/main?subtitles", init=LISTEN)
    plain = open_page("/view/main")
    for page in (shown, plain):
        wait(page, "avatar.state === 'live'")
    silent = shown.tab.evaluate("energy()")
    speech_id = speech(server, "POST", text=TEXT)["speech_id"]
    for page in (shown, plain):
        wait(page, "avatar.shadowRoot.querySelector('mark')?.textContent === 'morning'")
    assert shown.tab.inner_text(SUBTITLES) == TEXT
    assert shown.tab.is_visible(SUBTITLES) and not plain.tab.is_visible(SUBTITLES)
    assert {event["speech_id"] for event in shown.tab.evaluate("heard")} == {speech_id}
    assert not shown.tab.is_visible("avatar-rtc .sound")
    wait(shown, f"energy().then((now) => now > {silent} + 0.001)")
