"""What was sent is kept by time and size, and goes out again once within half a round-trip."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.media.sending.sent_packets import (
    LEAST_PAUSE_S,
    MAX_KEPT_BYTES,
    PAUSE_SHARE,
    RESENDABLE_S,
    SentPacket,
    SentPackets,
)


def sent_packet(number: int, at: float, size: int = 1200) -> SentPacket:
    return SentPacket(number, 0, False, 96, bytes(size), at)


@given(st.lists(st.tuples(st.floats(0, 0.5), st.integers(0, 60_000)), max_size=120), st.integers(0, 65_535))
def test_what_is_kept_is_the_newest_within_time_and_size(steps, first):
    packets, sent, now = SentPackets(), [], 0.0
    for index, (pause, size) in enumerate(steps):
        now += pause
        sent.append(sent_packet((first + index) % 65_536, now, size))
        packets.keep(sent[-1])
    kept = [each for each in sent if packets.asked(each.number) is each]
    assert len(packets) == len(kept) and kept == sent[len(sent) - len(kept) :]
    assert sum(len(each.payload) for each in kept) <= MAX_KEPT_BYTES
    assert all(now - each.at <= RESENDABLE_S for each in kept)
    if len(kept) < len(sent):  # and not one more would have had its place
        more = sent[-len(kept) - 1 :]
        too_large = sum(len(each.payload) for each in more) > MAX_KEPT_BYTES
        assert too_large or now - more[0].at > RESENDABLE_S


def test_three_megabits_reach_back_further_than_browsers_ask():
    packets = SentPackets()
    for number in range(3000):  # 300 a second
        packets.keep(sent_packet(number, number / 300))
    assert packets.again(3000 - 450, 0.15, 10.0) is not None  # 1.5 s ago
    assert packets.again(1000, 0.15, 10.0) is None


def test_numbers_that_have_come_round_take_the_place_of_the_old_ones():
    packets = SentPackets()
    packets.keep(sent_packet(7, 0.0))
    packets.keep(sent_packet(7, 0.1, size=5))
    assert len(packets) == 1
    again = packets.again(7, None, 0.2)
    assert again is not None and len(again.payload) == 5


@given(st.one_of(st.none(), st.floats(0, 1)), st.lists(st.floats(0, 0.2), min_size=1, max_size=60))
def test_one_packet_goes_out_at_once_and_then_not_twice_within_half_a_round_trip(round_trip_s, pauses):
    packets, now, sent_at = SentPackets(), 0.0, []
    packets.keep(sent_packet(1, 0.0))
    for asked in range(len(pauses)):
        now += pauses[asked] if asked else 0.0
        if packets.again(1, round_trip_s, now) is not None:
            sent_at.append(now)
    pause = max(LEAST_PAUSE_S, PAUSE_SHARE * (round_trip_s or 0.0))
    assert sent_at[0] == 0.0
    assert all(b - a >= pause for a, b in pairwise(sent_at))
    assert now - sent_at[-1] < pause or sent_at[-1] == now
