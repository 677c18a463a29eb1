"""The law of sizes, with made-up loads in numbers: no frame is lost where a size fits, and it never flaps."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_rtc.control.settings import SizeWanted
from avatar_rtc.render.portrait import PICTURE_PX, SIZE
from avatar_rtc.worker.sizing import (
    LOWER_AFTER_S,
    LOWER_AT,
    RAISE_BELOW,
    SETTLES_S,
    SizeFooting,
    SizeLoad,
    covering_side,
    kept_size,
    next_size,
    predicted_ms,
    sides_up_to,
)

STEP_S = 0.25
MOST_MOVES = 9
"""In a minute: four up within 44 s, and four down again; or alternately, each time after twice the wait."""


@dataclass(frozen=True)
class Weather:
    """What a frame costs for a while: ms at any size, ms for each square of 512 px, and others' share."""

    seconds: float
    constant: float
    by_area: float
    busy: float = 0.0

    def load(self, side: int, frame_ms: float) -> SizeLoad:
        cost = self.constant + self.by_area * (side / SIZE) ** 2
        share = self.busy + cost / frame_ms
        return SizeLoad(cost, frame_ms, self.busy, lost=int(share > 1))


@dataclass(frozen=True)
class Stood:
    """Where the law stood at a moment, and what that took of the thread."""

    t: float
    side: int
    share: float


def lived(
    begun: int, weathers: Sequence[Weather], frame_ms: float, sides: Sequence[int] = PICTURE_PX
) -> list[Stood]:
    """What becomes of an avatar that begins at a size."""
    footing, now, found = SizeFooting(begun, 0.0), 0.0, []
    for weather in weathers:
        for _ in range(round(weather.seconds / STEP_S)):
            now += STEP_S
            load = weather.load(footing.side, frame_ms)
            found.append(Stood(now, footing.side, load.share(load.cost_ms)))
            footing = next_size(footing, sides, load, now)
    return found


def moves(lives: Sequence[Stood]) -> list[float]:
    return [after.t for before, after in pairwise(lives) if before.side != after.side]


FRAME_MS = st.sampled_from([1000 / fps for fps in (10, 25, 30, 60)])
SHARES = st.floats(0.0, 2.0)


@given(FRAME_MS, st.floats(0.0, LOWER_AT - 0.01), st.floats(0.0, 1.0), st.sampled_from([0.0, 0.2]))
@settings(max_examples=30)
def test_on_a_cpu_no_frame_is_ever_lost_where_the_least_size_fits(
    frame_ms: float, share: float, constant: float, busy: float
) -> None:
    """Whatever of it is constant: the forecast from a single size errs by less than there is room for."""
    own = max(0.0, share - busy) * frame_ms
    lives = lived(SIZE, [Weather(120.0, own * constant, own * (1 - constant), busy)], frame_ms)
    assert all(stood.share <= 1 for stood in lives)
    assert len(moves(lives)) <= len(PICTURE_PX) - 1 and lives[-1].share <= LOWER_AT
    assert [stood.side for stood in lives] == sorted(stood.side for stood in lives), "it never goes back"


@given(FRAME_MS, SHARES, SHARES)
@settings(max_examples=30)
def test_one_that_begins_with_all_it_has_comes_down_to_what_fits(
    frame_ms: float, constant: float, by_area: float
) -> None:
    weather = Weather(60.0, constant * frame_ms, by_area * frame_ms / 16)
    lives = lived(PICTURE_PX[-1], [weather], frame_ms)
    settled = [stood for stood in lives if stood.t > 4 * (SETTLES_S + LOWER_AFTER_S + 2 * STEP_S)]
    fits = [
        side
        for side in PICTURE_PX
        if weather.load(side, frame_ms).share(weather.load(side, frame_ms).cost_ms) <= 0.8
    ]
    if fits:
        assert all(stood.share <= 1 for stood in settled) and settled[0].side == fits[-1]
    else:
        assert {stood.side for stood in settled} == {SIZE}


@given(
    st.sampled_from(PICTURE_PX),
    FRAME_MS,
    st.lists(st.builds(Weather, st.floats(0.5, 40.0), st.floats(0, 60), st.floats(0, 30), st.floats(0, 0.9))),
)
@settings(max_examples=30)
def test_it_never_flaps(begun: int, frame_ms: float, weathers: list[Weather]) -> None:
    changed = moves(lived(begun, weathers, frame_ms))
    for first, later in zip(changed, changed[MOST_MOVES:], strict=False):
        assert later - first > 60


def test_one_that_cannot_keep_a_size_waits_twice_as_long_for_each_try() -> None:
    """A load that comes whenever it is large: what the measured costs do not foretell."""
    footing, now, raised = SizeFooting(SIZE, 0.0), 0.0, []
    while now < 600:
        now += STEP_S
        before = footing.side
        lost = int(before > SIZE)
        footing = next_size(before=footing, sides=PICTURE_PX, load=SizeLoad(1.0, 33.0, lost=lost), now=now)
        raised += [now] if footing.side > before else []
    waits = [after - before for before, after in pairwise(raised)]
    assert all(after >= 1.7 * before for before, after in pairwise(waits[:4])) and len(raised) <= 8


@given(st.sampled_from([(a, b, c) for a, b, c in product(PICTURE_PX, repeat=3) if a < b]),
       st.floats(0, 50), st.floats(0, 50))  # fmt: skip
def test_two_measured_sizes_foretell_a_third(
    sides: tuple[int, int, int], constant: float, by_area: float
) -> None:
    low, high, asked = sides

    def cost(side: int) -> float:
        return constant + by_area * (side / SIZE) ** 2

    found = predicted_ms({low: cost(low), high: cost(high)}, asked)
    assert found == pytest.approx(max(cost(asked), cost(low) if asked < low else 0.0), abs=1e-6)


def test_a_size_that_was_asked_for_stays_and_tells_what_it_loses() -> None:
    footing, heavy, light = SizeFooting(2048, 0.0), SizeLoad(80.0, 33.0, lost=2), SizeLoad(5.0, 33.0)
    for n in range(1, 20):
        footing = kept_size(footing, heavy, n * STEP_S)
    assert footing.side == 2048 and footing.loses
    footing = kept_size(footing, light, 10.0)
    assert footing.side == 2048 and not footing.loses


def test_less_to_choose_from_counts_at_once() -> None:
    assert next_size(SizeFooting(2048, 0.0), (512, 768), SizeLoad(1.0, 33.0), 0.1).side == 768


def test_sizes_are_those_that_can_be_asked_for() -> None:
    wanted = [size for each in get_args(SizeWanted) for size in (get_args(each) or (each,)) if size != "auto"]
    assert tuple(wanted) == PICTURE_PX and RAISE_BELOW < LOWER_AT
    for px in range(1, 3000, 7):
        assert sides_up_to(px)[-1] == covering_side(px) and sides_up_to(px)[0] == SIZE
