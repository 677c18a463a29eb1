"""From a caller's own sound to pieces of speech: a whole file, or a stream as it comes.

The times of the lips come from the best that is given: the caller's timings, its text laid beside espeak's
rendering, or the sound alone.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence

import numpy as np

from avatar_rtc.errors import AvatarRtcError, InputError
from avatar_rtc.frame import AUDIO_CLOCK_HZ
from avatar_rtc.media.opus import Pcm
from avatar_rtc.media.pcm import Resampler
from avatar_rtc.server.voice.utterance import Piece
from avatar_rtc.speech import espeak
from avatar_rtc.speech.align import align
from avatar_rtc.speech.lips import timeline
from avatar_rtc.speech.loudness import Loudness, loud_phonemes
from avatar_rtc.speech.spoken import TimedPhoneme
from avatar_rtc.speech.timings import Unit, timed
from avatar_rtc.speech.viseme_network import Listener, load_network

log = logging.getLogger(__name__)

MAX_SECONDS = 30 * 60.0
"""Of one sound."""
MAX_ALIGNED_S = 60.0
"""A longer sound follows itself alone: laying it beside a text takes time and memory by the square."""
PIECE_S = 2.0
"""A file is heard in pieces of this length, so that it can start at once."""
STREAM_PIECE_S = 0.1
STREAM_LEAD_S = 0.2
"""Streamed sound waits so long before it is heard: lips are known some 80 ms behind the sound."""
MAX_BUFFERED_S = 60.0
"""Of a stream that comes faster than it is heard; beyond that it has to wait."""
STREAM_PATIENCE_S = 10.0
"""A stream that was begun and brings nothing for so long is over."""


async def pieces_of_sound(
    pcm: Pcm, text: str = "", units: Sequence[Unit] = ()
) -> AsyncGenerator[Piece, None]:
    """A sound of 48 kHz that is here as a whole."""
    if units:
        yield await asyncio.to_thread(_timed_by_caller, pcm, units)
        return
    if text and len(pcm) <= MAX_ALIGNED_S * AUDIO_CLOCK_HZ:
        try:
            yield await asyncio.to_thread(_aligned, pcm, text)
            return
        except AvatarRtcError as error:
            log.info("no alignment (%s); the lips follow the sound alone", error)
    ears = _Ears()
    step = round(PIECE_S * AUDIO_CLOCK_HZ)
    for first in range(0, len(pcm), step):
        yield await asyncio.to_thread(ears.hear, pcm[first : first + step], first + step >= len(pcm))


class SoundStream:
    """Mono 16-bit sound that comes bit by bit, of any rate. Used on the event loop."""

    def __init__(self, rate: int) -> None:
        """
        Raises:
            OutOfRange: no rate of speech.
        """
        self._resampler = Resampler(rate)
        self._parts: list[Pcm] = []
        self._buffered = 0
        self._news, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()
        self.is_complete = False

    async def feed(self, data: bytes) -> None:
        """Take sound; waits while too much of it has not been heard yet.

        Raises:
            InputError: half a sample.
        """
        if len(data) % 2:
            raise InputError("a message of 16-bit sound has an even number of bytes")
        await self._room.wait()
        if not self.is_complete:
            self._put(self._resampler.push(np.frombuffer(data, "<i2")))

    def finish(self) -> None:
        """Nothing more comes."""
        if not self.is_complete:
            self.is_complete = True
            self._put(self._resampler.finish())

    def abandon(self) -> None:
        """Nobody will hear the rest: what waits is dropped, and so is what still comes."""
        self.is_complete = True
        self._parts, self._buffered = [], 0
        self._room.set()
        self._news.set()

    async def pieces(self) -> AsyncGenerator[Piece, None]:
        """What has come, as soon as it makes a piece."""
        ears = _Ears()
        wanted = round(STREAM_PIECE_S * AUDIO_CLOCK_HZ)
        while not (self.is_complete and not self._buffered):
            while self._buffered < wanted and not self.is_complete:
                await self._wait()
            # All that is here at once: a stream that runs ahead need not be heard in small pieces.
            pcm = self._take(round(PIECE_S * AUDIO_CLOCK_HZ))
            is_last = self.is_complete and not self._buffered
            if len(pcm):
                yield await asyncio.to_thread(ears.hear, pcm, is_last)

    async def rest(self) -> Pcm:
        """All of it, when all of it has come."""
        while not self.is_complete:
            await self._wait()
        return self._take(self._buffered)

    async def _wait(self) -> None:
        """Until more comes; a stream that brings nothing for too long is over."""
        self._news.clear()
        try:
            async with asyncio.timeout(STREAM_PATIENCE_S):
                await self._news.wait()
        except TimeoutError:
            self.finish()

    def _put(self, pcm: Pcm) -> None:
        self._parts.append(pcm)
        self._buffered += len(pcm)
        if self._buffered > MAX_BUFFERED_S * AUDIO_CLOCK_HZ:
            self._room.clear()
        self._news.set()

    def _take(self, most: int) -> Pcm:
        whole = np.concatenate(self._parts) if self._parts else np.zeros(0, np.int16)
        # Gains are told per 10 ms, so pieces but the last are whole multiples of it.
        count = min(most, len(whole) if self.is_complete else len(whole) // 480 * 480)
        self._parts = [whole[count:]]
        self._buffered = len(whole) - count
        self._room.set()
        return whole[:count]


class _Ears:
    """Hears phonemes in consecutive pieces of one sound."""

    def __init__(self) -> None:
        self._loudness = Loudness(AUDIO_CLOCK_HZ)
        self._listener: Listener | None = None
        try:
            self._listener = Listener(AUDIO_CLOCK_HZ)
        except AvatarRtcError as error:
            log.warning("no network for lips (%s); they follow loudness alone", error)
        self._begin = 0.0

    def hear(self, pcm: Pcm, is_last: bool) -> Piece:
        """The next piece. The network is a little behind: the end of a piece moves with the next one."""
        begin, self._begin = self._begin, self._begin + len(pcm) / AUDIO_CLOCK_HZ
        if self._listener is None:
            phonemes: Sequence[TimedPhoneme] = loud_phonemes(pcm, AUDIO_CLOCK_HZ)
        else:
            found = self._listener.hear(pcm) + (self._listener.finish() if is_last else [])
            phonemes = [TimedPhoneme(p.start - begin, p.end - begin, p.ipa) for p in found]
        lips = timeline("", 0.0, pcm, AUDIO_CLOCK_HZ, phonemes, loudness=self._loudness)
        return Piece(pcm, lips, "audio" if self._listener else "loudness")


def _timed_by_caller(pcm: Pcm, units: Sequence[Unit]) -> Piece:
    phonemes, words, text = timed(units, len(pcm) / AUDIO_CLOCK_HZ)
    lips = timeline("", 0.0, pcm, AUDIO_CLOCK_HZ, phonemes)
    return Piece(pcm, lips, "timings", text, words)


def _aligned(pcm: Pcm, text: str) -> Piece:
    phonemes, words = align(espeak.render(text), pcm, AUDIO_CLOCK_HZ, load_network())
    lips = timeline("", 0.0, pcm, AUDIO_CLOCK_HZ, phonemes, marks_burst=True)
    return Piece(pcm, lips, "aligned", text, words)
