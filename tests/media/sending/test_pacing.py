"""A picture goes out whole and in order, in bursts that no queue has to drop, within half of its time."""

from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.media.sending.pacing import BURST, BURST_PAUSE_S, MAX_SPREAD_S, bursts


@given(st.lists(st.binary(max_size=3), max_size=300))
def test_all_packets_go_out_in_order_and_in_time(payloads):
    pieces = list(bursts(payloads))
    assert [payload for piece, _ in pieces for payload in piece] == payloads
    assert all(0 < len(piece) <= BURST for piece, _ in pieces)
    assert sum(pause for _, pause in pieces) <= MAX_SPREAD_S + 1e-9
    assert [pause > 0 for _, pause in pieces] == [True] * (len(pieces) - 1) + [False] * bool(pieces)
    assert all(pause <= BURST_PAUSE_S for _, pause in pieces)


def test_most_pictures_need_no_timer():
    assert [pause for _, pause in bursts([b""] * BURST)] == [0.0]
