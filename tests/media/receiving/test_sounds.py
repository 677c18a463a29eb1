"""Every block has its turn: at once if it is there, after a bounded wait if not."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.media.receiving.sounds import MAX_CONCEALED, MAX_WAIT_S, REORDER_S, Block, SoundBuffer

SPAN = 960
COPY = b"copy"


def create_buffer(rtt_s: float = 0.06) -> SoundBuffer:
    return SoundBuffer(lambda: rtt_s, lambda data: data.startswith(COPY), lambda data: SPAN)


def added(buffer: SoundBuffer, number: int, now: float, data: bytes = COPY) -> list[Block]:
    return buffer.add(number, number * SPAN, data, now)


def test_what_is_in_order_waits_for_nothing():
    buffer = create_buffer()
    for number in range(5, 50):
        assert added(buffer, number, number / 50) == [Block(number * SPAN, COPY)]
        assert buffer.due is None


def test_an_overtaken_block_is_neither_lost_nor_late():
    buffer = create_buffer()
    added(buffer, 1, 0.0)
    assert added(buffer, 3, 0.02) == []
    assert [each.timestamp for each in added(buffer, 2, 0.03)] == [2 * SPAN, 3 * SPAN]
    assert added(buffer, 2, 0.04) == [], "a second one of the same"


def test_a_lost_one_is_mended_from_the_next_when_it_could_not_have_been_overtaken():
    buffer = create_buffer()
    added(buffer, 1, 0.0)
    added(buffer, 3, 0.02)
    assert buffer.due == pytest.approx(0.02 + REORDER_S)
    assert buffer.overdue(0.02 + REORDER_S - 1e-6) == []
    found = buffer.overdue(0.02 + REORDER_S)
    assert found == [Block(2 * SPAN, None, COPY), Block(3 * SPAN, COPY)]


@pytest.mark.parametrize(("number", "data"), [(3, b"none"), (4, COPY)])
@pytest.mark.parametrize(
    ("rtt_s", "waits_s"), [(0.06, 0.115), (0.15, 0.2275), (0.25, MAX_WAIT_S), (0.4, REORDER_S)]
)
def test_what_the_next_cannot_mend_waits_for_its_repair_if_that_can_be_in_time(number, data, rtt_s, waits_s):
    buffer = create_buffer(rtt_s)
    added(buffer, 1, 0.0)
    added(buffer, number, 0.1, data)
    assert buffer.due == pytest.approx(0.1 + waits_s)


def test_of_several_lost_the_last_is_mended():
    buffer = create_buffer()
    added(buffer, 1, 0.0)
    added(buffer, 5, 0.1)
    found = buffer.overdue(1.0)
    assert [each.timestamp // SPAN for each in found] == [2, 3, 4, 5]
    assert [each.following for each in found[:3]] == [None, None, COPY]


def test_what_the_sender_left_out_is_not_made_up():
    buffer = create_buffer()
    added(buffer, 1, 0.0)
    assert buffer.add(2, 20 * SPAN, COPY, 0.02) == [Block(20 * SPAN, COPY)]
    assert buffer.add(4, 21 * SPAN, COPY, 0.04) == []
    assert buffer.overdue(1.0) == [Block(21 * SPAN, COPY)], "there is no time for the lost one"


def test_a_long_gap_is_filled_at_its_end_and_a_leap_not_at_all():
    buffer = create_buffer()
    added(buffer, 1, 0.0)
    added(buffer, 201, 4.0)
    found = buffer.overdue(5.0)
    assert len(found) == MAX_CONCEALED + 1 and found[-2].timestamp == 200 * SPAN
    assert added(buffer, 30_000, 6.0) == [Block(30_000 * SPAN, COPY)]


def test_times_wrap():
    buffer = create_buffer()
    for number in (1, 3):
        buffer.add(number, (2**32 - SPAN + (number - 1) * SPAN) % 2**32, COPY, 0.0)
    assert [each.timestamp for each in buffer.overdue(1.0)] == [0, SPAN]


@given(st.integers(0, 10_000), st.floats(0.0, 0.4), st.floats(0.0, 0.12), st.floats(0.01, 0.6))
def test_whatever_is_lost_every_block_comes_once_and_in_time(seed, loss, jitter_s, rtt_s):
    """Played through with a clock of its own: nothing waits longer than it may."""
    chance, buffer = random.Random(seed), create_buffer(rtt_s)
    sent = [(number / 50 + jitter_s * chance.random(), number) for number in range(1, 120)]
    arrivals = sorted(sent[:1] + [each for each in sent[1:] if chance.random() >= loss])
    first = arrivals[0][1]
    out: list[Block] = []
    waited, held_since = 0.0, None
    for now, number in arrivals:
        while (due := buffer.due) is not None and due <= now:
            out += buffer.overdue(due)
        out += added(buffer, number, now)
        held_since = (held_since if held_since is not None else now) if buffer.due else None
        waited = max(waited, now - held_since if held_since is not None else 0.0)
        assert buffer.due is None or buffer.due <= now + MAX_WAIT_S
    numbers = [each.timestamp // SPAN for each in out]
    assert numbers == list(range(first, first + len(numbers)))
