"""Sound as a file in memory, for callers that want to play it themselves."""

import io
from typing import Literal, get_args

import av
from av.audio.stream import AudioStream

from avatar_rtc.sound.frames import audio_frame
from avatar_rtc.sound.pcm import Pcm, pcm_to_bytes
from avatar_rtc.sound.resample import resampled

SoundFileKind = Literal["wav", "flac", "mp3", "opus", "aac", "pcm"]
SOUND_FORMATS: tuple[SoundFileKind, ...] = get_args(SoundFileKind)
CONTENT_TYPES: dict[SoundFileKind, str] = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "pcm": "audio/pcm",
}
_CODECS: dict[SoundFileKind, tuple[str, str]] = {
    "wav": ("pcm_s16le", "wav"),
    "flac": ("flac", "flac"),
    "mp3": ("libmp3lame", "mp3"),
    "opus": ("libopus", "ogg"),
    "aac": ("aac", "adts"),
}
FILE_RATE = 24_000
"""Of a file, if nothing else is said: what clients of speech servers expect."""


def write_sound(
    pcm: Pcm, rate: int, kind: SoundFileKind, file_rate: int = FILE_RATE, comment: str = ""
) -> bytes:
    """Mono sound as a file of `file_rate` Hz; "pcm" is its bare samples, 16 bit little-endian.

    Args:
        comment: what the file says of itself; "aac" and "pcm" have no place for it.
    """
    samples = resampled(pcm, rate, file_rate)
    if kind == "pcm":
        return pcm_to_bytes(samples)
    codec, container = _CODECS[kind]
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=file_rate)
        assert isinstance(stream, AudioStream)
        if comment:
            # Of Ogg it is the stream that has comments.
            (stream if container == "ogg" else out).metadata["comment"] = comment
        stream.layout = "mono"
        if len(samples):
            out.mux(stream.encode(audio_frame(samples, file_rate)))
        out.mux(stream.encode(None))
    return file.getvalue()
