"""How long it takes until another worker is tried, in made-up time."""

from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.server.rendering import spare, supervisor
from avatar_rtc.server.rendering.backoff import Backoff


def waits(
    lives: list[float], plan: tuple[float, ...] = supervisor._BACKOFF_S, kept: float = supervisor._FORGIVEN_S
) -> list[float]:
    """After workers that lived so long, one after the other."""
    now, found = 0.0, []
    backoff = Backoff(plan, kept, lambda: now)
    for life in lives:
        now += life
        found.append(backoff.failed())
        now += found[-1]
    return found


@given(st.lists(st.floats(25.0, 1e6), max_size=50))
def test_what_is_killed_every_half_minute_waits_for_nothing(lives: list[float]) -> None:
    assert not any(waits(lives))


@given(st.lists(st.floats(0.0, 1.0), min_size=10, max_size=50))
def test_what_dies_as_it_starts_is_tried_a_few_times_and_then_now_and_then(lives: list[float]) -> None:
    found = waits(lives)
    assert found[:4] == [0.0, 0.0, 1.0, 5.0]
    # It starts a dozen times a minute at most, and comes back at once after one that lived.
    assert sum(found[4:]) >= 4.0 * len(found[4:])
    assert waits([*lives, 30.0])[-1] == 0.0


@given(st.lists(st.floats(0.0, 1.0), min_size=10, max_size=50))
def test_a_spare_that_dies_as_it_starts_costs_little(lives: list[float]) -> None:
    found = waits(lives, spare._BACKOFF_S, spare._FORGIVEN_S)
    assert found == sorted(found) or min(found[4:]) >= 10.0
