"""What passes to a link that is narrower than the lower rung: never more than its rate, and never nothing."""

import random

import pytest

from avatar_rtc.media.thinning import KEY_BYTES, PACKET_HEADERS_BYTES, Thinner


@pytest.mark.parametrize("bps", [30_000.0, 60_000.0, 120_000.0, 170_000.0])
def test_it_keeps_to_the_rate_and_never_stops(bps):
    chance, thinner, wanted = random.Random(int(bps)), Thinner(), True
    passed, sent, last, can_decode = [], 0, 0.0, False
    for n in range(30 * 60):
        t, is_key = n / 30, wanted
        size = chance.randint(3_000, 5_500) if is_key else chance.randint(300, 1_200)
        is_through = thinner.passes(size, is_key, t, bps)
        assert not is_through or is_key or can_decode, "nothing without its references"
        can_decode = is_through
        if is_through:
            passed.append(t)
            sent += size + PACKET_HEADERS_BYTES
        wanted = thinner.has_room_for_key(t, bps)
    assert 8 * sent <= 1.02 * (60 * bps + 8 * KEY_BYTES)
    gaps = [b - a for a, b in zip([last, *passed], [*passed, 60.0], strict=True)]
    assert max(gaps) <= 2 * 8 * 5_600 / bps
    assert len(passed) / 60 >= bps / 8 / 5_600


def test_after_a_plea_only_a_keyframe_passes():
    thinner = Thinner()
    assert thinner.passes(1000, True, 0.0, 1e5) and thinner.passes(500, False, 0.1, 1e5)
    thinner.skip()
    assert not thinner.passes(500, False, 0.2, 1e5)
    assert thinner.passes(1000, True, 0.5, 1e5)


def test_what_is_sent_again_counts():
    thinner = Thinner()
    assert thinner.takes(1_000, 0.0, 1e5)
    taken = sum(thinner.takes(1_000, n / 100, 1e5) for n in range(1, 1000))
    assert taken <= 10 * 1e5 / 8 / 1_000 + KEY_BYTES / 1_000 + 3
