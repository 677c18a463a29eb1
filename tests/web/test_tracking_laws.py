"""What a tracked face becomes: laws of the pure modules under web/tracking, with made-up heads."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from avatar_rtc.face.blendshapes import BLENDSHAPES, morphs_of
from avatar_rtc.face.pose import check_morphs
from tests.web.faces import calm, flipped, landmarks, moved, shut, turn

pytestmark = pytest.mark.browser

FACES = """async (faces) => {
  const { measure } = await import('/tracking/measures.js');
  const { shapesOf } = await import('/tracking/shapes.js');
  const { mirrored } = await import('/tracking/poses.js');
  const rest = measure(faces[0], 640, 480);
  return faces.map((face) => {
    const measures = measure(face, 640, 480);
    const pose = shapesOf(measures, rest);
    return { measures, ...pose, mirrored: mirrored(pose), twice: mirrored(mirrored(pose)) };
  });
}"""
ANGLES = ("yaw", "pitch", "roll")
BOTH = ("eyeBlinkLeft", "eyeBlinkRight")


@pytest.fixture(scope="module")
def tab(open_page_for_all: Any) -> Any:
    return open_page_for_all("/track.html").tab


@pytest.fixture(scope="module")
def seen(tab: Any) -> Any:
    """Of each face what is measured and what is made of it, at the rest of a calm one."""
    return lambda *faces: tab.evaluate(FACES, [landmarks(), *faces])[1:]


def shapes(found: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in found["blendshapes"].items() if value > 1e-6}


def test_a_calm_face_is_at_rest(seen: Any) -> None:
    (found,) = seen(landmarks())
    assert shapes(found) == {} and found["head"] == pytest.approx([0, 0, 0], abs=1e-6)
    assert set(found["blendshapes"]) <= set(BLENDSHAPES)


@pytest.mark.parametrize("angle", ANGLES)
def test_a_turned_head_comes_back_in_degrees(seen: Any, angle: str) -> None:
    degrees = (-35, -20, -5, 5, 20, 35)
    for wanted, found in zip(
        degrees, seen(*(landmarks(rotation=turn(**{angle: d})) for d in degrees)), strict=True
    ):
        assert found["head"] == pytest.approx([wanted if a == angle else 0 for a in ANGLES], abs=0.1)


def test_turning_changes_nothing_but_the_head(seen: Any) -> None:
    """Nor does where it is, nor how near."""
    face = moved(shut(Left=0.6, Right=0.6) | {14: (0, 12, 0), 107: (0, -3, 0), 336: (0, -3, 0)})
    straight, *turned = seen(
        landmarks(face),
        *(landmarks(face, turn(yaw, pitch)) for yaw, pitch in itertools.product((-25, 25), (-20, 0, 20))),
        landmarks(face, turn(roll=30)),
        landmarks(face, at=(120, 400), size=0.4),
    )
    assert len(shapes(straight)) >= 4
    for found in turned:
        assert found["blendshapes"] == pytest.approx(straight["blendshapes"], abs=1e-6)


def test_the_place_of_the_head_is_that_in_the_picture(seen: Any) -> None:
    found = seen(landmarks(at=(0, 0)), landmarks(at=(640, 480)))
    places = [(each["measures"]["x"], each["measures"]["y"]) for each in found]
    assert places == [pytest.approx((-1, 1), abs=0.02), pytest.approx((1, -1), abs=0.02)]


def test_both_lids_shut_together_and_one_alone_winks(seen: Any) -> None:
    closed, nearly, wink = seen(
        landmarks(moved(shut(Left=1, Right=1))),
        landmarks(moved(shut(Left=0.5, Right=0.44))),
        landmarks(moved(shut(Left=1))),
    )
    assert [closed["blendshapes"][name] for name in BOTH] == [1, 1]
    left, right = (nearly["blendshapes"][name] for name in BOTH)
    assert left == right > 0.5, "nobody winks by accident"
    assert [wink["blendshapes"][name] for name in BOTH] == [1, 0]


def test_an_eye_that_is_turned_away_does_as_the_other(seen: Any) -> None:
    faces = [
        landmarks(moved(shut(**{side: 1})), turn(yaw=yaw)) for yaw in (35, -35) for side in ("Left", "Right")
    ]
    found = [[each["blendshapes"][name] for name in BOTH] for each in seen(*faces)]
    assert found == [[0, 0], [1, 1], [1, 1], [0, 0]]


MOVES: dict[str, Callable[[float], Any]] = {
    "jawOpen": lambda far: {14: (0, 25 * far, 0)},
    "eyeBlinkLeft": lambda far: shut(Left=far, Right=far),
    "eyeWideRight": lambda far: shut(Left=-far, Right=-far),
    "browInnerUp": lambda far: {107: (0, -8 * far, 0), 336: (0, -8 * far, 0)},
    "browOuterUpLeft": lambda far: {334: (0, -8 * far, 0)},
    "browDownRight": lambda far: {105: (0, 8 * far, 0), 107: (0, 8 * far, 0)},
    "mouthSmileLeft": lambda far: {61: (-8 * far, -4 * far, 0), 291: (8 * far, -4 * far, 0)},
    "mouthStretchLeft": lambda far: {61: (-8 * far, far, 0), 291: (8 * far, far, 0)},
    "mouthFrownRight": lambda far: {61: (0, 10 * far, 0), 291: (0, 10 * far, 0)},
    "mouthPucker": lambda far: {61: (9 * far, 0, 0), 291: (-9 * far, 0, 0)},
    "eyeLookOutLeft": lambda far: {468: (4 * far, 0, 0), 473: (4 * far, 0, 0)},
    "eyeLookInLeft": lambda far: {468: (-4 * far, 0, 0), 473: (-4 * far, 0, 0)},
    "eyeLookDownLeft": lambda far: {468: (0, 4 * far, 0), 473: (0, 4 * far, 0)},
    "eyeLookUpRight": lambda far: {468: (0, -4 * far, 0), 473: (0, -4 * far, 0)},
}


@pytest.mark.parametrize("shape", MOVES)
def test_a_shape_grows_with_what_it_stands_for(seen: Any, shape: str) -> None:
    found = seen(*(landmarks(moved(MOVES[shape](far))) for far in np.linspace(0, 1, 11)))
    values = [each["blendshapes"][shape] for each in found]
    assert values[0] == pytest.approx(0, abs=1e-6) and values[-1] > 0.5 and values == sorted(values)
    for each in found:
        assert all(0 <= value <= 1 for value in each["blendshapes"].values())
        check_morphs(morphs_of(each["blendshapes"], tuple(each["head"])))


def test_rounded_lips_funnel_as_the_jaw_opens(seen: Any) -> None:
    (found,) = seen(landmarks(moved({61: (9, 0, 0), 291: (-9, 0, 0), 14: (0, 18, 0)})))
    assert found["blendshapes"]["mouthFunnel"] > 0.5 > found["blendshapes"]["mouthPucker"]


def test_a_mirror_swaps_the_sides_and_twice_is_as_it_was(seen: Any) -> None:
    moves = shut(Left=0.9) | MOVES["browOuterUpLeft"](0.7) | MOVES["eyeLookOutLeft"](0.5)
    face = landmarks(moved(moves), turn(12, 5, 8))
    found, other = seen(face, flipped(face))
    assert found["twice"]["blendshapes"] == found["blendshapes"]
    assert found["twice"]["head"] == pytest.approx(found["head"])
    assert found["mirrored"] != {key: found[key] for key in ("blendshapes", "head")}
    assert found["mirrored"]["blendshapes"] == pytest.approx(other["blendshapes"], abs=1e-6)
    assert found["mirrored"]["head"] == pytest.approx(other["head"], abs=1e-6)


def test_faces_without_irises_look_straight(tab: Any) -> None:
    found = tab.evaluate(FACES, [landmarks()[: 468 * 3]])[0]
    assert (found["measures"]["gazeX"], found["measures"]["gazeY"]) == (0, 0) and shapes(found) == {}


CALIBRATE = """async (looks) => {
  const { Calibration } = await import('/tracking/calibration.js');
  const calibration = new Calibration();
  return looks.map(([t, measures]) => calibration.add(measures, t));
}"""


def looks(yaws: list[float], eyes: list[float] | None = None, step: float = 0.1) -> list[list[Any]]:
    eyes = eyes or [0.3] * len(yaws)
    still = {"pitch": 1.0, "roll": 2.0, "eyeRight": 0.3}
    return [
        [n * step, {"yaw": yaw, "eyeLeft": eye, **still}]
        for n, (yaw, eye) in enumerate(zip(yaws, eyes, strict=True))
    ]


def test_the_rest_is_the_middle_of_the_first_calm_second(tab: Any) -> None:
    found = tab.evaluate(CALIBRATE, looks([5, 6, 5, 7, 5, 6, 5, 6, 5, 6, 5]))
    assert found[:-1] == [None] * 10
    assert found[-1] == {"yaw": 5, "pitch": 1, "roll": 2, "eyeLeft": 0.3, "eyeRight": 0.3}
    restless = [20.0 * (n % 2) for n in range(12)]
    found = tab.evaluate(CALIBRATE, looks([*restless, *[3] * 12]))
    first = next(n for n, each in enumerate(found) if each)
    assert first == 22 and found[first]["yaw"] == 3, "a second after it became calm"
    blinking = tab.evaluate(CALIBRATE, looks([0] * 11, [0.3] * 6 + [0.1] + [0.3] * 4))
    assert blinking[-1] is None
    for_ever = tab.evaluate(CALIBRATE, looks([20.0 * (n % 2) for n in range(100)]))
    assert next(n for n, each in enumerate(for_ever) if each) <= 92, "after 8 s anything will do"


SMOOTH = """async ([values, strength, name]) => {
  const { PoseSmoothing } = await import('/tracking/smoothing.js');
  const smoothing = new PoseSmoothing();
  const pose = (value) => ({ blendshapes: { [name]: value }, head: [value * 15, 0, 0] });
  return values.map((value, n) => smoothing.next(pose(value), n / 30, strength))
    .map((pose) => [pose.blendshapes[name], pose.head[0] / 15]);
}"""


def test_smoothing_stills_what_trembles_and_lets_what_moves(tab: Any) -> None:
    noise = np.random.default_rng(7).normal(0.5, 0.01, 300)
    left = []
    for strength in (0, 0.5, 1):
        out = np.array(tab.evaluate(SMOOTH, [noise.tolist(), strength, "jawOpen"]))
        assert out[:, 0] == pytest.approx(out[:, 1], abs=1e-9), "15 degrees are as a shape"
        left.append(out[30:, 0].std() / noise.std())
    assert 1 > left[0] > left[1] > left[2] and left[1] < 0.45
    step = [0.0] * 10 + [1.0] * 40
    mouth, lid = (
        np.array(tab.evaluate(SMOOTH, [step, 0.5, name]))[:, 0] for name in ("jawOpen", "eyeBlinkLeft")
    )
    for out in (mouth, lid):
        assert (np.diff(out) >= -1e-9).all() and out[9] == 0 and 0.99 < out[-1] <= 1
    assert mouth[15] > 0.8, "0.2 s after it opened"
    assert (lid[10:] >= mouth[10:] - 1e-9).all(), "lids are quicker"
    assert np.array(tab.evaluate(SMOOTH, [[0.3] * 20, 1, "jawOpen"]))[:, 0] == pytest.approx(0.3)


POSES = """async ([pose, strength, part]) => {
  const { mirrored, rounded, strengthened } = await import('/tracking/poses.js');
  const { toward } = await import('/tracking/smoothing.js');
  const way = toward(mirrored(mirrored(pose)), pose, part);
  const strong = strengthened(pose, strength);
  return { strong, rounded: rounded(pose), way, jump: toward(null, pose, part) };
}"""


def test_strength_scales_parts_and_what_is_sent_has_no_more_digits_than_count(tab: Any) -> None:
    pose = {
        "blendshapes": {"eyeBlinkLeft": 0.6, "browInnerUp": 0.4, "jawOpen": 0.5034, "mouthFunnel": 0.001},
        "head": [10.04, -3.26, -0.01],
    }
    found = tab.evaluate(POSES, [pose, {"head": 2, "eyes": 2, "mouth": 0}, 0.5])
    assert found["strong"] == {
        "blendshapes": {"eyeBlinkLeft": 1, "browInnerUp": 0.8, "jawOpen": 0, "mouthFunnel": 0},
        "head": pytest.approx([20.08, -6.52, -0.02]),
    }
    assert found["rounded"] == {
        "blendshapes": {"eyeBlinkLeft": 0.6, "browInnerUp": 0.4, "jawOpen": 0.5},
        "head": [10, -3.3, 0],
    }
    assert found["jump"] == pose and found["way"]["head"] == pytest.approx(pose["head"])


SEND = """async (offers) => {
  const { PoseSender } = await import('/tracking/pose_sender.js');
  const sent = [];
  const sender = new PoseSender((pose, t) => sent.push(t) > 0);
  for (const [t, value] of offers) sender.offer({ morphs: { head_x: value } }, t);
  return sent;
}"""


def test_at_most_sixty_poses_a_second_are_sent_and_one_that_stays_is_held(tab: Any) -> None:
    busy = tab.evaluate(SEND, [[4 * n, n] for n in range(500)])
    assert len(busy) <= 121 and min(np.diff(busy)) >= 15.6
    held = tab.evaluate(SEND, [[1000 * n / 60, 0.5] for n in range(180)])
    assert min(np.diff(held)) >= 200 and max(np.diff(held)) <= 250 and len(held) <= 16
    changing = tab.evaluate(SEND, [[1000 * n / 60, n // 30] for n in range(120)])
    assert set(np.round([1000 * n / 60 for n in (0, 30, 60, 90)], 3)) <= set(np.round(changing, 3))


MOUTHS = """async (levels) => {
  const { VoiceMouth } = await import('/tracking/voice_mouth.js');
  const { levelDb } = await import('/microphone.js');
  const openings = (dbs) => {
    const mouth = new VoiceMouth();
    return dbs.map((db) => mouth.next(db, 1 / 60));
  };
  const sine = Float32Array.from({ length: 480 }, (_, n) => Math.sin(2 * Math.PI * n / 48));
  return { all: levels.map(openings), silence: levelDb(new Float32Array(10)), sine: levelDb(sine) };
}"""


def test_a_voice_opens_the_mouth_the_wider_the_louder(tab: Any) -> None:
    steady = [[db] * 60 for db in range(-80, 1, 5)]
    spoken = [-60] * 30 + [-25] * 30 + [-60] * 30
    found = tab.evaluate(MOUTHS, [*steady, spoken])
    assert found["silence"] == -100 and found["sine"] == pytest.approx(-3.01, abs=0.01)
    *openings, word = (np.array(each) for each in found["all"])
    last = [each[-1] for each in openings]
    assert last == sorted(last) and last[0] == 0 and last[-1] > 0.9
    assert all(((each >= 0) & (each <= 1)).all() for each in [*openings, word])
    assert word[29] < 0.05 < 0.7 < word[40] and word[-1] < 0.05, "within 0.2 s each way"


POINTERS = """async ([places, box, view, how]) => {
  const { PointerPose, pointerPlace } = await import('/tracking/pointer_pose.js');
  const at = places.map(([clientX, clientY]) => pointerPlace({ clientX, clientY }, box, view));
  const poses = at.map((place) => new PointerPose().next(place, 0, how).morphs);
  const pose = new PointerPose();
  const way = [...Array(60).keys()].map((n) => [{ x: n ? 1 : 0, y: 0 }, n / 60]);
  const chased = way.map(([place, t]) => pose.next(place, t, how).morphs.head_y);
  return { at, poses, chased };
}"""


def test_head_and_eyes_go_to_the_pointer(tab: Any) -> None:
    box, view = {"left": 100, "top": 100, "width": 400, "height": 400}, {"width": 1000, "height": 800}
    how = {"isShut": False, "mouth": None, "strength": {"head": 1, "eyes": 0.5}}
    found = tab.evaluate(POINTERS, [[[300, 300], [500, 300], [300, 100], [5000, -5000]], box, view, how])
    places = [(each["x"], each["y"]) for each in found["at"]]
    assert places == [(0, 0), (0.5, 0), (0, 0.5), (1, 1)]
    middle, right, up, corner = found["poses"]
    assert set(middle.values()) == {0}
    # The pointer at the right of the picture is to the character's left.
    assert right == {"head_y": -0.5, "head_x": 0, "iris_rotation_y": -0.25, "iris_rotation_x": 0}
    assert (up["head_x"], up["iris_rotation_x"]) == (0.5, 0.25) and corner["head_y"] == -1
    for pose in found["poses"]:
        check_morphs(pose)
    assert (np.diff(found["chased"]) <= 0).all() and found["chased"][-1] == -1
    shut_eyes = tab.evaluate(POINTERS, [[[300, 300]], box, view, {**how, "isShut": True, "mouth": 0.25}])
    (pose,) = shut_eyes["poses"]
    assert (pose["eye_wink_left"], pose["eye_wink_right"], pose["mouth_aaa"]) == (1, 1, 0.25)
    check_morphs(pose)


def test_a_gaze_meets_the_head_before_the_camera(tab: Any) -> None:
    found = tab.evaluate(
        """async (heads) => {
          const { gazeTo } = await import('/tracking/eye_contact.js');
          return heads.map(([head, rest]) => gazeTo(head, rest ?? undefined));
        }""",
        [
            [{"x": 0, "y": 0}, None],
            [{"x": 0.5, "y": 0.2}, {"x": 0.3, "y": 0.2}],
            [{"x": -2, "y": 2}, None],
        ],
    )
    straight, left, beyond = found
    assert straight == {"x": 0, "y": 0}
    assert left["x"] < -0.4 and left["y"] == 0, "a head at the picture's right is at the screen's left"
    assert beyond == {"x": 1, "y": 1}


def test_a_head_of_ours_is_whole() -> None:
    """Of the landmarks that the page reads none is missing here."""
    assert len(calm()) == 32
