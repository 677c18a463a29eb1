"""Sound of any rate, format and number of channels as mono 16 bit of one rate: FFmpeg's resampler, for all.

To 16 kHz it passes 6 kHz whole and 7 kHz at -0.4 dB; of what lies from 9 kHz on, -61 dB or less are left.
"""

import av
import numpy as np

from avatar_rtc.errors import InputError
from avatar_rtc.sound.frames import audio_frame, pcm_of
from avatar_rtc.sound.pcm import Pcm, check_rate, silence
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ


class Mono:
    """Frames of av, whatever they are, piece by piece; one may be of another rate or layout than the last."""

    def __init__(self, to: int | None = AUDIO_CLOCK_HZ) -> None:
        """`to` is the rate in Hz; None is that of the first frame."""
        self.rate = to
        self._form: tuple[str, str, int] | None = None
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=to)

    def push(self, frame: av.AudioFrame) -> Pcm:
        """What can be told of the sound so far; the last milliseconds come with the next frame.

        Raises:
            InputError: it holds samples that are no numbers.
        """
        if frame.format.name.startswith(("flt", "dbl")) and not np.isfinite(frame.to_ndarray()).all():
            raise InputError("the sound holds samples that are no numbers (NaN or infinite)")
        before = silence()
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if form != self._form:
            # Files laid end to end, as servers do with sentences, change in the middle.
            before = self.finish()
            self.rate = self.rate or frame.sample_rate
            self._form = form
            self._resampler = av.AudioResampler(format="s16", layout="mono", rate=self.rate)
        return np.concatenate([before, pcm_of(self._resampler.resample(frame))])

    def finish(self) -> Pcm:
        """The last milliseconds."""
        return silence() if self._form is None else pcm_of(self._resampler.resample(None))


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
