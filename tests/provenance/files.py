"""Small files of every kind that is handed out, made up."""

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from avatar_rtc.media.encode_image import encode_image
from avatar_rtc.media.recording import Recording
from avatar_rtc.sound.files import write_sound

RNG = np.random.default_rng(3)
PICTURE = RNG.integers(0, 256, (48, 64, 4), np.uint8)
TONE = (np.sin(np.arange(24_000) / 9) * 8_000).astype(np.int16)


def pillow(kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(PICTURE[..., :3].copy()).save(file, kind)
    return file.getvalue()


def sound(kind: str, comment: str = "") -> bytes:
    return write_sound(TONE, 24_000, kind, comment=comment)  # type: ignore[arg-type]


def film(folder: Path, kind: str, comment: str = "") -> bytes:
    path = folder / f"film.{kind}"
    with Recording(path, kind, (64, 48), Fraction(25), comment) as recording:  # type: ignore[arg-type]
        for shift in range(5):
            recording.write(np.roll(PICTURE, shift, 1))
    return path.read_bytes()


def m4a() -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="ipod") as out:
        stream = out.add_stream("aac", rate=24_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(TONE[None], format="s16", layout="mono")
        frame.rate = 24_000
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


def every_kind(folder: Path) -> dict[str, bytes]:
    """MIME type → a file."""
    return {
        "image/png": encode_image(PICTURE, "png"),
        "image/jpeg": pillow("JPEG"),
        "image/webp": pillow("WEBP"),
        "video/mp4": film(folder, "mp4"),
        "video/webm": film(folder, "webm"),
        "audio/mp4": m4a(),
        "audio/wav": sound("wav"),
        "audio/mpeg": sound("mp3"),
        "audio/flac": sound("flac"),
        "audio/ogg": sound("opus"),
        "audio/aac": sound("aac"),
    }
