"""What the slot of each rung encodes of the same pictures: bits, rate, and keyframes that are wanted."""

from functools import cache

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_rtc.errors import InputError
from avatar_rtc.stream.frame import Codec, Rendition
from avatar_rtc.stream.levels import default_bitrate_bps, encodable_size, h264_level
from avatar_rtc.stream.rungs import take_of
from avatar_rtc.worker.slots import Slot

WIDTH, HEIGHT, SECONDS = 192, 256, 2


@cache
def busy_picture(n: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """The n-th of pictures that always move and have texture."""
    i420 = np.full((height * 3 // 2, width), 128, np.uint8)
    y, x = np.mgrid[:height, :width]
    i420[:height] = 128 + 60 * np.sin((x + 5 * n) / 9) + 50 * np.cos((y - 3 * n) / 11 + x / 17)
    return i420


def encoded(slot: Slot, fps: float, first: int = 0) -> list[tuple[int, int, bool]]:
    """(number of the picture, bytes, is key) of what comes out of so many seconds."""
    return [
        (n, len(data), key)
        for n in range(first, first + round(fps * SECONDS))
        for data, key in slot.encode(busy_picture(n), fps, n / fps)
    ]


@pytest.mark.parametrize("codec", ["h264", "vp8"])
def test_the_lower_rung_takes_less_at_the_same_rate(codec: Codec) -> None:
    found = encoded(Slot(Rendition(codec, "alpha", rung="lower")), 30.0)
    assert [n for n, _, _ in found] == list(range(30 * SECONDS))
    assert [n for n, _, key in found if key] == [0]
    bps = 8 * sum(size for _, size, _ in found) / SECONDS
    upper = encoded(Slot(Rendition(codec, "alpha")), 30.0)
    assert 8 * sum(size for _, size, _ in upper) / SECONDS > 1.5 * bps
    # libvpx takes seconds to find down to so few bits for a picture that moves everywhere.
    assert codec == "vp8" or bps <= 1.25 * take_of("lower", WIDTH, HEIGHT, 30.0).bitrate_bps


def test_it_leaves_pictures_out_where_they_come_too_fast_but_none_that_is_wanted() -> None:
    slot = Slot(Rendition("h264", "alpha", rung="lower"))
    assert take_of("lower", WIDTH, HEIGHT, 60.0).fps == 30.0
    found = encoded(slot, 60.0)
    assert [n for n, _, _ in found] == list(range(0, 60 * SECONDS, 2))
    slot.key_wanted = True
    ((n, _, key), *_) = encoded(slot, 60.0, first=60 * SECONDS - 1)
    assert (n, key) == (60 * SECONDS - 1, True)


def test_a_clock_that_was_set_back_stops_nothing() -> None:
    slot = Slot(Rendition("h264", "alpha", rung="lower"))
    slot.encode(busy_picture(0), 60.0, 1000.0)
    assert slot.encode(busy_picture(1), 60.0, 0.0) != []


def test_what_no_decoder_has_to_take_is_made_smaller_and_told() -> None:
    """2048 x 4096 px are just what level 5.1 has for 30 pictures a second; at 60 they are too many."""
    slot = Slot(Rendition("h264", "alpha"))
    picture = np.full((6144, 2048), 128, np.uint8)
    picture[:2048], picture[2048:4096] = 200, 30
    [(data, key)] = slot.encode(picture, 60.0, 0.0)
    frames = av.CodecContext.create("h264", "r").decode(av.Packet(data))
    luma = frames[0].to_ndarray(format="yuv420p")[:2880]
    assert key and (frames[0].width, frames[0].height) == (1440, 2880)
    assert "reduced to 1440x2880" in slot.described
    # Colour and alpha do not run into each other.
    assert abs(int(luma[1439, 700]) - 200) <= 2 and abs(int(luma[1440, 700]) - 30) <= 2
    slot.close()


@given(st.integers(1, 256), st.integers(1, 512), st.sampled_from([5.0, 25.0, 30.0, 60.0]))
@settings(max_examples=40)
def test_a_size_that_can_be_encoded_has_a_level_and_nearly_the_same_shape(w: int, h: int, fps: float) -> None:
    width, height = 16 * w, 16 * h
    found = encodable_size(width, height, fps)
    h264_level(*found, fps, default_bitrate_bps(*found, fps))
    assert encodable_size(*found, fps) == found and found[0] <= width + 16 and found[1] <= height + 32
    if found != (width, height):
        with pytest.raises(InputError):
            h264_level(width, height, fps, default_bitrate_bps(width, height, fps))
