"""Gestures over all the rest: they end at rest, never jump, keep their ranges, and others win."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from avatar_rtc.animation.blink import Blink
from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.animation.gestures import BROKEN_OFF, GestureLayer
from avatar_rtc.animation.mixer import Appearance, Mixer
from avatar_rtc.animation.overrides import SLOT
from avatar_rtc.control.acting_messages import GesturePlay
from avatar_rtc.control.changes import next_state
from avatar_rtc.control.settings import AnimatorSettings
from avatar_rtc.control.state import AvatarState, DataEyes, LivePose, PlayedGesture
from avatar_rtc.face.cels import CELS, EYE_CELS, FX
from avatar_rtc.face.gestures import MAX_AT_ONCE, GestureFile, GestureTemplate, load_gestures
from avatar_rtc.face.pose import HIGH, INDEX, LOW, MORPHS, MOUTH_OPEN
from avatar_rtc.face.timeline import Segment, Timeline
from avatar_rtc.face.visemes import MouthShape
from avatar_rtc.resources import resource

EMOTIONS = load_emotions(resource("assets", "emotions"))
GESTURES = load_gestures(resource("assets", "gestures"))
CALM = AnimatorSettings(liveliness=0.0, blink_probability=0.0, breathing_cycle_duration=0.0)
"""Nothing moves by itself."""
FPS = 60
CLOSING = [
    [INDEX[f"eye_{kind}_{side}"] for kind in ("wink", "happy_wink", "relaxed")] for side in ("left", "right")
]
OPEN = [INDEX[name] for name in MOUTH_OPEN]
HEADS = [INDEX[name] for name in ("head_x", "head_y", "neck_z", "body_y", "body_z")]
BROWS = [i for name, i in INDEX.items() if name.startswith("eyebrow")]
Story = Callable[[float], AvatarState]


def played(t: float, *names: str, strength: float = 1.0) -> tuple[PlayedGesture, ...]:
    return tuple(PlayedGesture(GESTURES[name], t, strength) for name in names)


def shown(mixer: Mixer, story: Story, seconds: float, fps: float = FPS) -> list[Appearance]:
    return [mixer.appearance(story(n / fps), n / fps) for n in range(round(seconds * fps))]


def poses(mixer: Mixer, story: Story, seconds: float, fps: float = FPS) -> np.ndarray:
    return np.array([each.pose for each in shown(mixer, story, seconds, fps)])


def after(state: AvatarState, *names: str, at: float = 1.0) -> Story:
    """The state, with gestures from a second on."""
    acting = replace(state, gestures=played(at, *names))
    return lambda t: acting if t >= at else state


@pytest.mark.parametrize("name", sorted(GESTURES))
def test_alone_it_does_what_its_file_says_and_leaves_no_trace(name: str):
    calm = AvatarState(emotions={"zero": 1.0}, settings=CALM)
    seen = shown(Mixer(EMOTIONS, 1), after(calm, name), 1 + GESTURES[name].seconds + 1.0)
    rest = shown(Mixer(EMOTIONS, 1), lambda t: calm, 3)[-1]
    assert seen[-1].pose == pytest.approx(rest.pose, abs=1e-6) and seen[-1].cels == rest.cels
    assert seen[-1].fx == {} and seen[-1].swing == pytest.approx(rest.swing, abs=0.5)
    for morph, track in GESTURES[name].tracks.items():
        most = max((value for _, value in track), key=abs)
        if morph in INDEX and not morph.startswith(("mouth", "iris")):
            values = [each.pose[INDEX[morph]] for each in seen]
            assert max(values, key=abs) == pytest.approx(most, abs=0.03)
        elif morph in FX:
            assert max(each.fx.get(morph, 0.0) for each in seen) == pytest.approx(most, abs=0.05)
        elif morph in CELS:
            assert max(each.cels.get(morph, 0.0) for each in seen) == pytest.approx(most, abs=0.05)


def test_it_is_the_same_at_any_frame_rate():
    story = after(AvatarState(settings=CALM), "nod", "wink")
    same = [i for name, i in INDEX.items() if not name.startswith("mouth")]  # drawn ones come by frames
    fine = poses(Mixer(EMOTIONS, 1), story, 3, fps=60)[::3, same]
    assert poses(Mixer(EMOTIONS, 1), story, 3, fps=20)[:, same] == pytest.approx(fine, abs=1e-5)


def test_idle_life_goes_on_but_its_small_gestures_hold_back():
    bow = GestureTemplate("bow", {"mouth_smirk": tuple((float(t), 0.01 * (0 < t < 10)) for t in range(11))})
    acting = AvatarState(gestures=(PlayedGesture(bow, 0.0),))
    seen = poses(Mixer(EMOTIONS, 7), lambda t: acting, 10)
    plain = poses(Mixer(EMOTIONS, 7), lambda t: AvatarState(), 10)
    moving = [INDEX[name] for name in ("head_x", "head_y", "neck_z", "breathing", "eye_wink_left")]
    assert seen[:, moving] == pytest.approx(plain[:, moving], abs=0.08)
    assert np.ptp(seen[:, moving], axis=0).min() > 0.05
    endless = GestureTemplate("endless", {"mouth_smirk": ((0.0, 0.0), (1e4, 0.0))})
    long = AvatarState(gestures=(PlayedGesture(endless, 0.0),))
    idle = poses(Mixer(EMOTIONS, 7), lambda t: long, 90, fps=5)
    assert not idle[:, INDEX["mouth_raised_corner_left"]].any()


def test_liveliness_scales_no_acted_gesture():
    for liveliness in (0.0, 1.0, 2.0):
        settings = AnimatorSettings(
            liveliness=liveliness, sway_macro_strength=0, sway_micro_strength=0, gaze_saccades=0,
            breathing_cycle_duration=0.0, blink_probability=0.0,
        )  # fmt: skip
        seen = poses(Mixer(EMOTIONS, 1), after(AvatarState(settings=settings), "nod"), 3)
        assert seen[:, INDEX["head_x"]].min() == pytest.approx(-0.72, abs=0.02)


@pytest.mark.parametrize("strength", [0.0, 0.25, 0.5])
def test_strength_scales(strength: float):
    state = AvatarState(settings=CALM)
    weak = replace(state, gestures=played(1.0, "shake", "blush", strength=strength))
    seen = shown(Mixer(EMOTIONS, 1), lambda t: weak if t >= 1 else state, 3)
    whole = shown(Mixer(EMOTIONS, 1), after(state, "shake", "blush"), 3)
    for one, other in zip(seen, whole, strict=True):
        assert one.pose[INDEX["head_y"]] == pytest.approx(strength * other.pose[INDEX["head_y"]], abs=1e-5)
        assert one.cels.get("blush1", 0) == pytest.approx(strength * other.cels.get("blush1", 0), abs=1e-5)


def test_eyes_hold_on_to_the_viewer_while_it_nods_and_go_where_a_look_says():
    state = AvatarState(settings=CALM)
    nod = poses(Mixer(EMOTIONS, 1), after(state, "nod"), 3)
    head, iris = nod[:, INDEX["head_x"]], nod[:, INDEX["iris_rotation_x"]]
    assert iris == pytest.approx(-head * 15 / 30, abs=1e-3)
    away = poses(Mixer(EMOTIONS, 1), after(state, "look_away"), 4)
    assert away[:, INDEX["iris_rotation_y"]].max() == pytest.approx(0.95, abs=0.03)
    first = [int(np.argmax(np.abs(away[:, INDEX[name]]) > 0.3)) for name in ("iris_rotation_y", "head_y")]
    assert first[0] < first[1], "eyes first"


def test_closed_eyes_are_not_closed_twice_and_one_is_seen_open_in_a_wink():
    """Every emotion, also those that close the eyes by morphs or drawn arcs."""
    for name in EMOTIONS:
        seen = shown(Mixer(EMOTIONS, 1), after(AvatarState({name: 1.0}, settings=CALM), "wink"), 2.6, fps=50)
        for each in seen:
            for eye in CLOSING:
                assert each.pose[eye].sum() <= 1 + 1e-5, name
        middle = seen[round(1.6 * 50)]
        assert middle.pose[CLOSING[0]].sum() > 0.97 and middle.pose[CLOSING[1]].sum() < 0.05, name
        assert not any(cel in middle.cels for cel in EYE_CELS), name
        assert {k: v for k, v in seen[-1].cels.items() if k in EYE_CELS} == {
            k: v for k, v in seen[0].cels.items() if k in EYE_CELS
        }, "and what was drawn is drawn again"


def test_a_giggle_leaves_eyes_that_are_arcs_already_as_they_are():
    seen = shown(Mixer(EMOTIONS, 1), after(AvatarState({"joy": 1.0}, settings=CALM), "giggle"), 4)
    assert all(each.cels.get("eyes_arc") == 1.0 for each in seen[1:])


def test_data_eyes_and_a_wink_go_together():
    state = AvatarState(settings=CALM, data_eyes=DataEyes(True, 0.0))
    seen = shown(Mixer(EMOTIONS, 1), after(state, "wink"), 2)
    assert all(any(cel.startswith("data") for cel in each.cels) for each in seen)
    assert seen[round(1.5 * FPS)].pose[CLOSING[0]].sum() > 0.97


def test_no_blink_makes_a_wink_of_both_eyes():
    busy = AnimatorSettings(blink_interval_min=0.1, blink_interval_max=0.2, blink_probability=1.0)
    seen = poses(Mixer(EMOTIONS, 3), after(AvatarState(settings=busy), "wink"), 2)
    held = seen[round(1.35 * FPS) : round(1.75 * FPS)]
    assert held[:, CLOSING[1]].sum(1).max() < 0.05 and Blink(3, busy)


def sentence(seconds: float) -> Timeline:
    shape = MouthShape((0.9, 0, 0, 0, 0, 0))
    return Timeline(seconds, (Segment(0.0, seconds, shape),))


def test_mouths_give_way_to_speech_and_come_back_while_heads_go_on():
    state = AvatarState(settings=CALM)
    for name in ("yawn", "gasp", "giggle"):
        both, alone = Mixer(EMOTIONS, 1), Mixer(EMOTIONS, 1)
        for mixer in (both, alone):
            mixer.lips.append(1.0, sentence(1.0))
        seen, speech = shown(both, after(state, name, at=0.8), 4), shown(alone, lambda t: state, 4)
        for each, other in list(zip(seen, speech, strict=True))[round(1.15 * FPS) : round(1.85 * FPS)]:
            assert each.pose[OPEN] == pytest.approx(other.pose[OPEN], abs=0.02), name
            assert not any(cel.startswith("mouth") for cel in each.cels)
        assert np.ptp([each.pose[INDEX["head_x"]] for each in seen[FPS : 2 * FPS]]) > 0.05
    late = shown(talking := Mixer(EMOTIONS, 1), after(state, "yawn", at=0.1), 0.2)
    talking.lips.append(0.3, sentence(0.6))
    rest = [talking.appearance(after(state, "yawn", at=0.1)(n / FPS), n / FPS) for n in range(12, 150)]
    assert late and max(each.cels.get("mouth_shout", 0) for each in rest[70:]) == 1.0


def test_a_caller_s_pose_and_overrides_win():
    held = {"eye_happy_wink_left": 0.0, "head_x": 0.3, "neck_z": -0.2}
    state = AvatarState(settings=CALM, overrides=held)
    seen = poses(Mixer(EMOTIONS, 1), after(state, "wink", "nod"), 3)
    for name, value in held.items():
        assert (seen[:, INDEX[name]] == np.float32(value)).all()

    def tracked(t: float) -> AvatarState:
        live = LivePose({"head_x": 0.1, "eye_happy_wink_left": 0.2}, t)
        gestures = played(1.0, "wink", "nod") if t >= 1 else ()
        return AvatarState(settings=CALM, live_pose=live, gestures=gestures)

    seen = poses(Mixer(EMOTIONS, 1), tracked, 3)[FPS:]
    assert seen[:, INDEX["head_x"]] == pytest.approx(0.1, abs=1e-5)
    assert seen[:, INDEX["eye_happy_wink_left"]] == pytest.approx(0.2, abs=1e-5)


def test_lids_that_stay_open_stay_so_in_a_wink():
    mixer = Mixer(EMOTIONS, 1, keep_eyes_open=0.4)
    seen = poses(mixer, after(AvatarState(settings=CALM), "wink"), 2.5)
    assert seen[:, CLOSING[0]].sum(1).max() <= 0.6 + 1e-5


def steps(seen: np.ndarray) -> float:
    return float(np.abs(np.diff(seen, axis=0)).max())


def by_time(told: Sequence[tuple[float, AvatarState]]) -> Story:
    """The newest state of those told, the newest first."""
    return lambda t: next(state for begun, state in told if t >= begun)


def test_the_same_one_again_begins_anew_without_a_jump():
    """Whenever it comes again, no step is much larger than one of the gesture itself."""
    for name in ("nod", "look_away", "yawn"):
        state = AvatarState({"zero": 1.0}, settings=CALM)
        usual = steps(poses(Mixer(EMOTIONS, 1), after(state, name), 5))
        for again in np.random.default_rng(2).uniform(1.02, 1 + GESTURES[name].seconds, 3):
            first = replace(state, gestures=played(1.0, name))
            second = next_state(first, GesturePlay(name=name), float(again), gestures=GESTURES)
            assert len(second.gestures) == 1
            told = ((again, second), (1.0, first), (0.0, state))
            fade = 1.5 / BROKEN_OFF / FPS
            assert steps(poses(Mixer(EMOTIONS, 1), by_time(told), 5)) < max(usual, fade) + 0.02


def test_one_that_is_told_late_begins_late():
    state = AvatarState({"zero": 1.0}, settings=CALM)
    late = replace(state, gestures=played(1.0, "shake"))
    seen = poses(Mixer(EMOTIONS, 1), lambda t: late if t >= 1.4 else state, 4)[:, INDEX["head_y"]]
    on_time = poses(Mixer(EMOTIONS, 1), after(state, "shake"), 4)[:, INDEX["head_y"]]
    assert np.abs(np.diff(seen)).max() == pytest.approx(np.abs(np.diff(on_time)).max(), rel=0.1)
    assert steps(seen[:, None]) < 0.15


def test_who_wants_no_effects_gets_none_from_gestures():
    off = AvatarState(settings=AnimatorSettings(animefx_enabled=False))
    assert not any(each.fx for each in shown(Mixer(EMOTIONS, 1), after(off, "gasp"), 2))
    assert any(each.fx for each in shown(Mixer(EMOTIONS, 1), after(AvatarState(), "gasp"), 2))
    none = Mixer(EMOTIONS, 1, cels=())
    assert not any(each.fx or each.cels for each in shown(none, after(AvatarState(), "gasp", "giggle"), 2))


def test_four_at_once_at_most_and_the_oldest_goes():
    state = AvatarState()
    for n, name in enumerate(("nod", "wink", "blush", "tilt", "sigh")):
        state = next_state(state, GesturePlay(name=name), 0.1 * n, gestures=GESTURES)
    assert [each.template.name for each in state.gestures] == ["wink", "blush", "tilt", "sigh"]
    assert len(state.gestures) == MAX_AT_ONCE


def random_template(random: np.random.Generator, name: str) -> GestureTemplate:
    tracks = {}
    moved = [*random.choice([*SLOT], random.integers(1, 12), replace=False), *random.choice(FX, 1)]
    for each in map(str, moved):
        low = float(LOW[INDEX[each]]) if each in INDEX else 0.0
        count = int(random.integers(1, 6))
        times = np.cumsum(random.uniform(0.08, 0.5, count + 1))
        keys = [[0.0, 0.0]]
        keys += [[float(t), float(v)] for t, v in zip(times, random.uniform(low, 1.0, count), strict=False)]
        tracks[each] = [*keys, [float(times[-1]), 0.0]]
    return GestureFile(tracks=tracks).template(name)


def test_a_thousand_plays_keep_their_ranges_and_never_jump_beside_all_else():
    """Shipped and made-up ones at random moments, beside moods, speech, poses and overrides."""
    random = np.random.default_rng(11)
    mixer, t, fps = Mixer(EMOTIONS, 4), 0.0, 30
    plays, taken, state, before = 0, 0.0, AvatarState(), np.zeros(len(MORPHS), np.float32)
    names = list(EMOTIONS)
    while plays < 1000:
        if random.random() < 0.5:
            known = {**GESTURES, "own": random_template(random, "own")}
            name = str(random.choice([*known]))
            state = next_state(
                state, GesturePlay(name=name, strength=float(random.random())), t, gestures=known
            )
            plays += 1
        if random.random() < 0.01:
            state = replace(state, emotions={str(random.choice(names)): 1.0})
        if random.random() < 0.01:
            mixer.lips.append(t + 0.1, sentence(float(random.uniform(0.2, 1.0))))
        if random.random() < 0.02:
            morphs = {str(each): 0.3 for each in random.choice([*INDEX], 4)}
            state, taken = replace(state, live_pose=LivePose(morphs, t)), t
        if random.random() < 0.02:
            held = {str(each): float(random.random()) for each in random.choice([*SLOT], 2)}
            state, taken = replace(state, overrides=held if random.random() < 0.5 else {}), t
        seen = mixer.appearance(state, t)
        assert (seen.pose >= LOW).all() and (seen.pose <= HIGH).all() and np.isfinite(seen.pose).all()
        assert all(0 < value <= 1 for value in (*seen.cels.values(), *seen.fx.values()))
        if t > taken + 1 and not state.overrides:
            assert max(seen.pose[eye].sum() for eye in CLOSING) < 1.05
            own = any(each.template.name == "own" and each.end > t - 0.5 for each in state.gestures)
            steps_seen = np.abs(seen.pose - before)
            assert own or (steps_seen[HEADS].max() < 0.3 and steps_seen[BROWS].max() < 0.55)
        before, t = seen.pose, t + 1 / fps


def test_the_layer_is_nothing_when_nothing_is_played():
    layer = GestureLayer()
    assert layer.at((), 0.0, 0.0, False) is None
    over: Sequence[PlayedGesture] = played(0.0, "nod")
    assert layer.at(over, 50.0, 0.1, False) is None, "long over"
    assert layer.at(played(50.0, "nod"), 50.2, 0.1, False) is not None
