import numpy as np
import pytest

from avatar_rtc.animation.mouth import Mouth
from avatar_rtc.face.pose import INDEX, MOUTH_OPEN, Pose, pose_from

AAA, CORNER = INDEX["mouth_aaa"], INDEX["mouth_raised_corner_left"]
SMILE = pose_from({"mouth_delta": 0.6, "mouth_raised_corner_left": 1.0, "eyebrow_happy_left": 0.5})


def open_to(**shapes: float) -> dict[str, float]:
    return {f"mouth_{name}": value for name, value in shapes.items()}


def run(mouth: Mouth, shapes: dict[str, float] | None, seconds: float, fps: float = 30) -> list[Pose]:
    poses = []
    for _ in range(round(seconds * fps)):
        pose = SMILE.copy()
        mouth.apply(pose, shapes, 1 / fps)
        poses.append(pose)
    return poses


def test_without_a_cue_the_emotion_keeps_its_mouth():
    assert (run(Mouth(), None, 0.1)[-1] == SMILE).all()


@pytest.mark.parametrize("fps", [30, 60, 200])
def test_lips_are_where_the_cue_wants_them_after_60_ms(fps: int):
    pose = run(Mouth(), open_to(aaa=0.8), 0.0667 if fps == 30 else 0.06, fps)[-1]
    assert pose[AAA] == pytest.approx(0.8, abs=0.06)


def test_visemes_own_the_open_shapes_and_the_emotion_keeps_30_percent_of_the_corners():
    pose = run(Mouth(), open_to(aaa=0.8, iii=0.1), 1.0)[-1]
    for name in MOUTH_OPEN:
        assert pose[INDEX[name]] == pytest.approx({"mouth_aaa": 0.8, "mouth_iii": 0.1}.get(name, 0), abs=1e-3)
    assert pose[CORNER] == pytest.approx(0.3, abs=1e-3)
    assert pose[INDEX["eyebrow_happy_left"]] == 0.5


def test_the_mouth_is_the_emotions_again_soon_after_the_cue_ends():
    mouth = Mouth()
    run(mouth, open_to(aaa=0.8), 0.5)
    poses = run(mouth, None, 1.0)
    assert poses[8][AAA] < 0.05  # 0.3 s later
    assert (poses[-1] == SMILE).all()


def test_a_closed_cue_closes_an_emotional_mouth():
    pose = run(Mouth(), {}, 0.5)[-1]
    assert np.abs(pose[[INDEX[n] for n in MOUTH_OPEN]]).max() < 1e-3
