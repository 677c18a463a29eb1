"""Encoders: what a decoder, the standard's table and a byte-wise reader of Annex B say about them."""

import subprocess
import sys
from typing import Any

import av
import numpy as np
import pytest

from avatar_rtc.errors import InputError
from avatar_rtc.media.encode import MAX_SLICE_BYTES, create_encoder
from avatar_rtc.stream.levels import default_bitrate_bps, h264_level

CODECS = ("h264", "vp8")
SPS, PPS, IDR = 7, 8, 5


def nal_units(data: bytes) -> list[bytes]:
    """The NAL units of an Annex B stream, without start codes."""
    return [unit.rstrip(b"\0") for unit in data.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]]


def kinds(data: bytes) -> list[int]:
    return [unit[0] & 31 for unit in nal_units(data)]


def decode(codec: str, packets: list[bytes]) -> list[av.VideoFrame]:
    decoder: Any = av.CodecContext.create(codec, "r")
    frames = [frame for data in packets for frame in decoder.decode(av.Packet(data))]
    return frames + decoder.decode(None)


def run(encoder, pictures, pts=None, keys=()):
    """One (bytes, is key) per picture."""
    out = []
    for n, picture in enumerate(pictures):
        packets = encoder.encode(picture, pts[n] if pts else n * 3000, n in keys)
        assert len(packets) == 1, "no delay: a packet for every picture"
        out += packets
    return out


@pytest.mark.parametrize("codec", CODECS)
def test_picture_survives(tools, codec):
    pictures = [tools.moving_picture(n, 256, 512) for n in range(20)]
    out = run(create_encoder(codec, 256, 512, 30), pictures)
    frames = decode(codec, [data for data, _ in out])
    assert len(frames) == 20
    for picture, frame in list(zip(pictures, frames, strict=True))[5:]:
        error = picture.astype(float) - frame.to_ndarray(format="yuv420p")
        assert 10 * np.log10(255**2 / np.mean(error**2)) > 33


@pytest.mark.parametrize("codec", CODECS)
def test_keyframes_come_when_asked_for_and_not_again(tools, codec):
    pictures = [tools.moving_picture(n) for n in range(30)]
    out = run(create_encoder(codec, tools.WIDTH, tools.HEIGHT, 30), pictures, keys=(7, 20))
    assert [n for n, (_, key) in enumerate(out) if key] == [0, 7, 20]


@pytest.mark.parametrize("codec", CODECS)
def test_decoding_can_start_at_a_keyframe(tools, codec):
    pictures = [tools.moving_picture(n) for n in range(12)]
    out = run(create_encoder(codec, tools.WIDTH, tools.HEIGHT, 30), pictures, keys=(6,))
    assert len(decode(codec, [data for data, _ in out[6:]])) == 6


@pytest.mark.parametrize("codec", CODECS)
def test_a_keyframe_every_ten_seconds_of_pts(tools, codec):
    pts = [n * 90_000 for n in range(25)]
    out = run(create_encoder(codec, tools.WIDTH, tools.HEIGHT, 30), [tools.picture()] * 25, pts)
    assert [n for n, (_, key) in enumerate(out) if key] == [0, 10, 20]


@pytest.mark.parametrize("codec", CODECS)
def test_uneven_frame_times(tools, codec):
    pts = [0, 1, 3000, 12_345, 90_000 * 5, 90_000 * 5 + 1500]
    out = run(create_encoder(codec, tools.WIDTH, tools.HEIGHT, 30), [tools.picture()] * 6, pts)
    assert len(decode(codec, [data for data, _ in out])) == 6


def test_parameter_sets_stand_before_every_idr(tools):
    pictures = [tools.moving_picture(n) for n in range(12)]
    for data, key in run(create_encoder("h264", tools.WIDTH, tools.HEIGHT, 30), pictures, keys=(5, 9)):
        found = [kind for kind in kinds(data) if kind in (SPS, PPS, IDR)]
        assert found == ([SPS, PPS, IDR] if key else [])
        assert len([kind for kind in kinds(data) if kind in (1, IDR)]) == 1, "one slice"


@pytest.mark.parametrize(("width", "height"), [(128, 256), (512, 1024)])
def test_whole_nals_fit_into_packets_and_cost_little(tools, width, height):
    pictures = [tools.moving_picture(n, width, height) for n in range(6)]
    plain, bounded = (
        run(create_encoder("h264", width, height, 30, whole_nals=each), pictures, keys=(3,))
        for each in (False, True)
    )
    assert max(len(unit) for data, _ in bounded for unit in nal_units(data)) <= MAX_SLICE_BYTES
    assert sum(len(data) for data, _ in bounded) < 1.2 * sum(len(data) for data, _ in plain)
    assert len(decode("h264", [data for data, _ in bounded])) == 6


@pytest.mark.parametrize(("width", "height", "level"), [(512, 1024, 31), (1280, 720, 31), (1920, 1080, 40)])
def test_sps_says_constrained_baseline_and_the_level(tools, width, height, level):
    (data, _), *_ = run(create_encoder("h264", width, height, 30), [tools.picture(width, height)])
    sps = nal_units(data)[0]
    profile_idc, constraints, level_idc = sps[1:4]
    assert (profile_idc, constraints & 0x40, level_idc) == (66, 0x40, level)


def test_vui_says_bt601_limited(tools):
    (data, _), *_ = run(create_encoder("h264", 128, 256, 30), [tools.picture()])
    frame, *_ = decode("h264", [data])
    # AVCOL_RANGE_MPEG, and SMPTE 170M as matrix, primaries and transfer.
    assert (frame.color_range, frame.colorspace, frame.color_primaries, frame.color_trc) == (1, 6, 6, 6)


@pytest.mark.parametrize(
    ("size", "fps", "level"),
    [
        # Known operating points of the standard (H.264 table A-6) and the edges of its table A-1.
        ((512, 1024), 30, "3.1"),
        ((1280, 720), 30, "3.1"),
        ((1280, 720), 60, "3.2"),
        ((1920, 1080), 30, "4.0"),
        ((1024, 2048), 30, "4.0"),
        ((1920, 1080), 60, "4.2"),
        ((2048, 2048), 30, "5.0"),
        ((3840, 2160), 30, "5.1"),
        ((16, 4096), 30, "4.0"),
        ((16, 4112), 30, "4.2"),
        ((16, 4224), 30, "5.0"),
    ],
)
def test_levels(size, fps, level):
    assert h264_level(*size, fps, 1_000_000) == level


@pytest.mark.parametrize(("width", "height", "fps"), [(3840, 2160, 60), (8192, 4096, 1), (16, 16384, 1)])
@pytest.mark.parametrize("codec", CODECS)
def test_beyond_level_5_1_is_refused(codec, width, height, fps):
    with pytest.raises(InputError, match=r"level 5\.1"):
        create_encoder(codec, width, height, fps)


@pytest.mark.parametrize("size", [(511, 512), (512, 511), (8, 8)])
def test_odd_sides_are_refused(size):
    with pytest.raises(InputError, match="even sides"):
        create_encoder("h264", *size, 30)


@pytest.mark.parametrize("codec", CODECS)
def test_rate_is_kept_and_keyframes_are_small(codec):
    noise = np.random.default_rng(0)
    width, height, bitrate = 256, 256, 1_000_000
    pictures = [noise.integers(90, 160, (height * 3 // 2, width), dtype=np.uint8) for _ in range(60)]
    out = run(create_encoder(codec, width, height, 30, bitrate), pictures, keys=(30,))
    sizes = [len(data) for data, _ in out]
    # Noise is the worst there is: the rate may be missed by little, and a burst stays under half a second.
    assert sum(sizes[15:]) * 8 / 1.5 < 1.25 * bitrate
    assert sizes[30] * 8 < 0.5 * bitrate


def test_default_bitrate():
    assert default_bitrate_bps(512, 1024, 30) == 1_800_000


def test_the_worker_gets_no_aiortc():
    code = "import sys, avatar_rtc.media.encode; sys.exit('aiortc' in sys.modules or 'aioice' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
