"""What the bench makes of arrivals, and the stranger that it draws."""

import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from avatar_rtc.bench.at_once import Arrivals, measure, stranger


@given(st.integers(0, 20), st.integers(21, 60))
def test_fluid_begins_when_the_window_is_full(slow: int, fps: int) -> None:
    """One a second for a while, then so many: it is told within two seconds of the change, and not before."""
    arrived = [float(second) for second in range(slow + 1)]
    arrived += [slow + n / fps for n in range(1, 4 * fps)]
    fluid = Arrivals(arrived).fluid_at()
    assert fluid is not None and slow <= fluid <= slow + 2.1
    assert Arrivals(arrived[: slow + 1]).fluid_at() is None


def test_a_stranger_is_another_one_each_time() -> None:
    one, same, other = (np.asarray(Image.open(io.BytesIO(stranger(seed)))) for seed in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one, other)
    assert one.shape[-1] == 4 and np.array_equal(one[..., 3], other[..., 3])


def test_quick_says_why_not() -> None:
    (only,) = measure(quick=True)
    assert only.detail == {"skipped": "takes minutes"}
