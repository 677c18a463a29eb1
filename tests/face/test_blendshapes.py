"""ARKit's and MediaPipe's faces as morphs, worked out by hand."""

import random

import pytest

from avatar_rtc.errors import InputError, OutOfRange, UnknownName
from avatar_rtc.face.blendshapes import BLENDSHAPE_NAMES, BLENDSHAPES, morphs_of
from avatar_rtc.face.pose import MOUTH_OPEN, check_morphs


def moved(shapes: dict[str, float], **more: object) -> dict[str, float]:
    """The morphs that are not 0."""
    return {name: value for name, value in morphs_of(shapes, **more).items() if value}  # type: ignore[arg-type]


def test_there_are_arkits_52_names_and_mediapipes_neutral() -> None:
    assert len(set(BLENDSHAPES)) == 52 and set(BLENDSHAPE_NAMES) - set(BLENDSHAPES) == {"_neutral"}
    assert moved({"_neutral": 1.0}) == {} and moved({}) == {}


@pytest.mark.parametrize(
    ("shapes", "morphs"),
    [
        # The jaw alone, and shut lips over it.
        ({"jawOpen": 0.5}, {"mouth_aaa": 0.5}),
        ({"jawOpen": 0.5, "mouthClose": 0.25}, {"mouth_aaa": 0.25}),
        ({"jawOpen": 0.25, "mouthClose": 0.5}, {}),
        # Rounded lips.
        ({"mouthPucker": 0.75}, {"mouth_uuu": 0.75}),
        ({"mouthFunnel": 0.5}, {"mouth_ooo": 0.5}),
        ({"mouthFunnel": 0.5, "jawOpen": 0.5}, {"mouth_ooo": 0.5, "mouth_aaa": 0.25}),
        ({"mouthPucker": 0.5, "jawOpen": 0.5}, {"mouth_uuu": 0.25, "mouth_ooo": 0.25, "mouth_aaa": 0.25}),
        ({"mouthPucker": 0.5, "mouthFunnel": 0.5}, {"mouth_uuu": 0.25, "mouth_ooo": 0.25}),
        # Spread lips, shut and open; one side counts half.
        ({"mouthStretchLeft": 0.5, "mouthStretchRight": 0.5}, {"mouth_iii": 0.5}),
        (
            {"mouthStretchLeft": 1.0, "jawOpen": 0.5},
            {"mouth_iii": 0.25, "mouth_eee": 0.25, "mouth_aaa": 0.25},
        ),
        # Corners.
        ({"mouthSmileLeft": 0.75}, {"mouth_raised_corner_left": 0.75}),
        ({"mouthSmileRight": 0.75, "mouthFrownRight": 0.25}, {"mouth_raised_corner_right": 0.5}),
        (
            {"mouthFrownLeft": 1.0, "mouthFrownRight": 1.0, "jawOpen": 0.5},
            {"mouth_delta": 0.5, "mouth_lowered_corner_left": 1.0, "mouth_lowered_corner_right": 1.0},
        ),
        # Lids: ARKit's left is the character's.
        ({"eyeBlinkLeft": 1.0}, {"eye_wink_left": 1.0}),
        ({"eyeBlinkRight": 0.5}, {"eye_wink_right": 0.5}),
        (
            {"eyeBlinkLeft": 1.0, "cheekSquintLeft": 0.75},
            {"eye_happy_wink_left": 0.75, "eye_wink_left": 0.25},
        ),
        ({"eyeWideLeft": 1.0, "eyeBlinkLeft": 0.5}, {"eye_surprised_left": 0.5, "eye_wink_left": 0.5}),
        ({"eyeSquintRight": 0.5}, {"eye_raised_lower_eyelid_right": 0.5}),
        # Brows.
        ({"browDownLeft": 0.5}, {"eyebrow_lowered_left": 0.5}),
        ({"browDownLeft": 1.0, "noseSneerLeft": 1.0}, {"eyebrow_angry_left": 1.0}),
        ({"browOuterUpRight": 0.5}, {"eyebrow_raised_right": 0.5}),
        ({"browInnerUp": 0.5}, {"eyebrow_troubled_left": 0.5, "eyebrow_troubled_right": 0.5}),
        (
            {"browInnerUp": 1.0, "browOuterUpLeft": 1.0, "browOuterUpRight": 0.5},
            {"eyebrow_raised_left": 1.0, "eyebrow_raised_right": 0.5, "eyebrow_troubled_right": 0.5},
        ),
        # Both eyes to the character's left, which is the viewer's right: iris_rotation_y falls.
        ({"eyeLookOutLeft": 0.5, "eyeLookInRight": 0.5}, {"iris_rotation_y": -0.5}),
        ({"eyeLookOutRight": 0.5, "eyeLookInLeft": 1.0}, {"iris_rotation_y": 0.75}),
        ({"eyeLookInLeft": 0.5, "eyeLookInRight": 0.5}, {}),  # a squint has no morph
        ({"eyeLookUpLeft": 0.5, "eyeLookUpRight": 0.5}, {"iris_rotation_x": 0.5}),
        ({"eyeLookDownLeft": 1.0, "eyeLookDownRight": 0.5}, {"iris_rotation_x": -0.75}),
        # No morphs.
        ({"tongueOut": 1.0, "cheekPuff": 1.0, "jawLeft": 1.0}, {}),
    ],
    ids=str,
)
def test_faces_worked_out_by_hand(shapes: dict[str, float], morphs: dict[str, float]) -> None:
    assert moved(shapes) == pytest.approx(morphs)


@pytest.mark.parametrize(
    ("head", "morphs"),
    [
        ((7.5, 0.0, 0.0), {"head_y": -0.5}),
        ((0.0, -7.5, 0.0), {"head_x": -0.5}),
        ((0.0, 0.0, 15.0), {"neck_z": -1.0}),
        ((-90.0, 45.0, -15.1), {"head_y": 1.0, "head_x": 1.0, "neck_z": 1.0}),
    ],
)
def test_heads_turn_up_to_15_degrees(head: tuple[float, float, float], morphs: dict[str, float]) -> None:
    assert moved({}, head=head) == pytest.approx(morphs)
    assert not {"head_x", "head_y", "neck_z"} & morphs_of({}).keys()


def test_any_face_is_in_range_and_has_one_mouth() -> None:
    pick = random.Random(0)
    for _ in range(500):
        shapes = {name: pick.choice((0.0, 1.0, pick.random())) for name in BLENDSHAPE_NAMES}
        morphs = check_morphs(morphs_of(shapes, (pick.gauss(0, 30), pick.gauss(0, 30), 0.0)))
        assert sum(morphs[name] for name in MOUTH_OPEN) <= 1 + 1e-9
        for side in ("left", "right"):
            assert morphs[f"eye_wink_{side}"] + morphs[f"eye_happy_wink_{side}"] <= 1 + 1e-9
            assert not (morphs[f"mouth_raised_corner_{side}"] and morphs[f"mouth_lowered_corner_{side}"])


def test_a_mirrored_face_has_the_mirrored_morphs() -> None:
    def swap(name: str, left: str, right: str) -> str:
        return name.replace(left, "*").replace(right, left).replace("*", right)

    pick = random.Random(1)
    # jawLeft and mouthLeft are directions; they have no morph.
    shapes = {name: pick.random() for name in BLENDSHAPES}
    mirrored = morphs_of({swap(name, "Left", "Right"): value for name, value in shapes.items()}, (9, 5, 3))
    for name, value in morphs_of(shapes, (-9, 5, -3)).items():
        sign = -1 if name in ("iris_rotation_y", "head_y", "neck_z") else 1
        assert mirrored[swap(name, "left", "right")] == pytest.approx(sign * value), name


@pytest.mark.parametrize(
    ("shapes", "kind", "says"),
    [
        ({"jawOpn": 0.5}, UnknownName, "did you mean 'jawOpen'"),
        ({"eyeBlink_L": 0.5}, UnknownName, "did you mean 'eyeBlink"),
        ({"jawOpen": 1.01}, OutOfRange, "jawOpen is 1.01, but must lie in 0..1"),
        ({"jawOpen": -0.1}, OutOfRange, "0..1"),
        ({"jawOpen": float("nan")}, InputError, "number"),
        ({"jawOpen": float("inf")}, InputError, "number"),
        ({"jawOpen": "0.5"}, InputError, "number"),
        ({"jawOpen": True}, InputError, "number"),
    ],
)
def test_bad_faces_are_refused(shapes: dict[str, object], kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        morphs_of(shapes)
    with pytest.raises(InputError, match="yaw"):
        morphs_of({}, (float("nan"), 0.0, 0.0))
