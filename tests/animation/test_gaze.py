"""Laws of the eyes: what they look at, how they leap there, and the head after them."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest

from avatar_rtc.animation.fixation import MOST
from avatar_rtc.animation.gaze import (
    AROUND,
    AWAY_IDLE,
    CONTACT_IDLE,
    EDGE_DEGREES,
    EYE_DEGREES,
    FALL_OFF,
    HEAD_DEGREES,
    HEAD_HELD_BACK,
    HEAD_SHARE,
    LEAST_AWAY,
    LEAST_STAY,
    MOST_AWAY,
    GazeDriver,
)
from avatar_rtc.animation.looking import (
    GLANCE,
    LISTENING_AWAY,
    LISTENING_CONTACT,
    THINKING_FAR,
    THINKING_UP,
)
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.control.settings import AnimatorSettings
from avatar_rtc.errors import BadMessage, InputError, OutOfRange, UnknownName
from avatar_rtc.face.activity import ActivityName
from avatar_rtc.face.gaze import Gaze, check_gaze
from avatar_rtc.face.pose import INDEX, neutral, pose_from
from avatar_rtc.render.posed import render_poses
from avatar_rtc.resources import resource

PLAIN = AnimatorSettings()
STEADY = AnimatorSettings(gaze_saccades=0.0)
IRIS = [INDEX["iris_rotation_y"], INDEX["iris_rotation_x"]]
HEAD = [INDEX["head_y"], INDEX["head_x"]]
SIGN = np.array([-1, 1])
"""Morphs about y are positive to the viewer's left, angles to the right."""
VIEWER = Gaze("viewer")


class Eyes:
    """A driver over time, in degrees."""

    def __init__(self, seed: int = 1, settings: AnimatorSettings = PLAIN, fps: float = 100) -> None:
        self.driver, self.settings, self.fps, self.t = GazeDriver(seed), settings, fps, 0.0

    def run(
        self,
        seconds: float,
        asked: Gaze | None = None,
        doing: ActivityName = "idle",
        emotion: dict[str, float] | None = None,
        sway: Callable[[float], Iterable[float]] = lambda t: (0.0, 0.0),
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(N, 2) where the eyes look in the world, (N, 2) the head's angles, and (N,) whether away."""
        appearances, heads, away = [], [], []
        wanted = pose_from(emotion or {})
        for _ in range(round(seconds * self.fps)):
            pose = wanted.copy()
            pose[HEAD] += SIGN * np.array([*sway(self.t)]) / HEAD_DEGREES
            self.driver.apply(pose, wanted, asked, doing, self.settings, self.t)
            head = SIGN * pose[HEAD] * HEAD_DEGREES
            appearances.append(head + SIGN * pose[IRIS] * EYE_DEGREES)
            heads.append(head)
            away.append(self.driver.away)
            self.t += 1 / self.fps
        return np.array(appearances), np.array(heads), np.array(away)


def stays(away: np.ndarray, fps: float = 100) -> tuple[np.ndarray, np.ndarray]:
    """How long each whole look at the viewer, and each away, lasted."""
    turns = np.flatnonzero(np.diff(away.astype(int)))
    lengths, begins_away = np.diff(turns) / fps, away[turns[:-1] + 1]
    return lengths[~begins_away], lengths[begins_away]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.7, 0.9])
def test_a_speaker_looks_at_the_viewer_for_the_share_of_time_in_the_settings(share: float):
    settings = AnimatorSettings(eye_contact=share)
    away = np.concatenate([Eyes(seed, settings, 25).run(1200, doing="speaking")[2] for seed in range(3)])
    assert 1 - away.mean() == pytest.approx(share, abs=0.04)


def test_full_contact_is_never_broken_and_none_is_hardly_made():
    assert not Eyes(1, AnimatorSettings(eye_contact=1.0)).run(60, doing="speaking")[2].any()
    assert Eyes(1, AnimatorSettings(eye_contact=0.0)).run(60, doing="speaking")[2].mean() > 0.95


def test_at_rest_the_viewer_is_left_seldom_and_shortly():
    runs = [stays(Eyes(seed, fps=25).run(2400)[2], 25) for seed in range(4)]
    contact, away = (np.concatenate(each) for each in zip(*runs, strict=True))
    assert contact.mean() == pytest.approx(CONTACT_IDLE, rel=0.12)
    assert away.mean() == pytest.approx(AWAY_IDLE, rel=0.12)
    assert min(contact.min(), away.min()) >= LEAST_STAY - 1 / 25


def test_who_listens_looks_at_the_viewer_more_than_who_does_nothing_and_leaps_less():
    idle, listening = (
        [Eyes(seed, fps=25).run(800, doing=doing) for seed in range(2)] for doing in ("idle", "listening")
    )
    shares = [1 - np.concatenate([run[2] for run in runs]).mean() for runs in (idle, listening)]
    assert shares[1] > 0.965 > shares[0] and shares[1] == pytest.approx(
        LISTENING_CONTACT / (LISTENING_CONTACT + LISTENING_AWAY), abs=0.01
    )
    moved = [np.mean([np.abs(np.diff(run[0], axis=0)).mean() for run in runs]) for runs in (idle, listening)]
    assert moved[1] < 0.85 * moved[0]


def test_who_thinks_looks_up_to_one_side_after_the_other_and_glances_back():
    appearances, _, away = Eyes(4, fps=50).run(300, doing="thinking")
    assert 0.75 < away.mean() < 0.97
    settled = away & np.r_[np.zeros(20, bool), away[:-20]]
    assert (appearances[settled, 1] > THINKING_FAR[0] * np.sin(THINKING_UP[0]) - AROUND - MOST).mean() > 0.97
    sides = np.sign(appearances[settled, 0])
    assert 0.35 < (sides > 0).mean() < 0.65
    glances = stays(away, 50)[0]
    assert len(glances) > 20 and GLANCE[0] - 0.02 <= glances.min() and glances.mean() < 0.6


@pytest.mark.parametrize("then", ["idle", "speaking", "listening"])
def test_who_has_thought_turns_back_to_the_viewer_at_once(then: ActivityName):
    for seed in range(6):
        eyes = Eyes(seed)
        assert np.hypot(*eyes.run(2.0, doing="thinking")[0][30]) > 15
        assert np.hypot(*eyes.run(0.15, doing=then)[0][-1]) < AROUND + MOST


def test_leaps_are_bounded_and_angles_away_fall_off_exponentially():
    """Of an exponential cut off at both ends, the share below its start + FALL_OFF ln 2 is known."""
    far = []
    for seed in range(4):
        appearances, _, away = Eyes(seed, fps=25).run(1500, doing="speaking")
        distance = np.hypot(*appearances.T)
        assert distance.max() <= MOST_AWAY + AROUND + MOST / 2 + 1e-6
        begun = np.flatnonzero(~away[:-3] & away[1:-2] & away[2:-1] & away[3:]) + 3
        far.extend(distance[begun])
    far = np.array(far)
    assert len(far) > 1000 and far.min() >= LEAST_AWAY - AROUND
    span = 1 - np.exp((LEAST_AWAY - MOST_AWAY) / FALL_OFF)
    assert (far < LEAST_AWAY + FALL_OFF * np.log(2)).mean() == pytest.approx(0.5 / span, abs=0.05)


def test_at_rest_the_eyes_stay_with_the_viewer():
    appearances, _, away = Eyes(2).run(300)
    settled = ~(away | np.r_[np.zeros(20, bool), away[:-20]])
    assert np.hypot(*appearances[settled].T).max() <= AROUND + MOST / 2 + 1e-6
    assert np.hypot(*appearances[settled].T).mean() > 0.3


@pytest.mark.parametrize("degrees", [5.0, 20.0])
def test_a_leap_lasts_as_the_main_sequence_says(degrees: float):
    eyes = Eyes(1, STEADY, fps=2000)
    eyes.run(0.5, VIEWER)
    appearances = eyes.run(0.3, Gaze((degrees / EDGE_DEGREES[0], 0.0)))[0][:, 0]
    # The head turns too, but the eyes allow for it: what they look at is at rest as soon as they are.
    arrived = np.argmax(appearances > degrees - 1e-4) / 2000
    assert arrived == pytest.approx(0.021 + 0.0022 * degrees, abs=0.002)
    assert appearances[-1] == pytest.approx(degrees, abs=1e-4) and (np.diff(appearances) > -1e-4).all()


def test_a_target_is_looked_at_whatever_head_and_emotion_do():
    eyes = Eyes(1, STEADY)
    shy = {"iris_rotation_x": -0.4, "head_x": -0.4, "head_y": 0.3}
    eyes.run(1, Gaze((0.5, -0.5)), emotion=shy)
    appearances = eyes.run(
        5, Gaze((0.5, -0.5)), emotion=shy, sway=lambda t: (4 * np.sin(t), 3 * np.cos(2 * t))
    )[0]
    assert appearances == pytest.approx(
        np.tile([0.5 * EDGE_DEGREES[0], -0.5 * EDGE_DEGREES[1]], (500, 1)), abs=1e-3
    )


def test_left_alone_the_eyes_take_back_what_the_head_sways_but_not_what_the_emotion_wants():
    shy = {"iris_rotation_x": -0.4, "iris_rotation_y": 0.2, "head_x": -0.4}
    appearances = Eyes(1, STEADY).run(5, emotion=shy, sway=lambda t: (6 * np.sin(t), 0.0))[0]
    meant = [-0.2 * EYE_DEGREES, -0.4 * EYE_DEGREES - 0.4 * HEAD_DEGREES]
    assert appearances == pytest.approx(np.tile(meant, (500, 1)), abs=1e-3)


def test_the_head_follows_late_and_partly():
    eyes = Eyes(1, STEADY)
    eyes.run(1, VIEWER)
    appearances, heads, _ = eyes.run(2, Gaze((0.8, 0.0)))
    target = 0.8 * EDGE_DEGREES[0]
    half_eyes, half_head = ((x[:, 0] > 0.5 * x[-1, 0]).argmax() / 100 for x in (appearances, heads))
    assert half_eyes < 0.06 and 0.12 < half_head < 0.3
    assert heads[-1, 0] == pytest.approx(HEAD_SHARE * target, rel=0.01)
    assert np.abs(np.diff(heads[:, 0])).max() < 0.5  # no jerk: 50 degrees per second


def test_the_head_sets_off_sideways_before_up_or_down():
    eyes = Eyes(1, STEADY)
    eyes.run(1, VIEWER)
    heads = eyes.run(2, Gaze((0.8, 0.8)))[1]
    across, up = (float(np.argmax(np.abs(heads[:, n]) > 0.05 * abs(heads[-1, n]))) / 100 for n in (0, 1))
    assert 0.03 < across < 0.12 and 0.1 <= up - across <= 0.2


def test_eyes_lead_where_the_head_is_about_to_turn():
    eyes = Eyes(1)
    eyes.run(2.0)
    eyes.driver.lead(3 + 4j, eyes.t)
    seen = eyes.run(0.05)[0][-1]
    assert seen == pytest.approx(AROUND * np.array([0.6, 0.8]), abs=MOST / 2)


def test_an_emotion_that_shows_keeps_its_head():
    def turned(shown: float) -> float:
        driver, most = GazeDriver(4), 0.0
        for n in range(3000):
            pose = neutral()
            driver.apply(pose, neutral(), None, "speaking", PLAIN, n / 25, shown)
            most = max(most, float(np.abs(pose[HEAD]).max()))
        return most

    assert turned(1.0) == pytest.approx((1 - HEAD_HELD_BACK) * turned(0.0), rel=0.05)


def test_asked_to_look_away_it_does_and_goes_on_looking_about():
    eyes = Eyes(3)
    appearances, _, away = eyes.run(60, Gaze("away"))
    # A leap from one side to the other may pass the viewer.
    assert away.all() and np.mean(np.hypot(*appearances.T) > LEAST_AWAY - AROUND) > 0.98
    assert len(np.unique(np.round(appearances / 5), axis=0)) > 5
    back = eyes.run(2, VIEWER)[0]
    assert np.hypot(*back[20:].T).max() <= AROUND + MOST / 2 + 1e-6


def test_letting_go_of_a_target_gives_the_eyes_back_to_the_emotion_softly():
    eyes, shy = Eyes(1, STEADY), {"iris_rotation_x": -0.5}
    eyes.run(1, VIEWER, emotion=shy)
    appearances = eyes.run(1, None, emotion=shy)[0][:, 1]
    assert appearances[0] > -3 and appearances[-1] == pytest.approx(-0.5 * EYE_DEGREES, abs=0.05)
    assert np.abs(np.diff(appearances)).max() < 2


@pytest.mark.parametrize(
    "settings", [AnimatorSettings(gaze_saccades=0.0), AnimatorSettings(liveliness=0.0)], ids=["no", "still"]
)
def test_without_saccades_the_eyes_rest(settings: AnimatorSettings):
    appearances, heads, _ = Eyes(1, settings).run(120, doing="speaking")
    assert not appearances.any() and not heads.any()


def test_their_strength_scales_the_leaps():
    def reach(strength: float) -> float:
        settings = AnimatorSettings(gaze_saccades=strength)
        return float(np.hypot(*Eyes(4, settings, 25).run(600, doing="speaking")[0].T).max())

    assert reach(0.5) == pytest.approx(0.5 * reach(1.0), rel=1e-3)


def test_the_frame_rate_changes_nothing():
    slow, fast = (Eyes(5, fps=fps).run(60, doing="speaking")[0] for fps in (20, 200))
    # Apart from frames on which a leap is under way.
    same = np.abs(slow - fast[::10]).max(axis=1) < 0.5
    assert same.mean() > 0.9
    calm = (Eyes(5, fps=fps).run(60, VIEWER)[1] for fps in (20, 200))
    assert next(calm) == pytest.approx(next(calm)[::10])


def test_jumps_of_time_do_no_harm():
    driver = GazeDriver(1)
    for t in (0.0, 1e6, 1e6 + 0.04, 3.0, 3.04):
        pose = neutral()
        driver.apply(pose, neutral(), None, "speaking", PLAIN, t)
        assert np.isfinite(pose).all()


def test_in_the_picture_the_irises_go_where_the_viewer_points():
    """The amber of Tavi's eyes, on frames of its student."""
    tavi = CharacterStore(resource("assets", "characters"), Path()).load_character("tavi")
    places = [(0.0, 0.0), (1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)]
    poses = []
    for place in places:
        pose, driver = neutral(), GazeDriver(1)
        driver.apply(pose, neutral(), Gaze(place), "idle", STEADY, 0.0)
        pose[HEAD] = 0  # the eyes alone
        poses.append(pose)
    centres = []
    for picture in render_poses(tavi.rgba, poses, "student", "cpu", tavi.student):
        r, g, b = picture[120:165, 200:300, :3].astype(int).transpose(2, 0, 1)
        rows, columns = np.nonzero((r - b > 90) & (r > 150) & (g > 60))
        assert rows.size > 100
        centres.append((columns.mean(), -rows.mean()))
    (x, y), right, left, up, down = centres
    assert right[0] > x + 1 and left[0] < x - 1
    # His lower lid covers what goes down, so the two ways are told together.
    assert up[1] > y + 1 and y > down[1] and up[1] - down[1] > 3


@pytest.mark.parametrize(
    ("data", "gaze"),
    [
        (None, None),
        ("viewer", Gaze("viewer")),
        ("away", Gaze("away")),
        ({"x": 1, "y": -0.5}, Gaze((1.0, -0.5))),
    ],
)
def test_a_gaze_is_read(data: object, gaze: Gaze | None):
    assert check_gaze(data) == gaze


@pytest.mark.parametrize(
    ("data", "kind", "says"),
    [
        ("veiwer", UnknownName, "did you mean 'viewer'"),
        ({"x": 0, "z": 0}, UnknownName, "coordinate 'z'"),
        ({"x": 0}, InputError, "y is null, but must be a number"),
        ({"x": True, "y": 0}, InputError, "number"),
        ({"x": float("nan"), "y": 0}, InputError, "number"),
        ({"x": 0, "y": 1.5}, OutOfRange, "-1..1"),
        ([0, 0], BadMessage, "gaze is"),
    ],
)
def test_a_bad_gaze_is_refused(data: object, kind: type[Exception], says: str):
    with pytest.raises(kind, match=says):
        check_gaze(data)
