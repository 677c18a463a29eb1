"""Only sound files are opened, by what their bytes are; whatever else comes is told so, at once."""

import functools
import io
import os
import random
import resource
import struct
import time
import tracemalloc
import wave
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_rtc.errors import AvatarRtcError, InputError, OutOfRange, TooLarge
from avatar_rtc.sound import decode as decode_module
from avatar_rtc.sound.decode import SoundReader, examine, read_sound
from avatar_rtc.sound.format import WANTED_SOUND, format_of
from avatar_rtc.sound.mp4_boxes import MAX_SAMPLES, check_boxes

RATE = 48_000


def heard(data: bytes, most: float) -> np.ndarray:
    return read_sound(data, most, RATE)[0]


def tone(seconds: float, rate: int = RATE) -> np.ndarray:
    return (np.sin(2 * np.pi * 440 * np.arange(round(rate * seconds)) / rate) * 12_000).astype(np.int16)


def encoded(codec: str, container: str, seconds: float = 1.0, layout: str = "mono") -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream: Any = out.add_stream(codec, rate=RATE, layout=layout)
        stream.codec_context.options = {"strict": "-2"}
        stream.codec_context.open()
        context = stream.codec_context
        resampler = av.AudioResampler(context.format, context.layout, RATE, stream.frame_size or 1024)
        frame = av.AudioFrame.from_ndarray(tone(seconds)[None], format="s16", layout="mono")
        frame.sample_rate = RATE
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    return file.getvalue()


TAKEN = [
    ("pcm_s16le", "wav", "wav"), ("pcm_f32le", "wav", "wav"), ("pcm_alaw", "wav", "wav"),
    ("flac", "flac", "flac"), ("libmp3lame", "mp3", "mp3"), ("libopus", "ogg", "ogg"),
    ("libopus", "webm", "matroska"), ("libmp3lame", "matroska", "matroska"), ("aac", "mp4", "mov"),
    ("aac", "ipod", "mov"), ("libopus", "mp4", "mov"),
    ("aac", "adts", "aac"), ("alac", "ipod", "mov"), ("pcm_s16le", "mov", "mov"),
    ("pcm_s16be", "aiff", "aiff"), ("pcm_s24be", "aiff", "aiff"), ("pcm_mulaw", "au", "au"),
    ("pcm_s16be", "caf", "caf"), ("alac", "caf", "caf"), ("pcm_s16le", "w64", "w64"),
    ("adpcm_ms", "wav", "wav"), ("libmp3lame", "wav", "wav"), ("mp2", "mp2", "mp3"),
]  # fmt: skip


@pytest.mark.parametrize(("codec", "container", "demuxer"), TAKEN)
def test_what_is_taken_is_heard_and_its_length_known(codec: str, container: str, demuxer: str):
    for seconds in (1.0, 5.0):
        data = encoded(codec, container, seconds)
        assert format_of(data)[0].demuxer == demuxer
        told = len(heard(data, 60)) / RATE
        assert told == pytest.approx(seconds, abs=0.08)
        assert examine(data, 60) == pytest.approx(told, abs=0.08)


@pytest.mark.parametrize(("codec", "container", "demuxer"), TAKEN)
def test_pieces_are_the_whole(codec: str, container: str, demuxer: str):
    data = encoded(codec, container, 3.0)
    reader, parts = SoundReader(data), []
    while not reader.is_done:
        parts.append(reader.read(7_777))
    assert all(len(part) == 7_777 for part in parts[:-1])
    assert np.array_equal(np.concatenate(parts), heard(data, 60))
    assert not len(reader.read(10)) and reader.is_done


def test_tags_before_a_sound_are_left_out():
    tag = b"ID3\4\0\0" + bytes((0, 0, 8, 0)) + bytes(1024)
    for codec, container in (("flac", "flac"), ("libmp3lame", "mp3"), ("aac", "adts")):
        assert len(heard(tag + tag + encoded(codec, container), 60)) > 0.9 * RATE


def sdp(port: int) -> bytes:
    return (
        f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 0\n".encode()
    )


def adpcm() -> bytes:
    return encoded("adpcm_yamaha", "wav")


HOSTILE = {
    "ffconcat": b"ffconcat version 1.0\nfile 'a.wav'\n",
    "sdp": sdp(45_678),
    "m3u8": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n",
    "pls": b"[playlist]\nFile1=/etc/hostname\n",
    "dash": b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
    "imf": b'<?xml version="1.0"?><AssetMap/>',
    "ffmetadata": b";FFMETADATA1\n[CHAPTER]\n",
    "subtitles": b"WEBVTT\n\n00:00.000 --> 10:00:00.000\nhi\n",
    "module": b"Extended Module: " + bytes(300),
    "midi": b"MThd\0\0\0\6\0\1\0\1\0\x60MTrk\0\0\0\0",
    "sid": b"PSID\0\2" + bytes(120),
    "spc": b"SNES-SPC700 Sound File Data v0.30" + bytes(100),
    "voc": b"Creative Voice File\x1a\x1a\0\x0a\1\x29\x11" + bytes(40),
    "au": b".snd\0\0\0\x18\xff\xff\xff\xff\0\0\0\1\0\0\x1f\x40\0\0\0\0",
    "aiff": b"FORM\0\0\0\x40AIFFCOMM\0\0\0\x12\0\xff\xff\xff\xff\xff\0\x10" + bytes(40),
    "caf": b"caff\0\1\0\0desc" + bytes(60),
    "w64": b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0" + bytes(60),
    "ac3": b"\x0b\x77" + bytes(100),
    "dts": b"\x7f\xfe\x80\x01" + bytes(100),
    "amr": b"#!AMR\n" + b"\xff" * 100,
    "wavpack": b"wvpk" + bytes(100),
    "ape": b"MAC " + bytes(100),
    "tta": b"TTA1" + bytes(100),
    "shorten": b"ajkg" + bytes(100),
    "flv": b"FLV\1\5\0\0\0\x09" + bytes(100),
    "asf": b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c" + bytes(60),
    "ts": (b"\x47" + bytes(187)) * 4,
    "avi": b"RIFF\0\0\0\0AVI LIST" + bytes(60),
    "png": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "adpcm in wav": None,
    "id3 alone": b"ID3\4\0\0" + bytes((0x7F, 0x7F, 0x7F, 0x7F)),
    "zeros": bytes(100_000),
    "0xff": b"\xff" * 100_000,
    "ebml alone": b"\x1a\x45\xdf\xa3" + b"\xff" * 100,
    "ogg alone": b"OggS" + bytes(200),
    "ftyp alone": b"\0\0\0\x10ftypisom\0\0\0\0",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_sound_file_is_refused_at_once_and_opens_nothing(name: str, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.wav").write_bytes(encoded("pcm_s16le", "wav"))
    data = HOSTILE[name] or adpcm()
    files, began = set(os.listdir("/proc/self/fd")), time.process_time()
    for trial in (lambda: heard(data, 60), lambda: examine(data, 60, time.monotonic() + 5)):
        with pytest.raises(InputError, match="wanted|no sound|not a sound|cannot be read"):
            trial()
    assert time.process_time() - began < 1.0  # milliseconds, on a busy machine too
    assert set(os.listdir("/proc/self/fd")) <= files


def test_the_error_names_what_is_wanted():
    with pytest.raises(InputError) as told:
        heard(b"ffconcat version 1.0", 60)
    assert WANTED_SOUND in str(told.value)


def wav(form: bytes, body: bytes, size: int | None = None, riff: bytes = b"RIFF") -> bytes:
    chunks = b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(body) if size is None else size) + body
    return riff + struct.pack("<I", 0xFFFFFFFF if size else 4 + len(chunks)) + b"WAVE" + chunks


def form(channels: int = 1, rate: int = RATE, bits: int = 16, tag: int = 1) -> bytes:
    width = max(1, channels) * bits // 8 & 0xFFFF
    return struct.pack("<HHIIHH", tag, channels, rate & 0xFFFFFFFF, rate * width & 0xFFFFFFFF, width, bits)


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000, 0x10000000])
def test_a_length_that_was_made_up_is_no_harm(size: int):
    """Servers that send a WAV while they make it do not know its length."""
    for seconds in (1.0, 4.0):
        data = wav(form(), tone(seconds).tobytes(), size)
        assert len(heard(data, 60)) == seconds * RATE
        assert examine(data, 60) == pytest.approx(seconds, abs=0.01)


@pytest.mark.parametrize("channels", [0, 9, 255, 65_535])
def test_an_absurd_number_of_channels_is_told(channels: int):
    with pytest.raises(InputError):
        examine(wav(form(channels), bytes(200_000)), 60)


@pytest.mark.parametrize("rate", [0, 1, 3_999, 192_001, 2**31 - 1, 2**32 - 1])
def test_an_absurd_rate_is_told(rate: int):
    with pytest.raises((InputError, OutOfRange)):
        examine(wav(form(rate=rate), bytes(400_000)), 1_800)


@pytest.mark.parametrize("bits", [0, 33, 64, 65_535])
def test_absurd_samples_are_told(bits: int):
    with pytest.raises(InputError):
        examine(wav(form(bits=bits), bytes(200_000)), 60)


def test_nan_further_in_is_told_when_it_is_reached():
    samples = np.sin(np.arange(4 * RATE) / 10).astype("<f4")
    samples[3 * RATE] = np.nan
    data = wav(form(bits=32, tag=3), samples.tobytes())
    assert examine(data, 60) == pytest.approx(4.0, abs=0.01)
    reader = SoundReader(data)
    heard = 0
    with pytest.raises(InputError, match=r"NaN"):
        while not reader.is_done:
            heard += len(reader.read(RATE))
    assert 2.8 * RATE < heard <= 3 * RATE  # all that came before


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def mp4(*tables: bytes) -> bytes:
    inner = box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", *tables))))
    return box(b"ftyp", b"isom\0\0\0\0") + box(b"moov", inner) + box(b"mdat", bytes(64))


HUGE = 0x7FFFFFFF
BOMBS = {
    "stsz": mp4(box(b"stsz", struct.pack(">III", 0, 1, HUGE))),
    "stz2": mp4(box(b"stz2", struct.pack(">III", 0, 4, HUGE))),
    "stts": mp4(box(b"stts", struct.pack(">IIII", 0, 1, HUGE, 1))),
    "stts rows": mp4(box(b"stts", struct.pack(">II", 0, 3) + struct.pack(">II", MAX_SAMPLES // 2, 1) * 3)),
    "ctts": mp4(box(b"ctts", struct.pack(">IIII", 0, 1, HUGE, 1))),
    "stsc": mp4(
        box(b"stsc", struct.pack(">IIIII", 0, 1, 1, HUGE, 1)),
        box(b"stco", struct.pack(">II", 0, 9), bytes(36)),
    ),
    "trun": box(b"ftyp", b"isom\0\0\0\0")
    + box(b"moof", box(b"traf", box(b"trun", struct.pack(">II", 0, HUGE)))),
    "cmov": box(b"ftyp", b"isom\0\0\0\0") + box(b"moov", box(b"cmov", bytes(40))),
    "senc": box(b"ftyp", b"isom\0\0\0\0") + box(b"moof", box(b"traf", box(b"senc", bytes(40)))),
    "deep": b"",
    "many": box(b"ftyp", b"isom\0\0\0\0") + box(b"free") * 300_000,
}
deep = box(b"free")
for _ in range(500):
    deep = box(b"moov", deep)
BOMBS["deep"] = box(b"ftyp", b"isom\0\0\0\0") + deep


@pytest.mark.parametrize("name", BOMBS)
def test_tables_that_promise_too_much_are_refused_before_they_are_built(name: str):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match="MP4"):
        examine(BOMBS[name], 60)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_boxes_of_any_bytes_are_looked_at(data: bytes):
    try:
        check_boxes(data)
    except InputError as error:
        assert "MP4" in str(error)


@functools.cache
def sound(number: int) -> bytes:
    """One of each kind that is taken, 3 s."""
    codec, container, _ = TAKEN[number]
    return encoded(codec, container, 3.0)


@pytest.mark.parametrize("seed", range(240))
def test_damage_anywhere_ends_in_sound_or_a_clear_answer(seed: int):
    pick = random.Random(seed)
    data = bytearray(sound(seed % len(TAKEN)))
    for _ in range(pick.choice((1, 3, 30, 300))):
        if pick.random() < 0.8:
            data[pick.randrange(min(len(data), pick.choice((200, 10**9))))] = pick.randrange(256)
        else:
            at = pick.randrange(len(data))
            data[at : at + pick.randrange(50)] = pick.randbytes(pick.randrange(50))
    began = time.process_time()
    try:
        seconds = examine(bytes(data), 1_800, time.monotonic() + 20)
        assert 0 < seconds <= 1_800
        reader, heard = SoundReader(bytes(data)), 0
        while not reader.is_done and heard < 60 * RATE:
            heard += len(reader.read(2 * RATE))
    except AvatarRtcError as error:
        assert 10 < len(str(error)) < 300
    assert time.process_time() - began < 5


def silence(seconds: int) -> bytes:
    """In Opus; one packet, over and over."""
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as out:
        stream = out.add_stream("libopus", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, RATE), np.int16), format="s16", layout="mono")
        frame.sample_rate = RATE
        body = bytes(stream.encode(frame)[-1])
        for number in range(seconds * 50):
            packet = av.Packet(body)
            packet.stream, packet.time_base = stream, stream.codec_context.time_base
            packet.pts = packet.dts = number * 960
            packet.duration = 960
            out.mux(packet)
    return file.getvalue()


def test_a_long_silence_takes_little_to_look_at_and_to_hear():
    """Half an hour in some hundred kilobytes: it is never here as a whole."""
    data = silence(29 * 60)
    tracemalloc.start()
    try:
        assert examine(data, 1_800) == pytest.approx(1_740, abs=0.1)
        reader = SoundReader(data)
        for _ in range(5):
            reader.read(2 * RATE)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20  # 167 MB as samples
    finally:
        tracemalloc.stop()
    with pytest.raises(TooLarge, match="minutes"):
        examine(data, 1_000)


def test_what_takes_too_long_is_given_up(monkeypatch):
    data = encoded("flac", "flac", 30.0)
    ticks = iter(range(10**9))
    monkeypatch.setattr(decode_module.time, "monotonic", lambda: next(ticks) * 0.1)
    with pytest.raises(TooLarge, match="too long to decode"):
        examine(data, 60, until=5.0)


def test_a_wav_of_many_headers_is_one_sound():
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        out.writeframes(tone(1.0).tobytes())
    assert len(heard(file.getvalue() * 3, 60)) >= RATE
