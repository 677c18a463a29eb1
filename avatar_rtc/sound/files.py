"""Sound as a file in memory, for callers that want to play it themselves."""

import io
from typing import Literal, get_args

import av
import numpy as np
from av.audio.stream import AudioStream
from numpy.typing import NDArray

from avatar_rtc.sound.pcm import resampled

SoundFormat = Literal["wav", "flac", "mp3", "opus", "aac", "pcm"]
SOUND_FORMATS: tuple[SoundFormat, ...] = get_args(SoundFormat)
CONTENT_TYPES: dict[SoundFormat, str] = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "pcm": "audio/pcm",
}
_CODECS: dict[SoundFormat, tuple[str, str]] = {
    "wav": ("pcm_s16le", "wav"),
    "flac": ("flac", "flac"),
    "mp3": ("libmp3lame", "mp3"),
    "opus": ("libopus", "ogg"),
    "aac": ("aac", "adts"),
}
FILE_RATE = 24_000
"""Of every file: what clients of speech servers expect."""


def write_sound(pcm: NDArray[np.int16], rate: int, kind: SoundFormat) -> bytes:
    """Mono sound as a file of 24 kHz; "pcm" is its bare samples, 16 bit little-endian."""
    samples = resampled(pcm, rate, FILE_RATE)
    if kind == "pcm":
        return samples.astype("<i2").tobytes()
    codec, container = _CODECS[kind]
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=FILE_RATE)
        assert isinstance(stream, AudioStream)
        stream.layout = "mono"
        if len(samples):
            frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
            frame.sample_rate = FILE_RATE
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()
