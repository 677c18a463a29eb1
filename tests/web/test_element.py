"""What an app sees of the element: the label, what is being said, the sound, its style."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.axe import assert_accessible

pytestmark = pytest.mark.browser
TELL = """(told) => avatar.connection.dispatchEvent(
  new CustomEvent('message', { detail: { ...avatar.avatarState, ...told } }))"""
"""As if the server said so."""
LABEL = "avatar.shadowRoot.querySelector('[part=disclosure]')"


@pytest.fixture(scope="module")
def view(open_page_for_all: Any) -> Any:
    page = open_page_for_all("/view/main?muted", viewport={"width": 400, "height": 400})
    page.wait_live()
    page.tab.evaluate("globalThis.avatar = document.querySelector('avatar-rtc')")
    page.wait("avatar.avatarState")
    return page


@pytest.fixture
def page(view: Any) -> Iterator[Any]:
    yield view
    view.tab.evaluate("avatar.stopSpeaking()")
    view.wait("!avatar.speaking && !avatar.matches(':state(speaking)')")  # the server tells the state last
    view.tab.evaluate(
        "avatar.badge = 'auto'; avatar.subtitles = false; avatar.style.cssText = avatar.innerHTML = ''"
    )


def is_labelled(page: Any) -> bool:
    return bool(page.tab.evaluate(f"{LABEL}.checkVisibility()"))


def test_the_label_is_shown_as_the_server_wants_it(page: Any) -> None:
    page.tab.evaluate(TELL, {"type": "state", "disclosure": False})
    assert not is_labelled(page)
    page.tab.evaluate(TELL, {"type": "state", "disclosure": True})
    assert is_labelled(page)
    assert page.tab.get_by_role("note").inner_text() == "AI-generated", "it is read out"
    for badge, shown in (("none", False), ("auto", True), ("none", False), ("nonsense", True)):
        page.tab.evaluate("(badge) => { avatar.badge = badge; }", badge)
        assert is_labelled(page) == shown, badge
    page.tab.evaluate(TELL, {"type": "state", "disclosure": False})
    assert not is_labelled(page)
    page.tab.evaluate("avatar.badge = 'always'")
    assert is_labelled(page)


def test_the_label_takes_other_words_another_place_and_another_look(page: Any) -> None:
    page.tab.evaluate(
        "avatar.badge = 'always'; avatar.innerHTML = '<span slot=disclosure lang=de>KI-generiert</span>'"
    )
    place = f"(() => {{ const {{ x, y }} = {LABEL}.getBoundingClientRect(); return [x < 200, y < 200]; }})()"
    assert page.tab.evaluate(place) == [True, True]
    page.tab.evaluate(
        "avatar.style.setProperty('--avatar-disclosure-place', 'end');"
        "const sheet = new CSSStyleSheet();"
        "sheet.replaceSync('avatar-rtc::part(disclosure) { color: rgb(1, 2, 3) }');"
        "document.adoptedStyleSheets.push(sheet)"
    )
    assert page.tab.evaluate(place) == [False, False]
    assert page.tab.evaluate(f"getComputedStyle({LABEL}).color") == "rgb(1, 2, 3)"
    assert page.tab.get_by_text("KI-generiert").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_with_the_element_is_accessible(page: Any, scheme: str) -> None:
    page.tab.emulate_media(color_scheme=scheme)
    page.tab.evaluate(
        "avatar.badge = 'always'; avatar.subtitles = true; document.documentElement.lang = 'en'"
    )
    page.tab.evaluate("avatar.say('Hello there, it is good to see you.')")
    # Speaking, too: the line may be that of the test before, and what has not begun can't be stopped.
    page.wait("avatar.speaking && avatar.shadowRoot.querySelector('[part=subtitles]').textContent")
    assert_accessible(page.tab)


def test_it_tells_what_it_says(page: Any) -> None:
    assert not page.tab.evaluate("avatar.speaking || avatar.matches(':state(speaking)')")
    page.tab.evaluate("avatar.say('Hello there, it is good to see you again.')")
    page.wait("avatar.speaking && avatar.matches(':state(speaking)') && avatar.matches(':state(live)')")
    page.tab.evaluate("avatar.stopSpeaking()")
    page.wait("!avatar.speaking && !avatar.matches(':state(speaking)')")
    assert page.tab.evaluate("avatar.avatarState.id") == "main"


EVENTS = """(events) => {
  const heard = [];
  const note = ({ type, detail }) => heard.push([type, detail.type ?? '']);
  for (const type of ['speech', 'gesture', 'hearing', 'act']) avatar.addEventListener(type, note);
  for (const detail of events) {
    avatar.connection.dispatchEvent(new CustomEvent('message', { detail }));
  }
  return heard;
}"""


def test_it_tells_what_is_heard_and_acted(page: Any) -> None:
    acted = {"type": "speech.act", "speech_id": "s", "act": {"gesture": "wink", "strength": 1}}
    gesture = {"type": "gesture.started", "name": "wink", "strength": 1, "seconds": 0.8}
    level = {"type": "hearing.level", "level": 0.5, "voice": True}
    heard = page.tab.evaluate(EVENTS, [acted, gesture, level, {"type": "shown.later"}])
    assert heard == [
        ["speech", "speech.act"],
        ["act", "speech.act"],
        ["gesture", "gesture.started"],
        ["hearing", "hearing.level"],
    ]


def test_it_shows_what_it_is_doing(page: Any, server: Any) -> None:
    for activity in ("thinking", "listening"):
        page.tab.evaluate("(activity) => avatar.setActivity(activity)", activity)
        page.wait(f"avatar.activity === '{activity}' && avatar.matches(':state({activity})')")
        assert server.get("avatars/main")["activity"] == activity
    page.tab.evaluate("avatar.setActivity('idle')")
    page.wait("avatar.activity === 'idle' && !avatar.matches(':state(listening)')")


def test_the_volume_is_the_videos(page: Any) -> None:
    heard = page.tab.evaluate(
        """() => {
          const heard = [];
          avatar.addEventListener('volumechange', () => heard.push(avatar.volume));
          avatar.volume = 0.25;
          avatar.volume = 0.25;
          try { avatar.volume = 7; } catch (error) { heard.push(error.name); }
          return [...heard, avatar.shadowRoot.querySelector('video').volume, avatar.muted];
        }"""
    )
    assert heard == [0.25, "IndexSizeError", 0.25, True]


def test_subtitles_take_a_pages_colours(page: Any) -> None:
    page.tab.evaluate(
        "avatar.subtitles = true; avatar.style.cssText = '--avatar-subtitles-colour: rgb(9, 8, 7);"
        "--avatar-subtitles-background: rgb(250, 240, 230); --avatar-subtitles-size: 31px'"
    )
    found = page.tab.evaluate(
        "(({ color, backgroundColor, fontSize }) => [color, backgroundColor, fontSize])"
        "(getComputedStyle(avatar.shadowRoot.querySelector('[part=subtitles]')))"
    )
    assert found == ["rgb(9, 8, 7)", "rgb(250, 240, 230)", "31px"]
