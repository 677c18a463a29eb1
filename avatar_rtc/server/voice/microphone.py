"""A viewer lends the avatar its voice: what comes over its microphone is spoken, silence between is not.

microphone ──► gate ──► SoundStream per stretch of speech ──► Speaking.play
"""

from collections import deque
from collections.abc import AsyncIterator

from avatar_rtc.errors import CapacityExceeded
from avatar_rtc.frame import AUDIO_CLOCK_HZ
from avatar_rtc.media.opus import Pcm
from avatar_rtc.server.voice.hearing import STREAM_LEAD_S, SoundStream
from avatar_rtc.server.voice.speaking import Speaking
from avatar_rtc.speech.loudness import levels_db

OPEN_DB, SHUT_DB = -38.0, -46.0
"""Speech begins above the first level and is over below the second, in dB of full scale."""
HANG_S = 0.7
"""A pause this long ends an utterance."""
BEFORE_S = 0.2
"""So much of what came before is spoken too: words begin quietly."""


class Microphone:
    """The gate of one viewer's microphone."""

    def __init__(self, speaking: Speaking) -> None:
        self._speaking = speaking
        self._before: deque[Pcm] = deque()
        self._stream: SoundStream | None = None
        self._speech_id = ""
        self._quiet_s = 0.0

    async def listen(self, sound: AsyncIterator[Pcm]) -> None:
        """Speak what is said, until the sound ends."""
        try:
            async for block in sound:
                await self._hear(block)
        finally:
            if self._stream is not None:
                self._stream.finish()
                self._speaking.stop(self._speech_id)

    async def _hear(self, block: Pcm) -> None:
        seconds = len(block) / AUDIO_CLOCK_HZ
        level = float(levels_db(block, AUDIO_CLOCK_HZ).max(initial=-60.0))
        if self._stream is None and level > OPEN_DB:
            self._begin()
        if self._stream is None:
            self._before.append(block)
            while sum(map(len, self._before)) > BEFORE_S * AUDIO_CLOCK_HZ:
                self._before.popleft()
            return
        self._quiet_s = 0.0 if level > SHUT_DB else self._quiet_s + seconds
        for each in (*self._before, block):
            await self._stream.feed(each.astype("<i2").tobytes())
        self._before.clear()
        if self._quiet_s >= HANG_S:
            self._stream.finish()
            self._stream = None

    def _begin(self) -> None:
        stream = SoundStream(AUDIO_CLOCK_HZ)
        try:
            self._speech_id = self._speaking.play(stream.pieces(), lead_s=STREAM_LEAD_S)
        except CapacityExceeded:
            return  # too much waits to be said already: this is not heard
        self._stream, self._quiet_s = stream, 0.0
