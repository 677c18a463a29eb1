"""Frames of mp3 and aac are known by how they follow each other: where FFmpeg cuts them, and nowhere else."""

import io
import time
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from avatar_rtc.errors import InputError
from avatar_rtc.sound.decode import read_sound
from avatar_rtc.sound.format import file_format
from avatar_rtc.sound.mpeg_frames import first_frame, frame_bytes, next_frame
from avatar_rtc.sound.streamed import StreamedSound

BARE = {"write_xing": "0", "id3v2_version": "0"}
WRITTEN = [
    ("libmp3lame", "mp3", rate, kbits)
    for rate, kbits in ((8_000, 8), (11_025, 24), (22_050, 32), (24_000, 160), (32_000, 320), (44_100, 128))
] + [
    ("mp2", "mp2", 24_000, 64),
    ("mp2", "mp2", 48_000, 192),
    ("aac", "adts", 16_000, 32),
    ("aac", "adts", 44_100, 96),
]


def written(codec: str, container: str, rate: int, kbits: int) -> bytes:
    """A second of a tone, as frames alone."""
    tone = (np.sin(np.arange(rate) * 600 * 2 * np.pi / rate) * 9_000).astype(np.int16)
    file = io.BytesIO()
    with av.open(file, "w", format=container, options=BARE if container == "mp3" else {}) as out:
        stream: Any = out.add_stream(codec, rate=rate, layout="mono")
        stream.bit_rate = kbits * 1000
        stream.codec_context.open()
        context = stream.codec_context
        frame = av.AudioFrame.from_ndarray(tone[None], format="s16", layout="mono")
        frame.sample_rate = rate
        resampler = av.AudioResampler(context.format, context.layout, rate, context.frame_size)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize("how", WRITTEN, ids=lambda how: " ".join(map(str, how)))
def test_frames_are_where_ffmpeg_finds_them(how):
    data, at = written(*how), 0
    with av.open(io.BytesIO(data), format={"adts": "aac"}.get(how[1], "mp3")) as file:
        places = [packet.pos for packet in file.demux() if packet.size]
    for place, end in zip(places, [*places[1:], len(data)], strict=True):
        assert at == place and next_frame(data, at) == end
        at += frame_bytes(data[at : at + 6])


@pytest.mark.parametrize("how", WRITTEN[3::4], ids=lambda how: " ".join(map(str, how)))
@given(before=st.binary(max_size=300), cut=st.integers(1, 2_000))
@example(before=b"\xff\xf0]", cut=440)  # as a frame of AAC begins
@example(before=b"\xff\xfb\x90\x00", cut=1)  # and one of mp3
@settings(max_examples=5, deadline=None)
def test_a_sound_that_begins_in_the_middle_of_a_frame_is_heard(how, before, cut):
    data = written(*how)
    assume(
        file_format(before + data[cut:]) is None
    )  # hypothesis knows the marks of other files from our code
    pcm, rate = read_sound(before + data[cut:], 60)
    left = (len(data) - cut) / len(data) * rate
    assert left * 0.85 - 3_000 < len(pcm) < left * 1.1 + 3_000 and np.abs(pcm).max() > 5_000


FOREIGN = {
    "mp3": written(*WRITTEN[3]),
    "aac": written(*WRITTEN[-1]),
    "web page": b"<!doctype html><html><body>502 Bad Gateway</body></html>",
    "JSON": b'{"error": {"message": "quota exceeded"}}',
    "PNG": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
}


@pytest.mark.parametrize("looks", FOREIGN)
@pytest.mark.parametrize("size", [7, 250, 5_000])
def test_a_stream_of_what_is_no_samples_is_told_and_not_heard(looks, size):
    stream, data = StreamedSound(24_000), FOREIGN[looks]
    with pytest.raises(InputError, match=f"this looks like .*{looks}"):
        for at in range(0, len(data), size):
            assert not stream.push(data[at : at + size]).any()
        stream.finish()


@given(st.integers(0, 2**32), st.sampled_from((1, 8, 300, 9_000, 32_767)), st.integers(1, 900))
@settings(max_examples=60, deadline=None)
def test_samples_are_samples_however_they_begin(seed, loud, size):
    pick = np.random.default_rng(seed)
    data = pick.integers(-loud, loud, 4_000).astype("<i2").tobytes()
    stream = StreamedSound(48_000)
    heard = [stream.push(data[at : at + size]) for at in range(0, len(data), size)]
    assert sum(map(len, [*heard, stream.finish()])) == 4_000


@pytest.mark.parametrize("volts", [0, -1, 0x47, 0x4D42, -1025])
def test_a_steady_voltage_is_samples(volts):
    stream = StreamedSound(48_000)
    heard = stream.push(np.full(1_000, volts, "<i2").tobytes())
    assert len(heard) + len(stream.finish()) == 1_000


def test_one_header_alone_is_samples():
    data = FOREIGN["mp3"][:100]
    stream = StreamedSound(48_000)
    assert len(stream.push(data)) + len(stream.finish()) == 50


def test_what_is_full_of_headers_takes_little_time():
    start = time.process_time()
    assert first_frame(b"\xff\xfb\x90\xff" * 2**20) is None
    assert time.process_time() - start < 0.5  # measured: 0.01 s
