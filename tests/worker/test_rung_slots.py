"""What the slot of each rung encodes of the same pictures: bits, rate, and keyframes that are wanted."""

from functools import cache

import numpy as np
import pytest

from avatar_rtc.stream.frame import Codec, Rendition
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
