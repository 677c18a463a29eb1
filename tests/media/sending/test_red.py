"""RED as RFC 2198 has it: read back by a reader of its own, and mending what is lost."""

import random

from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.media.sending.red import MAX_COPY_BYTES, MAX_DISTANCE, MAX_OFFSET, MAX_RED_BYTES, Redundancy

SPAN = 960


def blocks_of(red: bytes, timestamp: int) -> list[tuple[int, int, bytes]]:
    """(payload type, RTP time, payload) of each block in a payload of RED, written after RFC 2198."""
    heads, at = [], 0
    while red[at] & 0x80:
        word = int.from_bytes(red[at : at + 4], "big")
        heads.append((word >> 24 & 0x7F, (timestamp - (word >> 10 & 0x3FFF)) % 2**32, word & 0x3FF))
        at += 4
    heads.append((red[at], timestamp, -1))
    at += 1
    found = []
    for kind, time, size in heads:
        end = len(red) if size < 0 else at + size
        found.append((kind, time, red[at:end]))
        at = end
    return found


@given(
    st.lists(st.binary(min_size=1, max_size=1100), min_size=1, max_size=40),
    st.sets(st.integers(1, MAX_DISTANCE), max_size=4),
    st.integers(0, 2**32 - 1),
)
def test_each_payload_holds_its_block_last_and_older_ones_at_their_times(payloads, distances, begin):
    redundancy = Redundancy(111)
    for index, payload in enumerate(payloads):
        timestamp = (begin + index * SPAN) % 2**32
        red = redundancy.add(timestamp, payload, tuple(distances))
        if red is None:
            older = [payloads[index - d] for d in distances if d <= index]
            assert all(
                len(old) > MAX_COPY_BYTES or len(old) + len(payload) + 4 >= MAX_RED_BYTES for old in older
            )
            continue
        *copies, main = blocks_of(red, timestamp)
        assert main == (111, timestamp, payload) and copies
        assert len(red) <= MAX_RED_BYTES or len(payload) > MAX_RED_BYTES
        for kind, time, copy in copies:
            back = ((timestamp - time) % 2**32) // SPAN
            assert kind == 111 and back in distances and copy == payloads[index - back]
        ages = [(timestamp - time) % 2**32 for _, time, _ in copies]
        assert ages == sorted(ages, reverse=True) and all(0 < age <= MAX_OFFSET for age in ages)


def test_nothing_is_put_in_on_a_clean_way_or_from_before_a_leap():
    redundancy = Redundancy(111)
    assert redundancy.add(0, b"a", ()) is None
    assert redundancy.add(SPAN, b"b", ()) is None
    assert redundancy.add(SPAN + MAX_OFFSET + 1, b"c", (1,)) is None
    assert redundancy.add(2 * SPAN, b"d", (1,)) is None, "a clock that went back"


def test_copies_beyond_an_outage_mend_what_it_took():
    chance = random.Random(5)
    payloads = [bytes([n % 251]) * 120 for n in range(4000)]
    for run, distances, most in ((1, (1, 2), 0.003), (4, (1, 5, 10), 0.03)):
        redundancy, have, left = Redundancy(111), set(), 0
        for index, payload in enumerate(payloads):
            red = redundancy.add(index * SPAN, payload, distances)
            left = run if not left and chance.random() < 0.05 / run else left
            left -= (lost := left > 0)
            if not lost:
                blocks = [(111, index * SPAN, payload)] if red is None else blocks_of(red, index * SPAN)
                have |= {time // SPAN for _, time, _ in blocks}
        assert 1 - len(have) / len(payloads) < most
