"""Which device gets an avatar: the law in numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.server.rendering.placement import UNMEASURED, UNWATCHED, Burden, Load, cost_of, loads

COSTS = st.none() | st.floats(0.0, 2.0)
BURDENS = st.builds(Burden, COSTS, st.booleans())
FLEETS = st.dictionaries(st.sampled_from("abcd"), st.lists(BURDENS, max_size=5), min_size=1)


@given(BURDENS, st.integers(1, 5), st.integers(1, 40))
def test_equal_avatars_are_never_more_than_one_apart(burden, devices, avatars):
    here: dict[str, list[Burden]] = {f"cuda:{n}": [] for n in range(devices)}
    for _ in range(avatars):
        busy = loads(here)
        here[min(here, key=busy.__getitem__)].append(burden)
        counts = [len(each) for each in here.values()]
        assert max(counts) - min(counts) <= 1
        assert counts == sorted(counts, reverse=True), "of equal ones the first"


@given(FLEETS, st.data())
def test_more_to_do_is_never_less_load(fleet, data):
    device = data.draw(st.sampled_from(sorted(fleet)))
    # What is not measured is the mean of the rest, which one more may move.
    known = [[each for each in here if each.cost is not None] for here in fleet.values()]
    fleet = dict(zip(fleet, known, strict=True))
    before = loads(fleet)
    cost, is_watched = data.draw(st.floats(0.0, 2.0)), data.draw(st.booleans())
    after = loads({**fleet, device: [*fleet[device], Burden(cost, is_watched)]})
    assert after[device] > before[device]
    assert all(after[each] == before[each] for each in fleet if each != device)
    assert loads({**fleet, device: [*fleet[device], Burden(cost, True)]})[device] >= after[device]


@given(FLEETS)
def test_what_is_not_measured_is_as_the_others(fleet):
    known = [each.cost for here in fleet.values() for each in here if each.cost is not None]
    usual = sum(known) / len(known) if known else UNMEASURED
    filled = {
        device: [Burden(usual if each.cost is None else each.cost, each.is_watched) for each in here]
        for device, here in fleet.items()
    }
    for device, load in loads(filled).items():
        assert loads(fleet)[device].busy == pytest.approx(load.busy, abs=0.011)


def test_the_load_in_numbers():
    here = {"a": [Burden(0.3, True), Burden(0.1, False)], "b": [Burden(None, True)], "c": []}
    assert loads(here) == {"a": Load(0.35, 2), "b": Load(0.2, 1), "c": Load(0.0, 0)}
    assert loads({"a": [Burden(None, False)]}) == {"a": Load(UNMEASURED * UNWATCHED, 1)}


@given(st.floats(0.0, 50.0), st.floats(0.0, 50.0), st.integers(1, 16), st.floats(1.0, 60.0))
def test_avatars_of_one_batch_take_together_what_the_batch_takes(batch_ms, own_ms, avatars, fps):
    stages = {"pose": batch_ms / 4, "animate": batch_ms * 3 / 4, "layout": own_ms / 2, "encode": own_ms / 2}
    all_of_them = avatars * cost_of(stages, fps, avatars)
    assert all_of_them == pytest.approx((batch_ms + avatars * own_ms) / 1000 * fps)
