"""Effects belong to their emotion: whatever happens, none is seen 0.2 s after that was left."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.animation.effects import CROSS_FADE, GENTLE, EffectQueue
from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.animation.mixer import Mixer
from avatar_rtc.control.settings import AnimatorSettings
from avatar_rtc.control.state import AvatarState
from avatar_rtc.face.cels import FX
from avatar_rtc.face.effects import EFFECTS, Effect
from avatar_rtc.resources import resource

TEMPLATES = load_emotions(resource("assets", "emotions"))
STAR = Effect(emotions=("Joy",), type="cycle", duration=60.0, cels=("fx_star1", "fx_star2"))
CHOICES = ("joy", "fear", "anger", "neutral", "zero")
RATE = 25


def allowed(emotion: str, settings: AnimatorSettings) -> set[str]:
    effects = settings.animefx if settings.animefx_enabled else ()
    return {cel for effect in effects if emotion in effect.emotions for cel in effect.cels}


@given(
    st.lists(
        st.tuples(st.sampled_from(CHOICES), st.sampled_from([(), (STAR,), EFFECTS]), st.integers(1, 20)),
        min_size=1,
        max_size=6,
    ),
    st.integers(0, 20),
)
def test_no_effect_outlives_its_emotion_or_its_setting(
    told: list[tuple[str, tuple[Effect, ...], int]], wait: int
) -> None:
    mixer = Mixer(TEMPLATES, seed=1, cels=(*FX, "fx_star1", "fx_star2"))
    state, t = AvatarState(), 0.0
    left: dict[str, float] = {}
    for emotion, effects, frames in told:
        before = allowed(next(iter(state.emotions)), state.settings)
        state = replace(state, emotions={emotion: 1.0}, settings=AnimatorSettings(animefx=effects))
        now = allowed(emotion, state.settings)
        left = {cel: at for cel, at in left.items() if cel not in now} | dict.fromkeys(before - now, t)
        for _ in range(frames + wait):
            fx = mixer.appearance(state, t).fx
            late = {cel for cel in fx if cel not in now and t > left.get(cel, 0.0) + CROSS_FADE}
            assert not late, (t, left)
            t += 1 / RATE


def opacities_over(emotion: str, seconds: float, settings: AnimatorSettings, fps: float = RATE) -> np.ndarray:
    """(N,) the strongest sign on each frame."""
    mixer, state = Mixer(TEMPLATES, seed=2), AvatarState(emotions={emotion: 1.0}, settings=settings)
    frames = range(round(seconds * fps))
    return np.array([max(mixer.appearance(state, n / fps).fx.values(), default=0.0) for n in frames])


@pytest.mark.parametrize("emotion", ["love", "anger", "surprise"])
def test_signs_come_again_softer_while_the_emotion_lasts(emotion: str) -> None:
    shown = opacities_over(emotion, 120, AnimatorSettings())
    first = int(2.5 * RATE)
    begun = np.flatnonzero((shown[1:] > 0) & (shown[:-1] == 0)) / RATE
    assert shown[:first].max() > 0.95 and 0.4 < shown[first:].max() <= GENTLE
    assert np.diff(begun).min() >= 4.0 and np.diff(begun).max() <= 8.1
    assert shown[first:].astype(bool).mean() < 0.35  # mostly there is none


def test_signs_come_once_if_that_is_asked() -> None:
    once = opacities_over("love", 60, AnimatorSettings(animefx_repeat=0))
    assert once[:10].max() > 0.9 and not once[RATE:].any()


def test_signs_that_come_again_do_so_at_the_same_time_at_any_frame_rate() -> None:
    slow, fast = (opacities_over("anger", 40, AnimatorSettings(), fps) for fps in (10, 50))
    assert slow == pytest.approx(fast[::5], abs=1e-6)


def test_settings_that_change_end_signs_that_would_come_again() -> None:
    queue = EffectQueue()
    queue.enter("joy", EFFECTS, 0.0)
    assert any(queue.at(n / 10, 1.0, FX, 1.0) for n in range(15, 60))
    queue.keep((), 6.0)
    assert not any(queue.at(n / 10, 1.0, FX, 1.0) for n in range(63, 200))


def test_signs_wait_anew_after_a_jump_of_time() -> None:
    queue = EffectQueue()
    queue.enter("joy", EFFECTS, 0.0)
    for start in (1e6, 10.0):
        seen = [bool(queue.at(start + n / 10, 1.0, FX, 5.0)) for n in range(90)]
        assert not any(seen[:35]) and any(seen)


def test_a_characters_own_effect_is_shown() -> None:
    mixer = Mixer(TEMPLATES, seed=1, cels=("fx_star1", "fx_star2"))
    state = AvatarState(emotions={"joy": 1.0}, settings=AnimatorSettings(animefx=(STAR,)))
    seen = {cel for frame in range(RATE) for cel in mixer.appearance(state, frame / RATE).fx}
    assert seen == {"fx_star1", "fx_star2"}


def test_zero_is_a_face_at_rest_in_every_avatar() -> None:
    pose = (
        Mixer(TEMPLATES, seed=1)
        .appearance(
            AvatarState(
                emotions={"zero": 1.0}, settings=AnimatorSettings(liveliness=0, breathing_cycle_duration=0)
            ),
            0.0,
        )
        .pose
    )
    assert not pose.any()
