import io
import struct
import wave
from typing import Any

import av
import numpy as np
import pytest

from avatar_rtc.errors import InputError, TooLarge
from avatar_rtc.sound.decode import read_sound


def heard(data: bytes, most: float) -> np.ndarray:
    return read_sound(data, most, 48_000)[0]


def tone(rate: int, seconds: float = 0.5, hz: float = 440.0) -> np.ndarray:
    t = np.arange(round(rate * seconds)) / rate
    return (np.sin(2 * np.pi * hz * t) * 12_000).astype(np.int16)


def loudest_hz(pcm: np.ndarray, rate: int = 48_000) -> float:
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm))))
    return float(np.fft.rfftfreq(len(pcm), 1 / rate)[spectrum.argmax()])


def wav(pcm: np.ndarray, rate: int, channels: int = 1, width: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(pcm.tobytes())
    return file.getvalue()


def float_wav(samples: np.ndarray, rate: int) -> bytes:
    body = samples.astype("<f4").tobytes()
    form = struct.pack("<HHIIHH", 3, 1, rate, rate * 4, 4, 32)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def encoded(codec: str, container: str, rate: int = 48_000) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream: Any = out.add_stream(codec, rate=rate, layout="mono")
        stream.codec_context.open()
        resampler = av.AudioResampler(
            format=stream.codec_context.format, layout="mono", rate=rate, frame_size=stream.frame_size or 1024
        )
        frame = av.AudioFrame.from_ndarray(tone(rate, 1.0)[None], format="s16", layout="mono")
        frame.sample_rate = rate
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize(
    ("codec", "container"),
    [("flac", "flac"), ("libmp3lame", "mp3"), ("libopus", "ogg"), ("pcm_s16le", "wav")],
)
def test_files_decode(codec: str, container: str):
    out = heard(encoded(codec, container), 60)
    assert len(out) / 48_000 == pytest.approx(1.0, abs=0.06)
    assert loudest_hz(out) == pytest.approx(440, abs=4)


def test_8_bit_mono_of_8_khz_is_sound():
    pcm = (tone(8_000) // 256 + 128).astype(np.uint8)
    out = heard(wav(pcm, 8_000, width=1), 60)
    assert loudest_hz(out) == pytest.approx(440, abs=4)


def test_stereo_becomes_mono():
    both = np.repeat(tone(48_000), 2)
    assert len(heard(wav(both, 48_000, channels=2), 60)) == 24_000


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"RIFF\0\0\0\0WAVE", bytes(1000), b"\x89PNG\r\n\x1a\n" + bytes(99)]
)
def test_what_is_no_sound_is_refused(data: bytes):
    with pytest.raises(InputError):
        heard(data, 60)


def test_no_samples_are_no_sound():
    with pytest.raises(InputError):
        heard(wav(np.zeros(0, np.int16), 48_000), 60)


def test_a_sound_that_is_too_long_is_refused_while_it_is_read():
    with pytest.raises(TooLarge, match="longer than 2 s"):
        heard(wav(np.zeros(48_000 * 3, np.int16), 48_000), 2.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_refused(bad: float):
    samples = np.sin(np.arange(4_800) / 10)
    samples[777] = bad
    with pytest.raises(InputError, match="no numbers"):
        heard(float_wav(samples, 48_000), 60)


def test_a_truncated_file_is_played_as_far_as_it_goes_or_refused():
    whole = encoded("flac", "flac")
    try:
        out = heard(whole[: len(whole) // 2], 60)
    except InputError as error:
        assert "damaged" in str(error)
    else:
        assert 0 < len(out) < 48_000
