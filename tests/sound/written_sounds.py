"""Sounds as others write them: every kind of file, and the WAVs that servers of speech are known to send."""

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]
"""(samples,) in [-1, 1]."""

KINDS: dict[str, tuple[str, str, dict[str, str]]] = {
    "wav": ("pcm_s16le", "wav", {}),
    "wav adpcm": ("adpcm_ima_wav", "wav", {}),
    "rf64": ("pcm_s16le", "wav", {"rf64": "always"}),
    "w64": ("pcm_s16le", "w64", {}),
    "aiff": ("pcm_s16be", "aiff", {}),
    "au": ("pcm_mulaw", "au", {}),
    "caf": ("pcm_s16be", "caf", {}),
    "flac": ("flac", "flac", {}),
    "mp3": ("libmp3lame", "mp3", {"id3v2_version": "0", "write_xing": "0"}),
    "mp3 with tags": ("libmp3lame", "mp3", {"id3v2_version": "3"}),
    "opus": ("libopus", "ogg", {}),
    "webm": ("libopus", "webm", {}),
    "live webm": ("libopus", "webm", {"live": "1"}),
    "aac": ("aac", "adts", {}),
    "m4a": ("aac", "ipod", {}),
    "mp4 in fragments": ("aac", "mp4", {"movflags": "frag_keyframe+empty_moov+default_base_moof"}),
    "quicktime": ("pcm_s16le", "mov", {}),
    "alac": ("alac", "ipod", {}),
    "amr": ("libopencore_amrnb", "amr", {}),
    "3gp": ("libopencore_amrnb", "3gp", {}),
}
"""Name → codec, container and the container's options."""
EXACT = {"wav", "rf64", "w64", "aiff", "caf", "flac", "quicktime", "alac"}
RATES = {"opus": 48_000, "webm": 48_000, "live webm": 48_000, "amr": 8_000, "3gp": 8_000}
"""Where a codec takes but one."""


def rate_of(kind: str, rate: int) -> int:
    """The rate it is written with, if `rate` is wished for."""
    return RATES.get(kind, rate)


def as_pcm(samples: Samples) -> NDArray[np.int16]:
    """16 bit."""
    return np.rint(samples * 32_767).astype(np.int16)


def written(samples: Samples, rate: int, kind: str, layout: str = "mono") -> bytes:
    """A file of mono sound, in both channels if the layout is stereo."""
    codec, container, options = KINDS[kind]
    file = io.BytesIO()
    with av.open(file, "w", format=container, options=options) as out:
        stream: Any = out.add_stream(
            codec, rate=rate, layout="mono" if codec.startswith("libopenc") else layout
        )
        context = stream.codec_context
        context.options = {"strict": "-2"}
        context.open()
        resampler = av.AudioResampler(context.format, context.layout, rate, stream.frame_size or 1024)
        channels = 2 if layout == "stereo" else 1
        frame = av.AudioFrame.from_ndarray(np.repeat(as_pcm(samples), channels)[None], "s16", layout)
        frame.sample_rate = rate
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    return file.getvalue()


@dataclass(frozen=True)
class Dialect:
    """How somebody writes a WAV."""

    tag: int = 1
    bits: int = 16
    channels: int = 1
    extensible: bool = False
    length: int | None = None
    """What the header says of the sound; None is the truth."""
    riff: int | None = None
    before: Sequence[bytes] = ()
    """Chunks before the sound: kind and content."""
    pads: bool = True
    """Odd chunks are padded, as they should be."""
    after: bytes = b""
    frame: int | None = None
    """What the header says a frame has; None is the truth."""
    cut: int = field(default=0)
    """So many bytes are missing at the end."""

    def write(self, samples: Samples, rate: int) -> bytes:
        """The file; the same sound in all channels."""
        body = np.repeat(_coded(samples, self.tag, self.bits), self.channels, axis=0).tobytes()
        width = self.channels * self.bits // 8
        tag = 0xFFFE if self.extensible else self.tag
        frame = width if self.frame is None else self.frame
        form = struct.pack("<HHIIHH", tag, self.channels, rate, rate * width, frame, self.bits)
        if self.extensible:
            form += struct.pack("<HHIH", 22, self.bits, 0, self.tag)
            form += bytes.fromhex("000000001000800000aa00389b71")
        chunks = b"".join(self._chunk(each[:4], each[4:]) for each in (b"fmt " + form, *self.before))
        length = len(body) if self.length is None else self.length
        content = b"WAVE" + chunks + b"data" + struct.pack("<I", length) + body + self.after
        riff = len(content) if self.riff is None else self.riff
        data = b"RIFF" + struct.pack("<I", riff) + content
        return data[: len(data) - self.cut]

    def _chunk(self, kind: bytes, content: bytes) -> bytes:
        padding = b"\0" if len(content) % 2 and self.pads else b""
        return kind + struct.pack("<I", len(content)) + content + padding


def _coded(samples: Samples, tag: int, bits: int) -> NDArray[Any]:
    """(samples, bytes) as they lie in the file."""
    if tag == 3:
        return samples.astype(f"<f{bits // 8}").view(np.uint8).reshape(-1, bits // 8)
    if tag in (6, 7):
        return _companded(samples, "pcm_alaw" if tag == 6 else "pcm_mulaw")[:, None]
    scaled = np.rint(samples * (2 ** (bits - 1) - 1)).astype(np.int64) + (128 if bits == 8 else 0)
    return scaled.astype("<i8").view(np.uint8).reshape(-1, 8)[:, : bits // 8]


def _companded(samples: Samples, codec: str) -> NDArray[np.uint8]:
    encoder: Any = av.CodecContext.create(codec, "w")
    encoder.sample_rate, encoder.layout, encoder.format = 8_000, "mono", "s16"
    frame = av.AudioFrame.from_ndarray(as_pcm(samples)[None], "s16", "mono")
    frame.sample_rate = 8_000
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    return np.frombuffer(b"".join(map(bytes, packets)), np.uint8)
