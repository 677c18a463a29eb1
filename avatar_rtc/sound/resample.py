"""Sound of any rate, format and number of channels as mono 16 bit of one rate: FFmpeg's resampler, for all.

To 16 kHz it passes 6 kHz whole and 7 kHz at -0.4 dB; of what lies from 9 kHz on, -61 dB or less are left.
"""

import av
import numpy as np

from avatar_rtc.sound.frames import audio_frame, pcm_of
from avatar_rtc.sound.pcm import Pcm, check_rate, silence
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ


class Mono:
    """Frames of av, whatever they are, piece by piece."""

    def __init__(self, to: int | None = AUDIO_CLOCK_HZ) -> None:
        """`to` is the rate in Hz; None leaves it as it is."""
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=to)

    def push(self, frame: av.AudioFrame) -> Pcm:
        """What can be told of the sound so far; the last milliseconds come with the next frame."""
        return pcm_of(self._resampler.resample(frame))

    def finish(self) -> Pcm:
        """The last milliseconds."""
        return pcm_of(self._resampler.resample(None))


class Resampler:
    """Mono 16-bit sound of one rate, piece by piece, to another; not a sample is lost between pieces."""

    def __init__(self, rate: int, to: int = AUDIO_CLOCK_HZ) -> None:
        """
        Raises:
            OutOfRange: no rate of speech.
        """
        check_rate(rate)
        self._rate = rate
        self._mono = None if rate == to else Mono(to)

    def push(self, pcm: Pcm) -> Pcm:
        """What can be told of the sound so far; the last milliseconds come with the next piece."""
        return pcm if self._mono is None or not pcm.size else self._mono.push(audio_frame(pcm, self._rate))

    def finish(self) -> Pcm:
        """The last milliseconds."""
        return silence() if self._mono is None else self._mono.finish()


def resampled(pcm: Pcm, rate: int, to: int = AUDIO_CLOCK_HZ) -> Pcm:
    """Mono 16-bit sound at another rate; raises as `Resampler`."""
    if rate == to:
        return pcm
    resampler = Resampler(rate, to)
    return np.concatenate([resampler.push(pcm), resampler.finish()])
