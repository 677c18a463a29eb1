"""Effects belong to their emotion: whatever happens, none is seen 0.2 s after that was left."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.animation.effects import CROSS_FADE
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
