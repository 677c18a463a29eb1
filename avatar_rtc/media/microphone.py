"""A viewer's own sound, as its connection brings it in."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import av
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.sound.resample import Mono

log = logging.getLogger(__name__)


async def listen(track: MediaStreamTrack, take: Callable[[AsyncIterator[Pcm]], Awaitable[None]]) -> None:
    """Let `take` have the sound; what it does not want is thrown away, for aiortc keeps all that waits."""
    try:
        await take(sound_of(track))
    except Exception:
        log.exception("a microphone is heard no more")
    try:
        while True:
            await track.recv()
    except MediaStreamError:
        return


async def sound_of(track: MediaStreamTrack) -> AsyncIterator[Pcm]:
    """Blocks of 48 kHz mono, until the track or its connection ends."""
    mono = Mono()
    while True:
        try:
            frame = await track.recv()
        except MediaStreamError:
            return
        assert isinstance(frame, av.AudioFrame)
        block = mono.push(frame)
        if len(block):
            yield block
