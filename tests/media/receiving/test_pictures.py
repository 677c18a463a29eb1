"""Pictures come whole and in order; behind a gap a keyframe, and nothing that needs what was lost."""

import random

from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.media.receiving.keyframes import KeyPart
from avatar_rtc.media.receiving.pictures import MAX_HELD, PictureBuffer, VideoPacket, Whole


def stream(sizes: list[int], keys: set[int], first: int = 100) -> list[VideoPacket]:
    """Packets of pictures of so many packets each; those in `keys` are keyframes."""
    packets: list[VideoPacket] = []
    for picture, size in enumerate(sizes):
        for i in range(size):
            part: KeyPart = "head" if i == 0 and picture in keys else ""
            data = bytes([picture % 256, i])
            packets.append(VideoPacket(first + len(packets), 3_000 * picture, i == size - 1, data, part))
    return packets


def whole(packets: list[VideoPacket], picture: int) -> Whole:
    timestamp = 3_000 * picture
    return Whole(timestamp, b"".join(each.data for each in packets if each.timestamp == timestamp))


def fed(buffer: PictureBuffer, packets: list[VideoPacket]) -> list[Whole]:
    return [found for packet in packets for found in buffer.add(packet)]


@given(st.lists(st.integers(1, 6), min_size=1, max_size=20), st.integers(0, 1_000))
def test_shuffled_within_reach_all_pictures_come_in_order(sizes, seed):
    packets = stream(sizes, {0})
    chance = random.Random(seed)
    shuffled = sorted(packets, key=lambda packet: packet.number + 4 * chance.random())
    buffer = PictureBuffer()
    assert fed(buffer, shuffled) == [whole(packets, i) for i in range(len(sizes))]
    assert not buffer.is_missing and buffer.skipped == 0


def test_a_picture_is_whole_with_its_last_packet():
    buffer = PictureBuffer()
    first, second = stream([2], {0})
    assert buffer.add(first) == [] and not buffer.is_missing
    assert len(buffer.add(second)) == 1


def test_without_markers_it_is_whole_with_the_next():
    packets = [
        VideoPacket(each.number, each.timestamp, False, each.data, each.part) for each in stream([2, 1], {0})
    ]
    assert fed(PictureBuffer(), packets) == [whole(packets, 0)]


def test_behind_a_gap_all_wait_and_come_together_when_it_is_mended():
    packets = stream([1, 2, 1, 3], {0})
    buffer = PictureBuffer()
    lost = packets.pop(2)
    assert [each.timestamp for each in fed(buffer, packets)] == [0] and buffer.is_missing
    assert [each.timestamp for each in buffer.add(lost)] == [3_000, 6_000, 9_000]
    assert not buffer.is_missing


def test_a_whole_keyframe_behind_the_gap_is_gone_to():
    packets = stream([1, 2, 1, 3, 1], {0, 3})
    buffer = PictureBuffer()
    lost = packets[2]
    seen = fed(buffer, [each for each in packets if each is not lost])
    assert [each.timestamp // 3_000 for each in seen] == [0, 3, 4]
    assert buffer.skipped == 1 and buffer.add(lost) == []


def test_a_keyframe_with_a_hole_is_not():
    packets = stream([1, 2, 1, 3, 1], {0, 3})
    buffer = PictureBuffer()
    lost = [packets[2], packets[5]]
    assert len(fed(buffer, [each for each in packets if each not in lost])) == 1
    assert [each.timestamp // 3_000 for each in buffer.add(lost[1])] == [3, 4]


def test_it_begins_with_a_keyframe():
    packets = stream([2, 1, 2, 1], {2})
    buffer = PictureBuffer()
    assert fed(buffer, packets[1:3]) == [] and buffer.is_missing
    assert [each.timestamp // 3_000 for each in fed(buffer, packets[3:])] == [2, 3]
    assert buffer.skipped == 0


def test_a_slice_is_a_beginning_only_if_nothing_of_its_picture_came_before():
    parameters, slice_ = 104, 105
    before = VideoPacket(103, 0, False, b"p", "")
    known = [before, VideoPacket(104, 3_000, True, b"i", "picture")]
    assert [each.data for each in fed(PictureBuffer(), known)] == [b"i"]
    unknown = [before, VideoPacket(slice_, 3_000, True, b"i", "picture")]
    assert fed(PictureBuffer(), unknown) == [] and parameters not in {each.number for each in unknown}


def test_padding_is_no_picture():
    packets = [
        *stream([1], {0}),
        VideoPacket(101, 0, False, b"", ""),
        VideoPacket(102, 3_000, True, b"x", ""),
    ]
    assert [each.data for each in fed(PictureBuffer(), packets)] == [b"\0\0", b"x"]


def test_without_a_keyframe_it_goes_on_when_it_is_full():
    packets = stream([1] * (MAX_HELD + 10), set())
    assert len(fed(PictureBuffer(), packets)) == len(packets)
    buffer = PictureBuffer()
    later = stream([1] * (MAX_HELD + 10), {0})
    del later[3]
    assert len(fed(buffer, later)) == len(later)


def test_another_stream_begins_with_its_keyframe():
    buffer = PictureBuffer()
    fed(buffer, stream([1, 1, 1], {0}))
    packets = stream([1, 1, 2], {1}, first=30_000)
    assert fed(buffer, packets) == [whole(packets, 1), whole(packets, 2)]


@given(st.lists(st.integers(1, 5), min_size=2, max_size=30), st.sets(st.integers(1, 29)), st.data())
def test_whatever_is_lost_what_comes_needs_nothing_that_did_not(sizes, keys, data):
    packets = stream(sizes, {0, *keys})
    lost = data.draw(st.sets(st.sampled_from(packets), max_size=10))
    seen = fed(PictureBuffer(), [each for each in packets if each not in lost])
    numbers = [each.timestamp // 3_000 for each in seen]
    assert numbers == sorted(set(numbers))
    assert all(found == whole(packets, number) for found, number in zip(seen, numbers, strict=True))
    for before, number in zip([None, *numbers], numbers, strict=False):
        assert number in {0, *keys} or before == number - 1
