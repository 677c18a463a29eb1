"""The way on which packets get lost does what it says."""

import random
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.bench.lossy import Fate, Path
from avatar_rtc.errors import InputError


@given(st.floats(0.0, 0.4), st.integers(1, 12), st.integers(0, 99))
def test_so_many_are_lost_and_so_many_in_a_row(loss, burst, seed):
    fate = Fate(Path(loss=loss, burst=burst), random.Random(seed))
    lost = [fate.lost() for _ in range(30_000)]
    assert sum(lost) / len(lost) == pytest.approx(loss, abs=0.05)
    runs = "".join("x" if each else " " for each in lost).split()
    assert all(len(run) % burst == 0 for run in runs[:-1])


def test_a_seed_says_it_all():
    def losses(seed: int) -> list[bool]:
        fate = Fate(Path(loss=0.3), random.Random(seed))
        return [fate.lost() for _ in range(200)]

    assert losses(1) == losses(1) != losses(2)


@given(st.floats(0, 1), st.floats(0, 1))
def test_delays_are_within_their_jitter(delay_s, jitter_s):
    fate = Fate(Path(delay_s=delay_s, jitter_s=jitter_s), random.Random(3))
    assert all(delay_s <= fate.late_s() <= delay_s + jitter_s for _ in range(50))


@pytest.mark.parametrize(
    ("wrong", "named"),
    [({"loss": 1.0}, "1"), ({"loss": -0.1}, "-0.1"), ({"burst": 0}, "0"), ({"delay_s": 11}, "10")],
)
def test_what_cannot_be_is_refused(wrong, named):
    with pytest.raises(InputError, match=named):
        Path(**(asdict(Path()) | wrong))
