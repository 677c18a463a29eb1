"""What a viewer may be sent again: a share of what it is sent, however often it asks."""

import random

from avatar_rtc.media.resending import CUT_BYTES, FIRST_BYTES, MOST_SAVED_BYTES, SHARE, ResendShare


def test_a_flood_of_requests_gets_its_share():
    chance, allowance, sent, again = random.Random(1), ResendShare(), 0, 0
    for _ in range(5_000):
        sent += chance.randint(0, 1_000)
        for _ in range(chance.randint(0, 20)):
            size = chance.randint(100, 1_200)
            again += size * allowance.take(size, sent)
    assert 0.98 * SHARE * sent <= again <= SHARE * sent + FIRST_BYTES


def test_usual_losses_are_all_made_good():
    chance, allowance = random.Random(2), ResendShare()
    for n in range(20_000):
        if chance.random() < 0.25:
            assert allowance.take(1_000, 1_000 * (n + 1))


def test_what_is_saved_up_has_a_bound_and_is_cut():
    allowance = ResendShare()
    assert sum(allowance.take(1_000, 10**9) for _ in range(1_000)) == MOST_SAVED_BYTES // 1_000
    allowance = ResendShare()
    allowance.cut()
    assert sum(allowance.take(1_000, 0) for _ in range(1_000)) == CUT_BYTES // 1_000
