"""What is lost twice counts, once each; what is merely overtaken does not."""

import random

from avatar_rtc.media.unrepaired import ASKED_AGAIN_S, MOST_ASKED, Unrepaired

ROUND_TRIP_S = 0.06


def test_what_packets_overtake_does_not_count_however_much_it_is():
    unrepaired = Unrepaired(1.0)
    for second in range(20):
        unrepaired.asked(tuple(range(40 * second, 40 * second + 30)), float(second))
        unrepaired.asked(tuple(range(40 * second, 40 * second + 30)), second + ASKED_AGAIN_S / 2)
        assert unrepaired.lately(second + 0.5) == 0


def test_each_packet_counts_once_for_as_long_as_it_should():
    unrepaired = Unrepaired(1.0)
    for again in range(6):
        unrepaired.asked((7, 8), ROUND_TRIP_S * again)
    assert [unrepaired.lately(t) for t in (0.3, 1.05, 1.07)] == [2, 2, 0]


def test_of_packets_that_are_lost_by_chance_about_the_square_counts():
    chance, loss, packets = random.Random(19), 0.3, 5_000
    unrepaired = Unrepaired(1e9)
    asked = {n: t for n, t in enumerate(k / 100 for k in range(packets)) if chance.random() < loss}
    requests = []
    for number, t in asked.items():
        while requests.append((t, number)) or chance.random() < loss:
            t += ROUND_TRIP_S
    for t, number in sorted(requests):
        unrepaired.asked((number,), t)
    assert abs(unrepaired.lately(0.0) / packets - loss**2) < 0.02


def test_it_remembers_no_more_than_it_has_to_and_forgives():
    unrepaired = Unrepaired(1.0)
    unrepaired.asked(tuple(range(MOST_ASKED + 1)), 0.0)
    unrepaired.asked((0, MOST_ASKED), 0.1)
    assert unrepaired.lately(0.1) == 1
    unrepaired.forgive()
    assert unrepaired.lately(0.1) == 0
