import numpy as np

from avatar_rtc.animation.accents import APART, BROWS, FALL, NOD, RISE, Accents
from avatar_rtc.animation.blink import Blink
from avatar_rtc.animation.lips import Lips
from avatar_rtc.face.pose import INDEX, neutral
from avatar_rtc.face.timeline import Timeline

FPS = 100
BROW, HEAD = INDEX["eyebrow_raised_left"], INDEX["head_x"]


def run(accents: tuple[float, ...], pauses: tuple[tuple[float, float], ...] = (), seed: int = 0):
    lips, blink, driver = Lips(), Blink(seed), Accents(seed)
    lips.append(1.0, Timeline(60.0, (), (), accents, pauses))
    poses, lids = [], []
    for n in range(round(3 * FPS)):
        pose = neutral()
        driver.apply(pose, lips, blink, n / FPS)
        poses.append(pose)
        lids.append(blink.at(n / FPS))
    return np.stack(poses), np.array(lids)


def test_a_stress_raises_the_brows_and_nods_and_is_over():
    poses, _ = run((0.5,))
    peak = round((1.5 + RISE) * 100)
    assert np.isclose(poses[peak - 2 : peak + 3, BROW].max(), BROWS, atol=0.01)
    assert np.isclose(poses[:, HEAD].min(), NOD, atol=0.01)
    assert not poses[:150].any() and not poses[round((1.5 + RISE + FALL) * 100) + 2 :].any()


def test_accents_do_not_come_closer_than_08_s():
    poses, _ = run((0.1, 0.3, 0.5, 0.7, 0.1 + APART + 0.05))
    raised = poses[:, BROW] > BROWS * 0.9
    assert (np.diff(raised.astype(int)) == 1).sum() == 2


def test_pauses_bring_blinks_with_the_probability_declared():
    blinked = sum((run((), ((0.5, 0.9),), seed)[1][150:175] > 0.5).any() for seed in range(120))
    by_itself = sum((run((), (), seed)[1][150:175] > 0.5).any() for seed in range(120))
    assert 0.25 < (blinked - by_itself) / 120 < 0.55


def test_a_blink_under_way_is_not_begun_again():
    blink = Blink(0)
    blink.at(0.0)
    blink.invite(0.5)
    closed = blink.at(0.58)
    blink.invite(0.58)
    assert blink.at(0.58) == closed == 1.0
