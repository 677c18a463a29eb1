"""What takes long is decoded apart, within its time, and gives the same pixels."""

import io
import struct
import threading
import time

import numpy as np
import pytest
from PIL import Image

from avatar_rtc.characters import decoding
from avatar_rtc.characters.image import read_character, read_picture
from avatar_rtc.errors import TooLarge, UnsuitableImage


def file_of(width: int, height: int, kind: str, **options) -> bytes:
    y, x = np.mgrid[:height, :width]
    rgba = np.zeros((height, width, 4), np.uint8)
    rgba[..., 0], rgba[..., 1] = x % 256, y % 256
    rgba[..., 3] = np.where(np.hypot(x - width / 2, y - height / 2) < min(width, height) / 3, 255, 0)
    file = io.BytesIO()
    Image.fromarray(rgba).save(file, kind, **options)
    return file.getvalue()


def huge_qoi(side: int = 8000) -> bytes:
    """64 million pixels in a MB, of a format whose decoder is written in Python."""
    runs = b"\xfd" * (side * side // 62 + 1)
    return b"qoif" + struct.pack(">IIBB", side, side, 4, 0) + runs + bytes(7) + b"\1"


@pytest.mark.parametrize(
    ("kind", "size", "options"),
    [("PNG", (2100, 2000), {}), ("JPEG2000", (640, 600), {"irreversible": False}), ("QOI", (640, 600), {})],
)
def test_the_pixels_are_the_same(monkeypatch, kind, size, options):
    data = file_of(*size, kind, **options)
    with Image.open(io.BytesIO(data)) as image:
        assert decoding.is_slow(image)
    apart = read_character(data), read_picture(data)
    monkeypatch.setattr(decoding, "_HOLDING_PIXELS", 10**9)
    monkeypatch.setattr(decoding, "_QUICK_PIXELS", 10**9)
    for one, other in zip(apart, (read_character(data), read_picture(data)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_small_ones_are_decoded_here(monkeypatch):
    monkeypatch.setattr(decoding.subprocess, "run", None)
    assert read_character(file_of(512, 512, "PNG")).shape == (512, 512, 4)


@pytest.mark.parametrize(
    "make", [huge_qoi, lambda: file_of(2100, 2000, "PNG")[:-5000]], ids=["long", "damaged"]
)
def test_what_takes_too_long_or_is_damaged_is_refused(make):
    data, started = make(), time.monotonic()
    with decoding.decoding_within(1.0), pytest.raises(UnsuitableImage, match="too long|damaged"):
        read_picture(data)
    assert time.monotonic() - started < 10


def test_the_time_is_for_all_together():
    with decoding.decoding_within(-1), pytest.raises(UnsuitableImage, match="too long"):
        read_character(file_of(64, 64, "PNG"))


def test_too_many_pixels_for_the_purpose_are_refused_by_the_header():
    with pytest.raises(TooLarge, match="8000x8000"):
        read_picture(huge_qoi(), 10**6)


def test_other_threads_go_on_meanwhile():
    data, over = file_of(1500, 1500, "JPEG2000"), threading.Event()
    thread = threading.Thread(target=lambda: (read_character(data), over.set()))
    thread.start()
    ticks = 0
    while not over.wait(0.01):
        ticks += 1
    thread.join()
    assert ticks > 5
