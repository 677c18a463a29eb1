"""Samples to and from the frames of av."""

from collections.abc import Iterable

import av
import numpy as np

from avatar_rtc.sound.pcm import Pcm, silence


def audio_frame(pcm: Pcm, rate: int) -> av.AudioFrame:
    """A frame of mono sound."""
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm)[None], format="s16", layout="mono")
    frame.sample_rate = rate
    return frame


def pcm_of(frames: Iterable[av.AudioFrame]) -> Pcm:
    """The samples of 16-bit mono frames, one after the other."""
    parts = [frame.to_ndarray()[0] for frame in frames]
    out: Pcm = np.concatenate(parts) if parts else silence()
    return out
