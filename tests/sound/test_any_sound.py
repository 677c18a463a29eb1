"""Whatever a sound is written in, and however it is cut, what is heard is what was written."""

import contextlib
import io
import struct
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from avatar_rtc.errors import InputError
from avatar_rtc.sound.decode import SoundReader, examine, read_sound
from avatar_rtc.sound.resample import resampled
from avatar_rtc.sound.streamed import StreamedSound
from tests.sound.written_sounds import EXACT, KINDS, Dialect, Samples, as_pcm, rate_of, written

SEEDS = st.integers(0, 2**32 - 1)
LATE_S = 0.12
"""What codecs put before and behind."""


def made_up(seed: int, seconds: float, rate: int) -> Samples:
    """Some tones of a voice's pitch, swelling and falling."""
    pick = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    tones = sum(
        np.sin(2 * np.pi * (hz * t + phase)) for hz, phase in pick.uniform((90, 0), (1_400, 1), (4, 2))
    )
    swell = np.interp(t, np.linspace(0, seconds, 9), pick.uniform(0.2, 1.0, 9))
    return np.asarray(tones / 4 * swell * 0.8)


def likeness(heard: NDArray[np.int16], wanted: NDArray[np.int16], most_late: int) -> float:
    """The best correlation of both, over delays within `most_late` samples."""
    size = 1 << (len(heard) + len(wanted)).bit_length()
    a, b = heard.astype(float), wanted.astype(float)
    crossed = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    near = np.concatenate([crossed[: most_late + 1], crossed[-most_late:]])
    return float(near.max() / np.sqrt((a**2).sum() * (b**2).sum()))


@pytest.mark.parametrize("kind", KINDS)
@given(seed=SEEDS, rate=st.sampled_from((16_000, 22_050, 44_100)), layout=st.sampled_from(("mono", "stereo")))
@settings(max_examples=2, deadline=None)
def test_every_kind_of_file_is_heard_as_it_was_written(kind: str, seed: int, rate: int, layout: str):
    rate = rate_of(kind, rate)
    samples = made_up(seed, 0.8, rate)
    data = written(samples, rate, kind, layout)
    pcm, own_rate = read_sound(data, 60)
    assert own_rate == rate or kind in ("aac",)
    if kind in EXACT:
        assert np.abs(pcm - as_pcm(samples)).max() <= 1
    else:
        assert abs(len(pcm) - len(samples)) < LATE_S * rate
        assert likeness(pcm, as_pcm(samples), round(LATE_S * rate)) > (
            0.6 if "amr" in KINDS[kind][0] else 0.97
        )
    assert examine(data, 60) == pytest.approx(len(pcm) / own_rate, abs=LATE_S)


DIALECTS = st.builds(
    Dialect,
    extensible=st.booleans(),
    channels=st.integers(1, 3),
    length=st.sampled_from((None, None, 0, 0xFFFF_FFFF, 0x7FFF_FFFF, 0x7FFF_F000, 12, 2_000, 10_000_000)),
    riff=st.sampled_from((None, 0, 36, 0xFFFF_FFFF)),
    before=st.lists(
        st.builds(
            lambda kind, content: kind + content,
            st.sampled_from((b"LIST", b"JUNK", b"fact", b"bext", b"PEAK")),
            st.binary(max_size=40),
        ),
        max_size=3,
    ),
    pads=st.booleans(),
    frame=st.sampled_from((None, None, 0)),
)
FORMS = st.sampled_from(((1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64), (6, 8), (7, 8)))
LOSS = {(1, 8): 400, (6, 8): 1_200, (7, 8): 1_200}
"""In steps of 16 bit, of the loudest sample."""


@given(DIALECTS, FORMS, SEEDS)
@settings(max_examples=120, deadline=None)
def test_every_dialect_of_wav_is_heard(dialect: Dialect, form: tuple[int, int], seed: int):
    dialect = Dialect(**{**vars(dialect), "tag": form[0], "bits": form[1]})
    samples = made_up(seed, 0.1, 16_000)
    pcm, rate = read_sound(dialect.write(samples, 16_000), 60)
    assert rate == 16_000 and len(pcm) == len(samples)
    assert np.abs(pcm.astype(int) - as_pcm(samples)).max() <= LOSS.get(form, 2)


@given(FORMS, st.sampled_from((b"LIST\4\0\0\0INFO", b"id3 \x03\0\0\0abc\0", b"\0LIST\xff\xff\0\0IN")), SEEDS)
@settings(max_examples=20, deadline=None)
def test_chunks_behind_the_sound_are_not_heard(form: tuple[int, int], after: bytes, seed: int):
    samples = made_up(seed, 0.1, 16_000)
    dialect = Dialect(tag=form[0], bits=form[1], after=after)
    assert len(read_sound(dialect.write(samples, 16_000), 60)[0]) == len(samples)
    assert len(stream_of(dialect.write(samples, 16_000), 8_000, cuts=[700] * 99)) == 3 * len(samples)


def test_wavs_laid_end_to_end_are_one_sound():
    """A server that makes one of every sentence."""
    samples = made_up(3, 0.2, 16_000)
    for dialect in (Dialect(), Dialect(after=b"LIST\4\0\0\0INFO"), Dialect(tag=3, bits=32)):
        data = dialect.write(samples, 16_000)
        assert np.abs(read_sound(data * 3, 60)[0] - np.tile(as_pcm(samples), 3)).max() <= 2
        assert len(stream_of(data * 3, 8_000, cuts=[1_001] * 99)) == 9 * len(samples)
    made = Dialect(length=0xFFFF_FFFF).write(samples, 16_000)
    assert len(stream_of(made * 3, 8_000, cuts=[len(made)] * 3)) == 9 * len(samples)


def test_24_bits_may_lie_in_four_bytes():
    samples = made_up(5, 0.1, 16_000)
    data = bytearray(Dialect(bits=32).write(samples, 16_000))
    data[34:36] = struct.pack("<H", 24)
    assert np.abs(read_sound(bytes(data), 60)[0] - as_pcm(samples)).max() <= 2


def stream_of(data: bytes, rate: int, channels: int = 1, cuts: list[int] | None = None) -> NDArray[np.int16]:
    stream, parts, file = StreamedSound(rate, channels), [], io.BytesIO(data)
    for cut in cuts or ():
        parts.append(stream.push(file.read(cut)))
    parts.append(stream.push(file.read()))
    return np.concatenate([*parts, stream.finish()])


CUTS = st.lists(st.sampled_from((0, 1, 1, 2, 3, 5, 7, 44, 333, 4_063)), max_size=40)


@given(
    SEEDS, st.sampled_from((8_000, 24_000, 44_100, 48_000)), st.integers(1, 3), CUTS, st.binary(max_size=1)
)
@settings(max_examples=60, deadline=None)
def test_bare_samples_may_be_cut_anywhere(seed: int, rate: int, channels: int, cuts: list[int], odd: bytes):
    """Between the bytes of a sample and the channels of a frame; half a frame at the end is left out."""
    pcm = as_pcm(made_up(seed, 0.1, rate))
    data = np.repeat(pcm, channels).astype("<i2").tobytes() + odd
    heard = stream_of(data, rate, channels, cuts)
    wanted = resampled(pcm, rate)
    assert len(heard) == len(wanted) and np.abs(heard.astype(int) - wanted).max() <= (
        0 if channels == 1 else 2
    )


@given(DIALECTS, FORMS, CUTS, SEEDS)
@settings(max_examples=60, deadline=None)
def test_a_wav_in_pieces_says_itself_what_it_is(
    dialect: Dialect, form: tuple[int, int], cuts: list[int], seed: int
):
    dialect = Dialect(**{**vars(dialect), "tag": form[0], "bits": form[1]})
    samples = made_up(seed, 0.1, 16_000)
    heard = stream_of(dialect.write(samples, 16_000), 44_100, cuts=cuts)
    wanted = resampled(as_pcm(samples), 16_000)
    assert abs(len(heard) - len(wanted)) <= 2 and likeness(heard, wanted, 4) > 0.98


@pytest.mark.parametrize("kind", ["flac", "opus", "webm", "m4a", "aiff", "mp3 with tags", "caf"])
def test_a_file_in_a_stream_is_told_and_not_heard_as_noise(kind: str):
    rate = rate_of(kind, 16_000)
    with pytest.raises(InputError, match="a stream is bare samples or a WAV.*looks like"):
        stream_of(written(made_up(1, 0.3, rate), rate, kind), 16_000)


NOT_SOUND = {
    b"\x89PNG\r\n\x1a\n" + bytes(40): "PNG",
    b"\xff\xd8\xff\xe0" + bytes(40): "JPEG",
    b'{"audio": "UklGRg=="}': "JSON",
    b"<!DOCTYPE html><html></html>": "HTML",
    b"%PDF-1.7 ": "PDF",
    b"PK\x03\x04" + bytes(40): "zip",
    b"#EXTM3U\nhttp://127.0.0.1/a.mp3": "playlist",
    b"UklGRiQAAABXQVZFZm10IBAAAAABAAEA" * 4: "base64",
    "Grüße aus dem Süden".encode(): "text",
    b"MThd\0\0\0\6\0\1": "MIDI",
    b"RIFF\0\0\0\0WEBPVP8 ": "WebP",
    b"": "no bytes",
    bytes(4_000): "all 0",
    bytes(range(200, 256)): "c8 c9 ca cb",
}


@pytest.mark.parametrize("data", NOT_SOUND)
def test_what_is_no_sound_is_told_by_what_it_looks_like(data: bytes):
    with pytest.raises(InputError, match=NOT_SOUND[data]) as told:
        SoundReader(data)
    assert "wanted is wav, flac, mp3" in str(told.value)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_sound_or_told(data: bytes):
    for trial in (lambda: read_sound(data, 60), lambda: stream_of(data, 24_000, cuts=[3, 1, 40])):
        try:
            trial()
        except InputError as error:
            assert len(str(error)) > 10


def test_the_sound_of_a_file_with_pictures_is_heard():
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        video, sound = out.add_stream("libx264", rate=10), out.add_stream("aac", rate=48_000, layout="mono")
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        for number in range(10):
            frame = av.VideoFrame.from_ndarray(np.full((96, 64), number * 9, np.uint8), "yuv420p")
            frame.pts = number
            out.mux(video.encode(frame))
        tone = av.AudioFrame.from_ndarray(as_pcm(made_up(1, 1.0, 48_000))[None], "s16", "mono")
        tone.sample_rate = 48_000
        out.mux([*sound.encode(tone), *sound.encode(None), *video.encode(None)])
    pcm, _ = read_sound(file.getvalue(), 60)
    assert likeness(pcm, as_pcm(made_up(1, 1.0, 48_000)), 4_000) > 0.97


def test_a_thousand_tiny_wavs_and_chunks_cost_little():
    """Lengths are believed no further than it takes milliseconds."""
    tiny = Dialect().write(np.zeros(1), 16_000)
    chunks = b"JUNK\0\0\0\0" * 500_000
    began = time.process_time()
    for data in (
        tiny * 100_000,
        tiny + chunks,
        tiny[:12] + chunks + tiny[12:],
        (tiny + chunks[:8_000]) * 500,
    ):
        with contextlib.suppress(InputError):
            read_sound(data, 60)
    stream = StreamedSound(16_000)
    for data in (tiny * 2_000, tiny + chunks[:90_000]):
        stream.push(data)
    with pytest.raises(InputError, match="64 KiB|1000 chunks"):
        slow = StreamedSound(16_000)
        for _ in range(70):
            slow.push(tiny[:12] + b"JUNK\xff\xff\0\0" + bytes(1_000) if _ == 0 else b"JUNK" + bytes(1_000))
    assert time.process_time() - began < 5  # 0.4 s on an idle machine
