"""Cels and effects over time, as the mixer gives them."""

from collections.abc import Sequence

import numpy as np
import pytest

from avatar_rtc.animation.easing import pace_of_rate
from avatar_rtc.animation.effects import CROSS_FADE
from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.animation.mixer import Appearance, Mixer
from avatar_rtc.control.settings import DEFAULTS, AnimatorSettings, check_settings
from avatar_rtc.control.state import AvatarState, DataEyes
from avatar_rtc.curves import smooth_transition
from avatar_rtc.face.cels import CELS, FX
from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.resources import resource

EMOTIONS = load_emotions(resource("assets", "emotions"))
CALM = AvatarState()
MOUTH = {"mouth_rest": 1.0}
"""What a calm face wears."""
DATA_FADE_S = DEFAULTS.data_eyes_fadeout_duration


def showing(**weights: float) -> AvatarState:
    return AvatarState(emotions=weights)


def appearances(mixer: Mixer, state: AvatarState, times: Sequence[float]) -> list[Appearance]:
    return [mixer.appearance(state, t) for t in times]


def test_a_calm_face_wears_its_mouth_alone():
    for appearance in appearances(Mixer(EMOTIONS, 1), CALM, np.arange(60) / 30):
        assert appearance.cels == MOUTH and not appearance.fx


@pytest.mark.parametrize("fps", [10, 60])
def test_cels_are_eased_as_the_pose_is_and_tidy_away(fps: int):
    mixer = Mixer(EMOTIONS, 1)
    mixer.appearance(CALM, 0.0)
    frames = round(0.2 * fps)
    for n in range(1, frames + 1):
        appearance = mixer.appearance(showing(love=1.0), n / fps)
    share = appearance.cels["blush1"] / EMOTIONS["love"].cels["blush1"]
    way = pace_of_rate(0.3) * frames / fps
    assert share == pytest.approx(1 - (1 + way) * np.exp(-way), rel=1e-4)
    late = appearances(mixer, CALM, (0.2 + np.arange(1, 10 * fps) / fps).tolist())
    assert late[-1].cels == MOUTH


def test_blends_and_intensity_scale_cels_and_effects():
    state = AvatarState(emotions={"love": 0.5, "caring": 0.5}, intensity=0.5)
    appearance = Mixer(EMOTIONS, 1).appearance(state, 0.0)
    mean = (EMOTIONS["love"].cels["blush1"] + EMOTIONS["caring"].cels["blush1"]) / 2
    assert appearance.cels["blush1"] == pytest.approx(0.5 * mean)
    assert appearance.fx == {"fx_heart1": pytest.approx(0.25)}


def test_eyes_waver_12_times_a_second_with_the_targets_strength_at_once():
    mixer = Mixer(EMOTIONS, 1)
    mixer.appearance(CALM, 999.99)
    shown = [mixer.appearance(showing(love=1.0), 1000 + (n + 0.5) / 12).cels for n in range(12)]
    strength = pytest.approx(EMOTIONS["love"].cels["waver1"])
    for n, cels in enumerate(shown):
        on, off = ("waver1", "waver2") if n % 2 == 0 else ("waver2", "waver1")
        assert cels[on] == strength and off not in cels
    assert "waver1" not in mixer.appearance(CALM, 1001.01).cels


def test_data_eyes_run_fade_and_come_back():
    mixer = Mixer(EMOTIONS, 1)
    on, off = AvatarState(data_eyes=DataEyes(True, 1.0)), AvatarState(data_eyes=DataEyes(False, 2.0))
    for n in range(12):
        assert mixer.appearance(on, 1 + (n + 0.5) / 12).cels == MOUTH | {f"data{n % 4 + 1}": 1.0}
    for n in range(9):
        t = 2 + (n + 0.5) / 12
        strength = 1 - smooth_transition((t - 2) / DATA_FADE_S)
        assert mixer.appearance(off, t).cels == MOUTH | {f"data{n % 4 + 1}": pytest.approx(strength)}
    assert mixer.appearance(off, 2.76).cels == MOUTH
    assert mixer.appearance(on, 2.8).cels == MOUTH | {"data2": 1.0}


def test_effects_start_on_entering_and_fade_on_leaving():
    mixer = Mixer(EMOTIONS, 1)
    mixer.appearance(CALM, 9.9)
    assert mixer.appearance(showing(joy=1.0), 10.0).fx == {"fx_flowers1": 1.0}
    # The same emotion set again starts nothing anew; another one fades it, from where it is.
    assert mixer.appearance(showing(joy=0.9), 10.55).fx == {"fx_flowers2": pytest.approx(0.9 * 0.45)}
    assert mixer.appearance(CALM, 10.6).fx == {"fx_flowers2": pytest.approx(0.9 * 0.4)}
    assert mixer.appearance(CALM, 10.7).fx == {"fx_flowers1": pytest.approx(0.9 * 0.3 / 2)}
    assert mixer.appearance(CALM, 10.6 + CROSS_FADE).fx == {}
    assert mixer.appearance(showing(joy=1.0), 10.9).fx == {"fx_flowers1": 1.0}
    assert mixer.appearance(showing(joy=1.0), 11.9).fx == {}


def test_only_cels_the_character_has_are_asked_for():
    mixer = Mixer(EMOTIONS, 1, ["blush1", "data1", "data2"])
    seen: set[str] = set()
    for n in range(40):
        state = AvatarState(emotions={"embarrassment": 1.0}, data_eyes=DataEyes(True, 0.0))
        appearance = mixer.appearance(state, n / 30)
        seen |= appearance.cels.keys()
        assert not appearance.fx and len(appearance.cels.keys() & {"data1", "data2"}) == 1
    assert seen == {"blush1", "data1", "data2"}


def test_another_character_takes_over_in_motion():
    mixer = Mixer(EMOTIONS, 1)
    before = mixer.appearance(showing(love=1.0), 5.0)
    own = {**EMOTIONS, "love": EmotionTemplate("love", {}, {"blush3": 1.0})}
    mixer.recast(own, (*CELS, *FX))
    after = mixer.appearance(showing(love=1.0), 5.0 + 1 / 30)
    assert np.abs(after.pose - before.pose).max() < 0.5
    assert 0 < after.cels["blush1"] < before.cels["blush1"] and 0 < after.cels["blush3"] < 1
    assert "waver1" not in after.cels


def test_an_effect_that_is_about_to_end_is_finished():
    mixer = Mixer(EMOTIONS, 1)
    mixer.appearance(CALM, 0.0)
    mixer.appearance(showing(joy=1.0), 1.0)
    before = mixer.appearance(showing(joy=1.0), 1.9).fx
    assert before == {"fx_flowers2": pytest.approx(0.1)}
    after = mixer.appearance(CALM, 1.901).fx
    assert after["fx_flowers2"] == pytest.approx(0.099)
    assert 0 < mixer.appearance(CALM, 1.95).fx["fx_flowers2"] < 0.05 and mixer.appearance(CALM, 2.0).fx == {}


def test_effects_of_two_emotions_cross_fade_and_re_entering_retriggers():
    """Anger, annoyance and anger again, each before the last one is over: nothing is ever cut."""
    mixer, fps = Mixer(EMOTIONS, 1), 200
    mixer.appearance(CALM, 0.0)

    def state(t: float) -> AvatarState:
        return showing(anger=1.0) if t < 0.4 or t >= 0.55 else showing(annoyance=1.0)

    shown = [mixer.appearance(state(n / fps), n / fps).fx for n in range(1, 2 * fps)]
    both = shown[round(0.5 * fps)]
    assert {name[:-1] for name in both} == {"fx_angervein", "fx_blackcloud"}
    for kind in ("fx_angervein", "fx_blackcloud"):
        strength = np.array([max((v for k, v in fx.items() if k[:-1] == kind), default=0.0) for fx in shown])
        assert np.diff(strength).min() > -0.03  # however it goes, it goes in small steps
    again = shown[round(0.56 * fps)]
    assert max(v for k, v in again.items() if k.startswith("fx_anger")) > 0.95
    assert not shown[round(1.56 * fps)]


def test_effects_are_those_of_the_settings():
    own = check_settings(
        {"animefx": [["mine", {"emotions": ["calm"], "type": "cycle", "fps": 0, "cels": ["fx_notice1"]}]]}
    )
    emotions = {**EMOTIONS, "calm": EmotionTemplate("calm", {}, {})}
    mixer = Mixer(emotions, 1)
    mixer.appearance(AvatarState(settings=own), 0.0)
    assert mixer.appearance(AvatarState({"calm": 1.0}, settings=own), 1.0).fx == {"fx_notice1": 1.0}
    assert mixer.appearance(AvatarState({"joy": 1.0}, settings=own), 3.0).fx == {}


def test_effects_switched_off_go_softly_and_none_comes():
    mixer, off = Mixer(EMOTIONS, 1), AnimatorSettings(animefx_enabled=False)
    mixer.appearance(CALM, 0.0)
    mixer.appearance(showing(joy=1.0), 1.0)
    state = AvatarState({"joy": 1.0}, settings=off)
    assert mixer.appearance(state, 1.2).fx == {"fx_flowers2": pytest.approx(0.8)}
    assert mixer.appearance(state, 1.3).fx == {"fx_flowers2": pytest.approx(0.35)}
    assert mixer.appearance(state, 1.41).fx == {}
    assert mixer.appearance(AvatarState({"anger": 1.0}, settings=off), 2.0).fx == {}


def test_wavering_and_data_eyes_follow_the_settings():
    slow = AnimatorSettings(eye_waver_fps=2.0, data_eyes_fps=1.0, data_eyes_fadeout_duration=0.0)
    mixer = Mixer(EMOTIONS, 1)
    state = AvatarState({"love": 1.0}, data_eyes=DataEyes(True, 0.0), settings=slow)
    for n in range(8):
        cels = mixer.appearance(state, (n + 0.5) / 2).cels
        assert f"waver{n % 2 + 1}" in cels and cels[f"data{n // 2 % 4 + 1}"] == 1.0
    gone = AvatarState({"love": 1.0}, data_eyes=DataEyes(False, 4.0), settings=slow)
    assert not any(name.startswith("data") for name in mixer.appearance(gone, 4.01).cels)
    off = AnimatorSettings(eye_waver_fps=0.0, data_eyes_fps=0.0)
    state = AvatarState({"love": 1.0}, data_eyes=DataEyes(True, 0.0), settings=off)
    assert not any(name.startswith(("data", "waver")) for name in mixer.appearance(state, 5.0).cels)
