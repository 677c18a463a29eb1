from collections.abc import Collection
from typing import get_args

import numpy as np
import pytest

from avatar_rtc.animation.drivers import cycle, fade_out, sequence
from avatar_rtc.animation.effects import strengths
from avatar_rtc.face.cels import FX
from avatar_rtc.face.effects import EFFECTS, Effect
from avatar_rtc.face.emotions import EMOTIONS


def test_a_cycle_keeps_its_phase_for_days():
    names = ("a", "b", "c", "d")
    for start in (0.0, 86_400.0, 10 * 86_400.0):
        # Whatever the frame rate, picture k shows from k / 12 s on: nothing is added up, so nothing slips.
        for n in range(200):
            t = start + (n + 0.5) / 12
            assert cycle(names, 12, t) == names[(round(start * 12) + n) % 4]


def test_a_sequence_shows_each_once_for_an_equal_part():
    shown = [sequence(("a", "b", "c"), 0.3, (n + 0.5) / 1000) for n in range(300)]
    assert shown == ["a"] * 100 + ["b"] * 100 + ["c"] * 100
    assert sequence(("a", "b", "c"), 0.3, np.nextafter(0.3, 0)) == "c"


def test_fading_is_linear_and_ends():
    assert [fade_out(2.0, t) for t in (0.0, 0.5, 1.0, 2.0, 9.0)] == [1.0, 0.75, 0.5, 0.0, 0.0]


def effects_of(emotion: str, since: float, have: Collection[str] = FX) -> dict[str, float]:
    shown = [strengths(effect, since, have) for effect in EFFECTS if emotion in effect.emotions]
    return {name: opacity for each in shown for name, opacity in each.items()}


def test_effects_are_those_of_the_table():
    assert {cel for effect in EFFECTS for cel in effect.cels} == set(FX)
    assert {name for effect in EFFECTS for name in effect.emotions} <= set(EMOTIONS)
    assert effects_of("anger", 0.5 / 6) == {"fx_angervein1": pytest.approx(1 - 0.5 / 6)}
    assert effects_of("anger", 1.5 / 6) == {"fx_angervein2": pytest.approx(0.75)}
    assert effects_of("fear", 1.5) == {"fx_shock1": 0.25} and effects_of("fear", 2.0) == {}
    notice = [effects_of("surprise", (n + 0.5) / 16) for n in range(5)]
    assert notice == [{"fx_notice1": 1.0}, {"fx_notice2": 1.0}] * 2 + [{}]
    assert effects_of("neutral", 0.0) == {} and effects_of("joy", -0.01) == {}


@pytest.mark.parametrize("kind", get_args(Effect.model_fields["type"].annotation))
def test_each_type_of_effect_shows_what_it_says(kind: str):
    hearts = ("fx_heart1", "fx_heart2", "fx_heart3")
    effect = Effect(type=kind, fps=10.0, duration=0.9, cels=hearts)
    for n in range(9):
        t = (n + 0.5) / 10
        ((name, opacity),) = strengths(effect, t, FX).items()
        assert name == (hearts[n % 3] if kind.startswith("cycle") else hearts[n // 3])
        assert opacity == pytest.approx(1 - t / 0.9 if kind.endswith("fadeout") else 1.0)
    assert strengths(effect, 0.9, FX) == {}


def test_a_cycle_at_0_fps_stays_at_its_first_picture():
    effect = Effect(type="cycle", fps=0.0, duration=5.0, cels=("fx_heart1", "fx_heart2"))
    assert strengths(effect, 4.9, FX) == {"fx_heart1": 1.0}


def test_effects_do_with_the_cels_there_are():
    assert effects_of("love", 0.29, ["fx_heart1"]).keys() == {"fx_heart1"}
    assert effects_of("love", 0.1, []) == {}
