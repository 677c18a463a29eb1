"""When an avatar is too slow for the thread it shares."""

from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.worker.pace import ALONE_MS, FrameCost, bearable_ms


@given(st.lists(st.floats(1, 60), min_size=1, max_size=16))
def test_the_quickest_of_the_others_decides(rates: list[float]) -> None:
    bearable = bearable_ms(rates)
    assert bearable == bearable_ms([max(rates)]) and bearable < 1000 / max(rates) + ALONE_MS
    # One of 30 frames a second whose own frames take 10 ms keeps nine ticks of ten beside it.
    if max(rates) >= 30:
        assert bearable + 10 <= 1000 / 30 / 0.9


def test_alone_it_may_take_longer() -> None:
    assert bearable_ms([]) == ALONE_MS > bearable_ms([30.0])


def test_one_disturbed_frame_decides_nothing_and_another_recipe_is_unknown() -> None:
    pace = FrameCost()
    assert pace.ms("a") is None
    pace.add("a", 300.0)
    assert pace.ms("a") == 300.0 and pace.ms("b") is None
    for ms in (10.0, 400.0, 12.0):
        pace.add("a", ms)
    assert pace.ms("a") == 10.0
    for ms in (50.0, 60.0):
        pace.add("a", ms)
    assert pace.ms("a") == 12.0
    pace.add("a", 70.0)
    assert pace.ms("a") == 50.0
    pace.add("b", 5.0)
    assert pace.ms("a") is None and pace.ms("b") == 5.0
