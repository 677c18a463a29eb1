"""WAVs as they are, against Python's own reader and writer."""

import io
import struct
import wave

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from avatar_rtc.errors import AvatarRtcError, InputError, OutOfRange, TooLarge
from avatar_rtc.sound.decode import read_sound
from avatar_rtc.sound.files import write_sound

RATE = 24_000


def heard(data: bytes) -> tuple[NDArray[np.int16], int]:
    return read_sound(data, 600)


def wav(raw: bytes, rate: int = RATE, channels: int = 1, width: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((channels, width, rate, 0, "NONE", ""))
        out.writeframes(raw)
    return file.getvalue()


def widened(raw: bytes, width: int, channels: int) -> NDArray[np.float64]:
    """What the samples are in the range of 16 bit, and the mean of their channels, by hand."""
    frames = np.frombuffer(raw, np.uint8).reshape(-1, channels, width).astype(np.int64)
    values = (frames << 8 * np.arange(width)).sum(axis=2)
    if width == 1:
        values -= 128
    else:
        values = np.where(values >= 1 << 8 * width - 1, values - (1 << 8 * width), values)
    return (values * 2.0 ** (16 - 8 * width)).mean(axis=1)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000])
def test_any_width_and_both_channels_are_what_they_say(rate: int, width: int, channels: int):
    raw = np.random.default_rng(width).integers(0, 256, 3_000 * width * channels, np.uint8).tobytes()
    pcm, read_rate = heard(wav(raw, rate, channels, width))
    assert read_rate == rate and pcm.dtype == np.int16
    wanted = widened(raw, width, channels)
    assert len(pcm) == len(wanted) and np.abs(pcm - wanted).max() <= (0 if width * channels <= 2 else 1)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(-32_768, 32_767), min_size=1, max_size=3_000), st.sampled_from((8_000, RATE, 48_000))
)
def test_what_is_written_is_read_by_us_and_by_others(samples: list[int], rate: int):
    pcm = np.array(samples, np.int16)
    data = write_sound(pcm, rate, "wav", rate)
    assert np.array_equal(heard(data)[0], pcm)
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, rate)
        assert file.readframes(len(pcm) + 1) == pcm.tobytes()


def test_floats_are_read_and_no_numbers_refused():
    samples = np.linspace(-1, 1, 4_801)
    form = struct.pack("<HHIIHH", 3, 1, RATE, RATE * 4, 4, 32)

    def float_wav(values: NDArray[np.float64]) -> bytes:
        body = values.astype("<f4").tobytes()
        chunks = b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(body)) + body
        return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks

    assert np.abs(heard(float_wav(samples))[0] - samples * 32_768).max() <= 1
    samples[7] = np.nan
    with pytest.raises(InputError, match="no numbers"):
        heard(float_wav(samples))


@pytest.mark.parametrize("length", [0xFFFF_FFFF, 0x7FFF_0000, 0x7FFF_FFFF, 0])
def test_one_that_was_sent_while_it_was_made_is_all_that_is_here(length: int):
    data = bytearray(wav(bytes(range(200)) * 10))
    data[4:8] = data[40:44] = struct.pack("<I", length)
    if length == 0:
        data[4:8] = struct.pack("<I", len(data) - 8)
    assert len(heard(bytes(data))[0]) == 1_000


@given(st.integers(1, 2_043))
@settings(deadline=None)
def test_one_that_is_cut_off_anywhere_is_heard_as_far_as_it_goes(length: int):
    data = wav(bytes(range(200)) * 10)
    if length >= 46:
        assert np.array_equal(heard(data[:length])[0], heard(data)[0][: (length - 44) // 2])
    else:
        with pytest.raises(InputError, match="cut off|not a sound file|no sound"):
            heard(data[:length])


@pytest.mark.parametrize("rate", [1, 100, 3_999, 192_001, 1_000_000])
def test_an_odd_rate_is_refused(rate: int):
    with pytest.raises((OutOfRange, InputError)):
        heard(wav(bytes(2_000), rate))


def test_one_that_is_too_long_is_refused():
    assert len(read_sound(wav(bytes(2 * RATE)), 1.0)[0]) == RATE
    with pytest.raises(TooLarge, match="longer than 1 s"):
        read_sound(wav(bytes(2 * RATE + 2)), 1.0)


@given(st.binary(max_size=200), st.integers(0, 60), st.binary(max_size=8))
@settings(deadline=None)
def test_no_bytes_break_it(tail: bytes, at: int, patch: bytes):
    data = bytearray(wav(bytes(400)) + tail)
    data[at : at + len(patch)] = patch
    try:
        pcm, rate = read_sound(bytes(data), 600)
    except AvatarRtcError:
        return
    assert rate > 0 and pcm.ndim == 1
