"""Messages on the pipe come back as they went, in pieces of any size; what is out of step is refused."""

import io
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_rtc.control.state import AvatarState
from avatar_rtc.face.cels import CelImage
from avatar_rtc.face.timeline import Timeline
from avatar_rtc.link import pipe as framing
from avatar_rtc.link.orders import Beat, OpenAvatar, Say, SetState, SnapshotTaken
from avatar_rtc.link.pipe import pack, read
from avatar_rtc.stream.frame import EncodedFrame, Rendition

SIZES = st.sampled_from([0, 1, 100, 32 * 1024 - 1, 32 * 1024, 200_000, 3_000_000])


def packed(message) -> bytes:
    return b"".join(pack(message))


@settings(max_examples=40, deadline=None)
@given(SIZES, st.lists(st.tuples(st.integers(1, 512), st.integers(1, 200)), max_size=4), SIZES)
def test_an_avatar_comes_back_as_it_went(picture, cels, student):
    rng = np.random.default_rng(picture + student)
    images = {
        f"cel{n}": CelImage(n, 1, rng.integers(0, 255, (*shape, 4), np.uint8)) for n, shape in enumerate(cels)
    }
    sent = OpenAvatar("main", rng.bytes(picture), 1.5, AvatarState(), cels=images, student=rng.bytes(student))
    got = read(io.BytesIO(packed(sent)).read)
    assert isinstance(got, OpenAvatar) and (got.rgba, got.student) == (sent.rgba, sent.student)
    assert got.cels.keys() == images.keys()
    for name, cel in got.cels.items():
        assert np.array_equal(cel.rgba, images[name].rgba) and cel.rgba.flags.writeable
        assert (cel.rgba.shape, cel.rgba.dtype) == (images[name].rgba.shape, np.uint8)


def test_arrays_in_any_order_and_of_any_kind_come_back():
    for array in (
        np.zeros((300, 400), np.float32).T,
        np.arange(40_000)[::-2],
        np.asfortranarray(np.ones((200, 300))),
    ):
        got = read(
            io.BytesIO(
                packed(OpenAvatar("a", b"", 0.0, AvatarState(), cels={"x": CelImage(0, 0, array)}))
            ).read
        )
        assert np.array_equal(got.cels["x"].rgba, array)


def test_many_messages_lie_behind_each_other():
    messages = [
        Beat(1.5, 0.25),
        SetState("main", AvatarState(intensity=0.5)),
        EncodedFrame("main", Rendition("h264", "alpha"), 3000, True, bytes(70_000)),
        SnapshotTaken(3, bytes(range(256)) * 300),
        Say("main", "s", 0.0, Timeline(1.0, (), (0.5,) * 5000)),
    ] * 3
    source = io.BytesIO(b"".join(packed(message) for message in messages))
    assert [read(source.read) for _ in messages] == messages and read(source.read) is None


def test_an_end_in_the_middle_is_the_end():
    whole = packed(OpenAvatar("a", bytes(100_000), 0.0, AvatarState()))
    for end in [0, 1, 7, 8, 11, 12, 100, 5000, len(whole) - 1]:
        assert read(io.BytesIO(whole[:end]).read) is None


def test_large_bytes_are_not_copied_by_packing():
    picture = bytes(1_000_000)
    assert pack(OpenAvatar("a", picture, 0.0, AvatarState()))[1] is picture


def test_too_much_is_refused_on_both_sides(monkeypatch):
    whole = packed(SnapshotTaken(1, bytes(100_000)))
    monkeypatch.setattr(framing, "MAX_PIPE_BYTES", 90_000)
    with pytest.raises(ValueError, match="bytes on the worker pipe"):
        pack(SnapshotTaken(1, bytes(100_000)))
    with pytest.raises(ValueError, match="bytes on the worker pipe"):
        read(io.BytesIO(whole).read)


def test_noise_raises_or_ends_and_never_takes_memory():
    rng = random.Random(1)
    for _ in range(2000):
        noise = io.BytesIO(rng.randbytes(rng.randrange(8, 64)))
        try:
            assert read(noise.read) is None
        except Exception as error:
            assert not isinstance(error, MemoryError)
