"""Sound from outside as the avatar's own: 48 kHz, mono, 16 bit."""

import io
from collections.abc import Iterator

import av
import numpy as np

from avatar_rtc.errors import InputError, OutOfRange, TooLarge
from avatar_rtc.frame import AUDIO_CLOCK_HZ
from avatar_rtc.media.opus import Pcm

MIN_RATE, MAX_RATE = 4_000, 192_000
"""Samples per second that are taken in."""


class Resampler:
    """Mono 16-bit sound of one rate, piece by piece, to another; not a sample is lost between pieces."""

    def __init__(self, rate: int, to: int = AUDIO_CLOCK_HZ) -> None:
        """
        Raises:
            OutOfRange: no rate of speech.
        """
        if not MIN_RATE <= rate <= MAX_RATE:
            raise OutOfRange("sample rate", rate, MIN_RATE, MAX_RATE)
        self._rate = rate
        self._resampler = None if rate == to else _resampler(to)

    def push(self, pcm: Pcm) -> Pcm:
        """What can be told of the sound so far; the last milliseconds come with the next piece."""
        if self._resampler is None or not pcm.size:
            return pcm
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm)[None], format="s16", layout="mono")
        frame.sample_rate = self._rate
        return _joined(self._resampler.resample(frame))

    def finish(self) -> Pcm:
        """The last milliseconds."""
        return np.zeros(0, np.int16) if self._resampler is None else _joined(self._resampler.resample(None))


def resampled(pcm: Pcm, rate: int, to: int = AUDIO_CLOCK_HZ) -> Pcm:
    """Mono 16-bit sound at another rate; raises as `Resampler`."""
    if rate == to:
        return pcm
    resampler = Resampler(rate, to)
    return np.concatenate([resampler.push(pcm), resampler.finish()])


def decode(data: bytes, max_seconds: float) -> Pcm:
    """A wav, flac, mp3, ogg or opus file as 48 kHz mono.

    Raises:
        InputError: it is none of these, is damaged, holds no sound, or numbers that are none (NaN).
        TooLarge: it lasts longer than `max_seconds`.
    """
    limit = int(max_seconds * AUDIO_CLOCK_HZ)
    parts, total = [], 0
    try:
        for part in _decoded(data):
            parts.append(part)
            total += len(part)
            if total > limit:
                raise TooLarge(
                    f"the sound lasts longer than {max_seconds / 60:.0f} minutes; send it in parts"
                )
    except (av.FFmpegError, ValueError, EOFError) as error:
        if not total:
            raise InputError(
                f"not a sound file that can be read (wav, flac, mp3, ogg, opus): {error}"
            ) from None
        raise InputError(f"the sound file is damaged after {total / AUDIO_CLOCK_HZ:.1f} s: {error}") from None
    if not total:
        raise InputError("the sound file holds no sound")
    return np.concatenate(parts)


def _decoded(data: bytes) -> Iterator[Pcm]:
    with av.open(io.BytesIO(data), "r") as container:
        if not container.streams.audio:
            raise InputError("the file has no sound in it")
        resampler = _resampler()
        for frame in container.decode(container.streams.audio[0]):
            if frame.format.name.startswith(("flt", "dbl")) and not np.isfinite(frame.to_ndarray()).all():
                raise InputError("the sound holds samples that are no numbers (NaN or infinite)")
            yield _joined(resampler.resample(frame))
        yield _joined(resampler.resample(None))


def _resampler(rate: int = AUDIO_CLOCK_HZ) -> "av.AudioResampler":
    return av.AudioResampler(format="s16", layout="mono", rate=rate)


def _joined(frames: list["av.AudioFrame"]) -> Pcm:
    parts = [frame.to_ndarray()[0] for frame in frames]
    out: Pcm = np.concatenate(parts) if parts else np.zeros(0, np.int16)
    return out
