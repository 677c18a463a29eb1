"""What an avatar says, on its media clock: clips of sound, each from a given moment on."""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from avatar_rtc.media.opus import BLOCK_S
from avatar_rtc.sound.pcm import Pcm, saturated
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

FADE_S = 0.015
"""An interrupted voice fades out in so many seconds: a hard cut clicks."""
_FADE = round(FADE_S * AUDIO_CLOCK_HZ)
_CLIP = 2 * AUDIO_CLOCK_HZ
_UNREAD_S = 1.0
"""A clip begins so long at most after blocks that nobody has read yet."""
_SHARED_S = 0.1
"""So much is kept of what was read: a stage reads the same voice, a block later at most."""


@dataclass
class _Clip:
    begin: int
    """Its first sample, counted from media time 0 at 48 kHz."""
    pcm: Pcm

    @property
    def end(self) -> int:
        return self.begin + len(self.pcm)


class VoicePlayer:
    """The source of an avatar's sound: silence, and clips over it. A `PcmSource`."""

    def __init__(self) -> None:
        self._clips: deque[_Clip] = deque()
        self.read_to = 0.0
        """Media time up to which somebody has read it: before that nothing can change any more."""

    def __call__(self, t: float, samples: int) -> Pcm:
        """What sounds in the `samples` from media time t on."""
        self.forget(t - _SHARED_S)
        return self.heard(t, samples)

    def heard(self, t: float, samples: int) -> Pcm:
        """The same for one more who reads it, whose blocks lie elsewhere."""
        first = round(t * AUDIO_CLOCK_HZ)
        self.read_to = max(self.read_to, (first + samples) / AUDIO_CLOCK_HZ)
        out = np.zeros(samples, np.int32)
        for clip in self._clips:
            low, high = max(first, clip.begin), min(first + samples, clip.end)
            if low < high:
                out[low - first : high - first] += clip.pcm[low - clip.begin : high - clip.begin]
        return saturated(out)

    def put(self, t: float, pcm: Pcm) -> None:
        """Let 48 kHz mono sound begin at media time t."""
        begin = round(t * AUDIO_CLOCK_HZ)
        self.forget(t - _UNREAD_S)
        for at in range(0, len(pcm), _CLIP):
            # A copy of its own, which goes when it has been heard, whatever comes behind it.
            self._clips.append(_Clip(begin + at, pcm[at : at + _CLIP].copy()))

    def forget(self, t: float) -> None:
        """Drop what was to be heard before media time t."""
        first = round(t * AUDIO_CLOCK_HZ)
        while self._clips and self._clips[0].end <= first:
            self._clips.popleft()

    def cut(self, t: float) -> None:
        """Fade out from media time t on, and be silent FADE_S later."""
        at = round(t * AUDIO_CLOCK_HZ)
        kept = deque(clip for clip in self._clips if clip.begin < at)
        for clip in kept:
            if clip.end > at:
                tail = clip.pcm[at - clip.begin : at - clip.begin + _FADE]
                faded = (tail * np.linspace(1, 0, _FADE)[: len(tail)]).astype(np.int16)
                clip.pcm = np.concatenate([clip.pcm[: at - clip.begin], faded])
        self._clips = kept


def next_block(t: float) -> float:
    """The media time of the first block that is surely not read yet at t: where an interruption can begin.

    >>> round(next_block(0.021), 3)
    0.04
    """
    return (math.floor(t / BLOCK_S) + 1) * BLOCK_S
