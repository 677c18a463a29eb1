import itertools
import json
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pytest

from avatar_rtc.animation.emotions import changed, load_emotions
from avatar_rtc.animation.face_cels import settled
from avatar_rtc.errors import InputError, SetupError, UnknownName
from avatar_rtc.face.cels import CELS, EYE_CELS, MOUTH_CELS, REPLACING
from avatar_rtc.face.emotions import EMOTIONS, EmotionChange
from avatar_rtc.face.pose import HIGH, INDEX, LOW, ROTATION, pose_from
from avatar_rtc.resources import resource

SHIPPED = load_emotions(resource("assets", "emotions"))
POSES = {name: pose_from(template.pose) for name, template in SHIPPED.items()}


def test_all_28_labels_are_shipped_and_no_other():
    assert tuple(SHIPPED) == EMOTIONS and len(EMOTIONS) == 28
    assert len(CELS) == 26


@pytest.mark.parametrize("name", EMOTIONS)
def test_every_template_is_in_range_with_a_moderate_head(name: str):
    pose = POSES[name]
    assert (pose >= LOW).all() and (pose <= HIGH).all()
    assert np.abs(pose[ROTATION]).max() <= 0.6  # 9 degrees
    assert all(0 < opacity <= 1 for opacity in SHIPPED[name].cels.values())
    assert not any(cel.startswith("data") for cel in SHIPPED[name].cels)  # those belong to tools


def test_neutral_is_neutral_and_the_others_are_not():
    for name, pose in POSES.items():
        assert np.abs(pose).max() == 0 if name == "neutral" else np.abs(pose).max() >= 0.4


PARTS = {
    "brows": slice(0, 12),
    "lids": slice(12, 26),
    "mouth": slice(INDEX["mouth_aaa"], INDEX["mouth_smirk"] + 1),
    "gaze": slice(INDEX["iris_rotation_x"], INDEX["iris_rotation_y"] + 1),
    "head": ROTATION,
}
"""What a person reads an emotion by, as parts of a pose; signs on the skin are a part of their own."""
APART = 0.35
"""From where a part is another one: a third of a morph's range on both sides."""


def parts_apart(a: str, b: str, have: Collection[str]) -> set[str]:
    """The parts in which two emotions, wholly there, can be told from one another."""
    (one, ones), (other, others) = (settled(POSES[n], SHIPPED[n].cels, have) for n in (a, b))
    apart = {part for part, where in PARTS.items() if np.abs(one[where] - other[where]).max() >= APART}
    by_cel = {cel: abs(ones.get(cel, 0.0) - others.get(cel, 0.0)) for cel in ones | others}
    for cel, by in by_cel.items():
        if by >= APART:
            apart.add("mouth" if cel in MOUTH_CELS else "lids" if cel in EYE_CELS else "skin")
    return apart


@pytest.mark.parametrize("have", [CELS, set(CELS) - set(REPLACING)], ids=["drawn", "by morphs alone"])
def test_every_two_emotions_differ_in_three_parts_of_the_face(have: Collection[str]) -> None:
    """Brows, lids, mouth, gaze, head, skin: in two of them a judge at 256 px took one for the other."""
    alike = {
        (a, b): parts
        for a, b in itertools.combinations(EMOTIONS, 2)
        if len(parts := parts_apart(a, b, have)) < 3
    }
    assert not alike


@pytest.mark.parametrize("name", EMOTIONS)
def test_no_emotion_holds_lids_where_they_are_smears(name: str) -> None:
    """THA3 closes lids wholly or leaves a bar of lash; see `eye_wink` and `eye_relaxed` on a sheet."""
    for side in ("left", "right"):
        assert SHIPPED[name].pose.get(f"eye_relaxed_{side}", 0.0) <= 0.5
        assert not 0.5 < SHIPPED[name].pose.get(f"eye_wink_{side}", 0.0) < 1.0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "joy.json"),
        ("[]", "wanted is an object"),
        ('{"head_x": 1}', "did you mean 'pose.head_x'"),
        ('{"pose": {"mouth_aa": 1}}', "did you mean 'mouth_aaa'"),
        ('{"pose": {"mouth_aaa": 1.5}}', "must lie in 0..1"),
        ('{"pose": {"mouth_aaa": NaN}}', "pose.mouth_aaa is nan: wanted is a number in 0..1"),
        ('{"pose": {}, "cels": {"blush": 1}}', "did you mean 'blush"),
        ('{"pose": {}, "cels": {"blush1": "much"}}', "wanted is a number in 0..1"),
        ('{"pose": {}, "cels": {"blush1": 2}}', "must lie in 0..1"),
        ('{"pose": {}, "cels": []}', "cels"),
    ],
)
def test_a_bad_template_is_refused_with_its_name_and_the_reason(tmp_path: Path, content: str, words: str):
    (tmp_path / "joy.json").write_text(content)
    with pytest.raises(InputError, match=words) as caught:
        load_emotions(tmp_path)
    assert "joy.json" in str(caught.value)


def test_a_template_of_ones_own_is_read(tmp_path: Path):
    (tmp_path / "smug.json").write_text(json.dumps({"pose": {"mouth_smirk": 1}}))
    assert load_emotions(tmp_path)["smug"].pose == {"mouth_smirk": 1.0}


def test_an_empty_folder_is_a_broken_installation(tmp_path: Path):
    with pytest.raises(SetupError, match="no emotion templates"):
        load_emotions(tmp_path)


def test_a_characters_own_values_replace_single_keys():
    own = changed(SHIPPED, {"fear": EmotionChange({"iris_small_left": 0.1}, {"tears1": 0.5})})
    before, after = SHIPPED["fear"], own["fear"]
    assert after.pose == {**before.pose, "iris_small_left": 0.1}
    assert after.cels == {**before.cels, "tears1": 0.5}
    assert {n: t for n, t in own.items() if n != "fear"} == {n: t for n, t in SHIPPED.items() if n != "fear"}
    with pytest.raises(UnknownName, match="'fear'"):
        changed(SHIPPED, {"fera": EmotionChange()})
