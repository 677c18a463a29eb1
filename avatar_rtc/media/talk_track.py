"""The sound that a client of ours sends: blocks of 20 ms, each when it is due."""

import asyncio
from fractions import Fraction

import av
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from avatar_rtc.sound.frames import audio_frame
from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

TALK_BLOCK = 960
"""Samples, 20 ms."""
TALK_BLOCKS_AHEAD = 5
"""Blocks that wait to be sent."""


class TalkTrack(MediaStreamTrack):
    """The sound that a client sends; nothing is sent while there is none."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._blocks: asyncio.Queue[Pcm] = asyncio.Queue(TALK_BLOCKS_AHEAD)
        self._due: float | None = None
        """The loop's time at which the next block leaves."""
        self._pts = 0

    async def put(self, block: Pcm) -> None:
        """Send a block of 20 ms; waits while others do before it.

        Raises:
            MediaStreamError: the track was stopped.
        """
        if self.readyState == "live":
            await self._blocks.put(block)
        if self.readyState != "live":
            raise MediaStreamError

    def stop(self) -> None:
        """Send nothing more; whoever waits to is told."""
        super().stop()
        while not self._blocks.empty():
            self._blocks.get_nowait()

    async def recv(self) -> av.AudioFrame:
        """The next block when it is due, with the time at which it sounds."""
        loop = asyncio.get_running_loop()
        block = await self._blocks.get()
        due = loop.time() if self._due is None else self._due
        if (late := loop.time() - due) > TALK_BLOCKS_AHEAD * TALK_BLOCK / AUDIO_CLOCK_HZ:
            self._pts += round(late * AUDIO_CLOCK_HZ / TALK_BLOCK) * TALK_BLOCK  # a pause, and no backlog
            due = loop.time()
        await asyncio.sleep(due - loop.time())
        frame = audio_frame(block, AUDIO_CLOCK_HZ)
        frame.pts, frame.time_base = self._pts, Fraction(1, AUDIO_CLOCK_HZ)
        self._due, self._pts = due + len(block) / AUDIO_CLOCK_HZ, self._pts + len(block)
        return frame
