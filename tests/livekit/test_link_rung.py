"""Which rung a room gets, of what its links are said to carry."""

import numpy as np

from avatar_rtc.livekit.link_rung import (
    LINK_GROWTH_S,
    LINK_MOST_WAIT_S,
    LINK_WAIT_S,
    LinkFooting,
    next_link_footing,
)

UPPER = 1_500_000.0


def walked(carried, seconds: float, step: float = 0.1):
    """The rungs over time on a link whose estimate is `carried(t, rung)`."""
    footing, found = LinkFooting(moved_at=0.0), []
    for t in np.arange(0.0, seconds, step):
        footing = next_link_footing(footing, carried(t, footing.rung), UPPER, t)
        found.append((t, footing.rung))
    return found


def test_a_good_link_that_begins_as_all_do_never_leaves_the_upper():
    """An estimate begins at 300 kb/s, and grows by 25 % a second."""
    assert {rung for _, rung in walked(lambda t, rung: min(4e6, 300e3 * 1.25**t), 60)} == {"upper"}


def test_one_that_is_short_goes_down_once_the_estimate_had_time_to_grow():
    moves = [t for t, rung in walked(lambda t, rung: 400e3, 20) if rung == "lower"]
    assert LINK_GROWTH_S <= moves[0] <= LINK_GROWTH_S + 2.5


def test_trials_of_a_poor_link_become_rare():
    rungs = walked(lambda t, rung: 250e3, 600)
    ups = [
        t
        for (t, now), (_, before) in zip(rungs[1:], rungs, strict=False)
        if (before, now) == ("lower", "upper")
    ]
    gaps = np.diff(ups)
    assert np.all(gaps >= LINK_WAIT_S) and gaps[-1] >= LINK_MOST_WAIT_S
    share = sum(rung == "upper" for _, rung in rungs) / len(rungs)
    assert share < 0.2


def test_a_link_that_becomes_good_again_stays_up():
    """On the lower rung no estimate exceeds what is sent by half: it never says that more would fit."""
    rungs = walked(lambda t, rung: 250e3 if t < 60 or rung == "lower" else 2e6, 300)
    assert rungs[-1][1] == "upper" and all(rung == "upper" for t, rung in rungs if t > 150)


def test_a_dip_is_no_reason():
    assert {r for _, r in walked(lambda t, rung: 300e3 if 30 < t < 31 else 2e6, 60)} == {"upper"}
