"""Keyframes are known by their packets, as aiortc's own senders cut them."""

from fractions import Fraction

import av
import numpy as np
import pytest
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import Vp8Encoder
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.media.receiving.keyframes import key_part

SPS, PPS, IDR, SLICE, AUD = 0x67, 0x68, 0x65, 0x41, 0x09


@pytest.mark.parametrize(
    ("payload", "part"),
    [
        ([SPS, 66], "head"),
        ([PPS, 1], ""),
        ([IDR, 1], "picture"),
        ([SLICE, 1], ""),
        ([0x78, 0, 2, SPS, 1, 0, 2, PPS, 1], "head"),
        ([0x78, 0, 2, AUD, 1, 0, 3, SPS, 1, 2], "head"),
        ([0x78, 0, 2, PPS, 1, 0, 3, IDR, 1, 2], "picture"),
        ([0x7C, 0x85, 1], "picture"),
        ([0x7C, 0x05, 1], ""),
        ([0x7C, 0x45, 1], ""),
        ([0x7C, 0x81, 1], ""),
    ],
)
def test_h264(payload, part):
    assert key_part("H264", bytes(payload)) == part


@pytest.mark.parametrize("codec", ["H264", "VP8", "VP9"])
@given(payload=st.binary(max_size=40))
def test_whatever_comes_is_read(codec, payload):
    assert key_part(codec, payload) in ("", "head", "picture")


@pytest.mark.parametrize(("codec", "encoder"), [("VP8", Vp8Encoder), ("H264", H264Encoder)])
def test_what_aiortc_sends(codec, encoder):
    sender, noise = encoder(), np.random.default_rng(1)
    for number in range(4):
        pixels = noise.integers(0, 255, (96, 128, 3), np.uint8)
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = 3_000 * number, Fraction(1, 90_000)
        payloads, _ = sender.encode(frame, force_keyframe=number == 2)
        parts = [key_part(codec, payload) for payload in payloads]
        is_key = number in (0, 2)
        assert (parts[0] == "head") == is_key
        assert is_key or not any(parts)
