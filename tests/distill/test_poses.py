"""The sampler: poses follow from their number, lie in range, and cover the ends."""

import numpy as np

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.distill.poses import PoseSampler, probe_poses
from avatar_rtc.face.pose import FACE, HIGH, INDEX, LOW, ROTATION, pose_from
from avatar_rtc.resources import resource

EMOTIONS = load_emotions(resource("assets", "emotions"))
SAMPLER = PoseSampler(EMOTIONS, 1, 0)
POSES = np.stack([SAMPLER.pose(number) for number in range(1500)])


def test_in_range_and_determined_by_seed_stream_and_number() -> None:
    assert ((POSES >= LOW) & (POSES <= HIGH)).all()
    assert np.array_equal(PoseSampler(EMOTIONS, 1, 0).pose(77), POSES[77])
    assert not np.array_equal(PoseSampler(EMOTIONS, 2, 0).pose(77), POSES[77])
    assert not np.array_equal(PoseSampler(EMOTIONS, 1, 3).pose(77), POSES[77])


def test_every_emotion_at_full_strength_comes_first() -> None:
    for number, template in enumerate(EMOTIONS.values()):
        wanted = pose_from(template.pose)
        assert np.array_equal(POSES[number][: FACE.stop], wanted[: FACE.stop]), template.name


def test_every_morph_reaches_its_ends_and_rests_often() -> None:
    for name, index in INDEX.items():
        assert POSES[:, index].max() > 0.9 * HIGH[index], name
        assert POSES[:, index].min() <= 0.9 * LOW[index], name
        if index not in range(ROTATION.start, ROTATION.stop):
            assert (POSES[:, index] == 0).mean() > 0.2, name


def test_full_blinks_and_full_visemes_are_common() -> None:
    blinks = (POSES[:, INDEX["eye_wink_left"]] == 1) & (POSES[:, INDEX["eye_wink_right"]] == 1)
    assert blinks.mean() > 0.05
    assert (POSES[:, INDEX["mouth_aaa"]] == 1).mean() > 0.01


def test_probes_move_one_morph_each() -> None:
    found = probe_poses()
    assert not found[0].any() and all((pose != 0).sum() == 1 for pose in found[1:])
    assert len({pose.tobytes() for pose in found}) == len(found) == 42
