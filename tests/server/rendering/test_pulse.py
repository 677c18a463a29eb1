"""When a render worker is noticed and when it is lost, in made-up time."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.link.orders import Beat, Booted, Stats, Up
from avatar_rtc.server.rendering.pulse import (
    BOOTING_S,
    HANG_TIMEOUT_S,
    OPENING_S,
    SILENT_S,
    STOPPED_S,
    STUCK_S,
    Pulse,
)

BOOTED = Booted("cpu", 1.0)
NEVER = float("inf")
Steps = list[tuple[float, Up]]


def idle(now: float) -> float:
    return 5.0


def computing(now: float) -> float:
    return now


def unknown(now: float) -> None:
    return None


def beats(until_s: float, beat: Callable[[float], Beat] = lambda at: Beat()) -> Steps:
    """Every half second from 1 s on, after it has booted."""
    return [(1.0, BOOTED), *((n / 2, beat(n / 2)) for n in range(2, round(2 * until_s) + 1))]


def ends(
    steps: Steps, busy: Callable[[float], float | None] = idle, owes: bool = False
) -> tuple[float, float]:
    """When a worker that says this, and no more, is noticed, and when it is lost."""
    pulse, now, left, noticed = Pulse(0.0), 0.0, list(steps), NEVER
    wake = pulse.look_in(0.0)
    while now < 400:
        if left and left[0][0] <= wake:
            now, message = left.pop(0)
            pulse.hear(message, now)
            continue
        now = wake
        finding = pulse.look(now, owes, busy(now))
        if finding.ailment:
            noticed = min(noticed, now)
        if finding.is_lost:
            return noticed, now
        wake = now + pulse.look_in(now)
        assert wake > now
    return noticed, NEVER


@given(st.floats(5, 16), st.booleans())
def test_one_that_is_stopped_is_noticed_and_a_second_later_lost(at, owes):
    steps = beats(at)
    silent_since = steps[-1][0]
    noticed, lost = ends(steps, owes=owes)
    # A look comes with the end of the silence of the last beat it had seen.
    assert SILENT_S <= noticed - silent_since <= SILENT_S + 0.01
    assert STOPPED_S <= lost - silent_since <= STOPPED_S + 0.01


def test_one_that_computes_may_be_silent_for_longer():
    at = 10.0
    assert ends(beats(at), computing)[1] - at == pytest.approx(HANG_TIMEOUT_S, abs=1.1)
    assert ends(beats(at), unknown)[1] - at == pytest.approx(HANG_TIMEOUT_S, abs=1.1)
    opening = beats(at, lambda now: Beat(opening_s=now))
    assert ends(opening, computing)[1] - at == pytest.approx(OPENING_S, abs=10.1)


def test_one_that_boots_may_be_silent_while_it_imports():
    starting: Steps = [(0.2, Beat())]
    assert HANG_TIMEOUT_S <= ends(starting, idle)[1] <= HANG_TIMEOUT_S + 3
    assert BOOTING_S <= ends(starting, computing)[1] <= BOOTING_S + 5
    assert BOOTING_S <= ends([], computing)[1] <= BOOTING_S + HANG_TIMEOUT_S


@given(st.lists(st.floats(0.1, SILENT_S - 0.1), min_size=1, max_size=100))
def test_one_that_beats_lives(pauses):
    at, steps = 1.0, [(1.0, BOOTED)]
    for pause in pauses:
        at += pause
        steps.append((at, Beat()))
    noticed, lost = ends(steps)
    assert noticed >= at + SILENT_S - 0.01 and lost >= at + STOPPED_S - 0.01


def test_one_that_renders_for_too_long_is_lost_if_somebody_waits():
    stuck = beats(405, lambda at: Beat(rendering_s=max(0.0, at - 100)))
    assert ends(stuck, owes=True)[1] == pytest.approx(HANG_TIMEOUT_S, abs=3.1), "no news since it has booted"
    told: Steps = sorted(
        [*stuck, *((n / 3 + 1, Stats("main", 30.0)) for n in range(1000))], key=lambda step: step[0]
    )
    assert ends(told, owes=True)[1] == pytest.approx(100 + STUCK_S, abs=3.5), "others have pictures"
    assert ends(stuck, owes=False) == (NEVER, NEVER)


def test_one_that_the_machine_does_not_let_compute_has_more_time():
    for share, after in [(0.0, 20), (0.01, 20), (0.1, 120), (0.5, 40), (1.0, 20), (2.0, 20)]:
        lost = ends(beats(405), lambda now, share=share: share * now, owes=True)[1]
        assert 1 + after - 0.1 <= lost <= 1 + after + 7, share
    assert ends(beats(405), unknown, owes=True)[1] == pytest.approx(21, abs=3.1)


def test_one_that_opens_owes_no_pictures_for_two_minutes():
    opening = beats(405, lambda at: Beat(opening_s=max(0.0, at - 5)))
    assert ends(opening, owes=True)[1] == pytest.approx(5 + OPENING_S, abs=3.5)
    assert ends(opening, owes=False)[1] == pytest.approx(5 + OPENING_S, abs=3.5)


def test_one_that_never_beats_is_asked_for_pictures_alone():
    assert ends([(1.0, BOOTED)]) == (NEVER, NEVER)
    assert ends([(1.0, BOOTED)], owes=True)[1] == pytest.approx(1 + HANG_TIMEOUT_S, abs=0.1)


def test_who_was_away_gives_another_period():
    pulse = Pulse(0.0)
    pulse.hear(BOOTED, 1.0)
    pulse.hear(Beat(), 1.5)
    pulse.excuse(60.0)
    assert pulse.look_in(60.0) == SILENT_S
    assert not pulse.look(60.0 + SILENT_S - 0.1, True, 5.0).ailment
    assert pulse.look(60.0 + SILENT_S, True, 5.0).ailment == "the render worker has been silent for 2.5 s"
    assert pulse.look(60.0 + STOPPED_S, True, 5.0).is_lost
