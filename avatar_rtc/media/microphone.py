"""A viewer's own sound, as its connection brings it in."""

from collections.abc import AsyncIterator

import av
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from avatar_rtc.frame import AUDIO_CLOCK_HZ
from avatar_rtc.media.opus import Pcm


async def sound_of(track: MediaStreamTrack) -> AsyncIterator[Pcm]:
    """Blocks of 48 kHz mono, until the track or its connection ends."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=AUDIO_CLOCK_HZ)
    while True:
        try:
            frame = await track.recv()
        except MediaStreamError:
            return
        assert isinstance(frame, av.AudioFrame)
        for block in resampler.resample(frame):
            yield block.to_ndarray()[0]
