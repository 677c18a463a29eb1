"""What the element can be told to do, against a real server: the state it leaves, and the picture."""

from collections.abc import Iterator
from typing import Any

import pytest

from avatar_rtc.control.settings import check_settings
from avatar_rtc.control.state import check_overrides
from avatar_rtc.errors import InputError
from avatar_rtc.face.blendshapes import morphs_of
from avatar_rtc.face.pose import check_morphs
from avatar_rtc.stream.crop import Crop
from tests.waiting import wait_until
from tests.web.test_browser import frames, open_mouth

pytestmark = pytest.mark.browser

CHANNELS = """
const create = RTCPeerConnection.prototype.createDataChannel;
window.channels = [];
RTCPeerConnection.prototype.createDataChannel = function (...values) {
  const channel = create.apply(this, values);
  channels.push(channel);
  return channel;
};
"""


@pytest.fixture(scope="module")
def bare(open_page_for_all: Any) -> Any:
    page = open_page_for_all("/view/main?muted", init=CHANNELS)
    page.wait_live()
    page.tab.evaluate("window.avatar = document.querySelector('avatar-rtc')")
    return page


@pytest.fixture
def page(bare: Any) -> Iterator[Any]:
    """The bare page, its avatar neutral; afterwards it is left as it was found."""
    page = bare
    page.tab.evaluate("avatar.setEmotion('neutral')")
    yield page
    page.tab.evaluate("clearInterval(window.sender)")
    page.tab.evaluate("avatar.setOverrides({})")
    page.tab.evaluate("avatar.setSettings({})")
    page.tab.evaluate("avatar.setCrop({ enabled: false })")
    page.tab.evaluate("avatar.setGaze(null)")
    for off in ("setTalking", "setPaused", "setDataEyes"):
        page.tab.evaluate(f"avatar.{off}(false)")
    page.tab.evaluate("avatar.setEmotion('neutral')")


def is_open(page: Any) -> bool:
    return open_mouth(frames(page, 1)[0]) > 24


def refusal(page: Any, call: str) -> str:
    return str(page.tab.evaluate(f"avatar.{call}.then(() => 'taken', (error) => error.message)"))


def words_of(check: Any, value: object) -> str:
    """What Python says of a value that cannot be."""
    with pytest.raises(InputError) as told:
        check(value)
    return str(told.value)


def test_overrides_hold_until_they_are_let_go_of(page: Any, server: Any) -> None:
    wait_until(lambda: not is_open(page))
    held = page.tab.evaluate("avatar.setOverrides({ mouth_aaa: 1, blush1: 0.5 })")
    assert held == {"mouth_aaa": 1, "blush1": 0.5} == server.get("avatars/main")["overrides"]
    wait_until(lambda: is_open(page))
    held = page.tab.evaluate("avatar.patchOverrides({ blush1: null, head_x: -0.25 })")
    assert held == {"mouth_aaa": 1, "head_x": -0.25} == server.get("avatars/main")["overrides"]
    assert page.tab.evaluate("avatar.setOverrides({ head_x: 0.5 })") == {"head_x": 0.5}
    wait_until(lambda: not is_open(page))
    assert words_of(check_overrides, {"head_y": 2}) in refusal(page, "patchOverrides({ head_y: 2 })")
    assert words_of(check_overrides, {"haed_x": 0}) in refusal(page, "setOverrides({ haed_x: 0 })")
    assert server.get("avatars/main")["overrides"] == {"head_x": 0.5}, "what was refused has changed nothing"


def test_settings_are_replaced_and_changed(page: Any, server: Any) -> None:
    every = page.tab.evaluate("avatar.setSettings({ liveliness: 0.5 })")
    assert every == server.get("avatars/main/settings")
    assert server.get("avatars/main")["settings"] == {"liveliness": 0.5}
    every = page.tab.evaluate("avatar.patchSettings({ talking_fps: 8 })")
    assert (every["liveliness"], every["talking_fps"]) == (0.5, 8)
    assert page.tab.evaluate("avatar.setSettings({ eye_contact: 1 })")["liveliness"] == 1
    assert server.get("avatars/main")["settings"] == {"eye_contact": 1}
    assert refusal(page, "patchSettings({ liveliness: 3 })") == words_of(check_settings, {"liveliness": 3})


def test_a_crop_is_set(page: Any, server: Any) -> None:
    crop = page.tab.evaluate("avatar.setCrop({ left: 0.25, bottom: 0.75 })")
    assert crop == {"enabled": True, "left": 0.25, "top": 0, "right": 1, "bottom": 0.75}
    assert server.get("avatars/main")["crop"] == crop
    wrong = {"left": 0.5, "right": 0.5}
    assert refusal(page, "setCrop({ left: 0.5, right: 0.5 })") == words_of(lambda edges: Crop(**edges), wrong)
    assert page.tab.evaluate("avatar.setCrop({ enabled: false })")["enabled"] is False


@pytest.mark.parametrize("target", ["viewer", "away", {"x": -0.5, "y": 0.25}, None])
def test_gaze_is_set(page: Any, server: Any, target: object) -> None:
    page.tab.evaluate("(target) => avatar.setGaze(target)", target)
    assert server.get("avatars/main")["gaze"] == target


def test_switches_are_set(page: Any, server: Any) -> None:
    for method, field in (("setTalking", "talking"), ("setPaused", "paused"), ("setDataEyes", "data_eyes")):
        page.tab.evaluate(f"avatar.{method}(true)")
        assert server.get("avatars/main")[field] is True
        page.tab.evaluate(f"avatar.{method}(false)")
        assert server.get("avatars/main")[field] is False


def test_a_gesture_is_played_and_own_ones_are_given(page: Any, server: Any) -> None:
    own = {"bounce": {"tracks": {"head_x": [[0, 0], [0.2, 0.4], [0.5, 0]]}}}
    assert page.tab.evaluate("(own) => avatar.setGestures(own)", own) == ["bounce"]
    assert page.tab.evaluate("avatar.playGesture('bounce', { strength: 0.5 })") == 0.5
    assert page.tab.evaluate("avatar.setGestures({})") == []
    assert "bounce" in refusal(page, "playGesture('bounce')")
    assert refusal(page, "setHearing(0.5)") == "taken"
    assert "level" in refusal(page, "setHearing(2, false)")


def test_talking_opens_and_shuts_the_mouth(page: Any) -> None:
    wait_until(lambda: not is_open(page))
    page.tab.evaluate("avatar.setTalking(true)")
    for law in (lambda: is_open(page), lambda: not is_open(page), lambda: is_open(page)):
        wait_until(law)
    page.tab.evaluate("avatar.setTalking(false)")
    wait_until(lambda: not any(open_mouth(frame) > 24 for frame in frames(page, 5)))


def test_an_emotion_is_held_for_as_long_as_was_asked(page: Any, server: Any) -> None:
    def emotion() -> dict[str, float]:
        return dict(server.get("avatars/main")["emotion"]["weights"])

    assert server.get("avatars/main")["default_emotion"] == "neutral"
    page.tab.evaluate("avatar.setEmotion('fear', 0.5, { holdMs: 1200 })")
    assert emotion() == {"fear": 1}
    wait_until(lambda: emotion() == {"neutral": 1}, within_s=5)
    page.tab.evaluate("avatar.setEmotion({ joy: 0.5, love: 0.5 })")
    page.tab.wait_for_timeout(1_500)
    assert emotion() == {"joy": 0.5, "love": 0.5}, "without a time it stays"
    told = refusal(page, "setEmotion('joy', 1, { holdMs: 0 })")
    assert told.startswith("emotion.set: ") and "hold_ms" in told


@pytest.mark.parametrize("pose", ["{ morphs: { mouth_aaa: 1 } }", "{ blendshapes: { jawOpen: 1 } }"])
def test_poses_move_the_face_until_they_end(page: Any, pose: str) -> None:
    assert morphs_of({"jawOpen": 1.0}, None)["mouth_aaa"] > 0.5  # so that it is to be seen
    wait_until(lambda: not is_open(page))
    page.tab.evaluate(f"() => {{ window.sender = setInterval(() => avatar.sendPose({pose}), 40); }}")
    wait_until(lambda: is_open(page))
    page.tab.evaluate("clearInterval(sender)")
    wait_until(lambda: not is_open(page), within_s=10)


def test_of_poses_the_newest_wins(page: Any) -> None:
    """A clock that goes back is a packet that was overtaken, while the newer one holds."""
    wait_until(lambda: not is_open(page))
    page.tab.evaluate("""() => {
      let t = 1_000;
      window.sender = setInterval(() => {
        avatar.sendPose({ morphs: { mouth_aaa: 1 } }, t += 40);
        avatar.sendPose({ morphs: { mouth_aaa: 0 } }, t - 500);
      }, 40);
    }""")
    wait_until(lambda: is_open(page))
    assert all(open_mouth(frame) > 24 for frame in frames(page, 5))
    page.tab.evaluate("clearInterval(sender)")


def test_a_pose_that_cannot_be_is_told(page: Any) -> None:
    told = page.tab.evaluate("""() => new Promise((resolve) => {
      avatar.addEventListener('refusal', ({ detail }) => resolve(detail.detail), { once: true });
      avatar.sendPose({ morphs: { mouth_aaaa: 1 } });
    })""")
    assert told.endswith(words_of(check_morphs, {"mouth_aaaa": 1}))


def test_poses_and_cues_wait_for_nobody(page: Any) -> None:
    found = page.tab.evaluate("channels.map((c) => [c.label, c.ordered, c.maxRetransmits])")
    assert found == [["control", True, None], ["cues", False, 0], ["pose", False, 0]]
    assert page.tab.evaluate("document.createElement('avatar-rtc').sendPose({ morphs: {} })") is False
    alone = page.tab.evaluate("document.createElement('avatar-rtc').setGaze(null).catch((e) => e.message)")
    assert alone == "not connected"
