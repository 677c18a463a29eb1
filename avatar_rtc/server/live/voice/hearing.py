"""From a caller's own sound to pieces of speech: a whole file, or a stream as it comes.

The times of the lips come from the best that is given: the caller's timings, its text laid beside espeak's
rendering, or the sound alone.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from avatar_rtc.errors import AvatarRtcError, CapacityExceeded, InputError, TooLarge
from avatar_rtc.face.timeline import GAIN_STEP_S
from avatar_rtc.server.limits import Lease, Pool
from avatar_rtc.server.live.voice.utterance import Piece
from avatar_rtc.sound.pcm import Pcm, pcm_from_bytes, pcm_to_bytes, silence
from avatar_rtc.sound.streamed import StreamedSound
from avatar_rtc.speech.phonemes.align import align
from avatar_rtc.speech.phonemes.lips import timeline
from avatar_rtc.speech.phonemes.loudness import Loudness, loud_phonemes
from avatar_rtc.speech.phonemes.timings import Timed, Unit
from avatar_rtc.speech.phonemes.viseme_network import Listener, load_visemes
from avatar_rtc.speech.spoken import TimedPhoneme
from avatar_rtc.speech.voices import espeak
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

log = logging.getLogger(__name__)

MAX_SECONDS = 30 * 60.0
"""Of one sound."""
MAX_ALIGNED_S = 60.0
"""A longer sound follows itself alone: laying it beside a text takes time and memory by the square."""
PIECE_S = 2.0
"""A sound that is here is heard in pieces of this length, so that it can start at once."""
TIMED_PIECE_S = 60.0
"""With timings in pieces of this length: each has a subtitle."""
STREAM_PIECE_S = 0.1
STREAM_LEAD_S = 0.2
"""Streamed sound waits so long before it is heard: lips are known some 80 ms behind the sound."""
MAX_BUFFERED_S = 60.0
"""Of a stream that comes faster than it is heard; beyond that it has to wait."""
SOUND_PATIENCE_S = 10.0
"""A stream that was begun and does not bring a piece within so long is over."""
GAIN_STEP_SAMPLES = round(GAIN_STEP_S * AUDIO_CLOCK_HZ)
"""A gain is told per step: pieces of one sound, but the last, are whole multiples of it."""
_SLICE_BYTES = 96_000
"""So much of a message is taken in before the event loop may do something else: 2 ms of work."""


class SoundSource(Protocol):
    """Sound of 48 kHz, mono, that is read from its beginning to its end."""

    async def read(self, samples: int) -> tuple[Pcm, bool]:
        """The next so many, fewer only at the end, and whether that is the end.

        Raises:
            InputError: it is damaged here.
        """


class Recorded:
    """A sound that is here as a whole, as a `SoundSource`."""

    def __init__(self, pcm: Pcm) -> None:
        self._pcm = pcm

    async def read(self, samples: int) -> tuple[Pcm, bool]:
        """See `SoundSource.read`."""
        taken, self._pcm = self._pcm[:samples], self._pcm[samples:]
        return taken, not len(self._pcm)


async def pieces_of(
    source: SoundSource, text: str = "", units: Sequence[Unit] = ()
) -> AsyncGenerator[Piece, None]:
    """A sound with its words or its timings, if they are known; raises as `SoundSource.read`."""
    ears: SoundFollower | _Prompted = SoundFollower()
    step_s = PIECE_S
    if units:
        ears, step_s = await asyncio.to_thread(_Prompted, units), TIMED_PIECE_S
    first = silence()
    if text and not units:
        first, is_last = await source.read(round(MAX_ALIGNED_S * AUDIO_CLOCK_HZ))
        if is_last:
            try:
                yield await asyncio.to_thread(_aligned, first, text)
                return
            except AvatarRtcError as error:
                log.info("no alignment (%s); the lips follow the sound alone", error)
            source = Recorded(first)
        else:
            source = _Joined(first, source)
    is_last = False
    while not is_last:
        pcm, is_last = await source.read(round(step_s * AUDIO_CLOCK_HZ))
        if len(pcm):
            yield await asyncio.to_thread(ears.hear, pcm, is_last)


def pieces_of_sound(pcm: Pcm, text: str = "", units: Sequence[Unit] = ()) -> AsyncGenerator[Piece, None]:
    """A sound of 48 kHz that is here as a whole."""
    return pieces_of(Recorded(pcm), text, units)


class _Joined:
    """What has been read of a source, and the rest of it."""

    def __init__(self, begun: Pcm, rest: SoundSource) -> None:
        self._begun, self._rest = Recorded(begun), rest
        self._is_begun = True

    async def read(self, samples: int) -> tuple[Pcm, bool]:
        if not self._is_begun:
            return await self._rest.read(samples)
        pcm, is_last = await self._begun.read(samples)
        self._is_begun = not is_last
        return pcm, False


class SoundStream:
    """Sound that comes bit by bit; a `SoundSource`. Used on the event loop."""

    def __init__(self, rate: int, pool: Pool | None = None, channels: int = 1, is_bare: bool = False) -> None:
        """
        Args:
            rate: Hz of 16-bit samples; a WAV in the stream says its own.
            pool: what waits to be heard is taken of it, in seconds; None is without bounds.
            channels: whose samples come in turns.
            is_bare: whether it is surely samples, whatever they look like.

        Raises:
            OutOfRange: no rate of speech.
        """
        self._sound = StreamedSound(rate, channels, is_bare)
        self._bytes = bytearray()
        self._lease = Lease(pool) if pool is not None else None
        self._total_s = 0.0
        self._news, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()
        self.is_complete = False

    async def feed(self, data: bytes) -> None:
        """Take sound, cut anywhere; waits while too much of it has not been heard yet.

        Raises:
            InputError: it is another kind of file, or a WAV that cannot be read.
            TooLarge: the stream is longer than a sound may be.
            CapacityExceeded: too much waits to be heard, by all avatars; this is left out.
        """
        for begin in range(0, len(data), _SLICE_BYTES):
            if self.is_complete:
                return
            try:
                pcm = self._sound.push(data[begin : begin + _SLICE_BYTES])
            except InputError:
                self.finish()  # told once: the rest of it may be on its way
                raise
            await self._feed(pcm)
            await asyncio.sleep(0)

    def offer(self, pcm: Pcm) -> bool:
        """Take sound of the stream's rate if there is room for it; False if not."""
        if not self._room.is_set() or self.is_complete or self._total_s >= MAX_SECONDS:
            return False
        pcm = self._sound.push(pcm_to_bytes(pcm))
        try:
            self._grow(len(pcm))
        except CapacityExceeded:
            return False
        self._put(pcm)
        return True

    def finish(self) -> InputError | None:
        """Nothing more comes; what is wrong with the end, which is left out then, if anything is."""
        if self.is_complete:
            return None
        self.is_complete, wrong = True, None
        try:
            rest = self._sound.finish()
        except InputError as error:
            log.info("the end of a stream is no sound: %s", error)
            rest, wrong = silence(), error
        self._put(rest)
        return wrong

    def abandon(self) -> None:
        """Nobody will hear the rest: what waits is dropped, and so is what still comes."""
        self.is_complete = True
        self._bytes.clear()
        if self._lease is not None:
            self._lease.release()
        self._room.set()
        self._news.set()

    async def pieces(self) -> AsyncGenerator[Piece, None]:
        """What has come, as soon as it makes a piece."""
        ears = SoundFollower()
        while not self.is_drained:
            # All that is here at once: a stream that runs ahead need not be heard in small pieces.
            pcm = await self.some(PIECE_S)
            if len(pcm):
                yield await asyncio.to_thread(ears.hear, pcm, self.is_drained)

    @property
    def is_drained(self) -> bool:
        """True if all of it has been taken, and nothing more comes."""
        return self.is_complete and not self._bytes

    async def some(self, most_s: float) -> Pcm:
        """What is here as soon as it makes a piece, at most so many seconds of it; little only at the end."""
        await self._gather(STREAM_PIECE_S)
        return self._take(round(most_s * AUDIO_CLOCK_HZ))

    async def read(self, samples: int) -> tuple[Pcm, bool]:
        """See `SoundSource.read`."""
        while self.buffered_s < min(samples / AUDIO_CLOCK_HZ, MAX_BUFFERED_S) and not self.is_complete:
            await self._gather(self.buffered_s + STREAM_PIECE_S)
        pcm = self._take(samples)
        return pcm, self.is_drained

    @property
    def buffered_s(self) -> float:
        """Seconds of it that nobody has taken."""
        return len(self._bytes) / 2 / AUDIO_CLOCK_HZ

    async def _gather(self, seconds: float) -> None:
        """Until so much is here; a stream that takes too long for it is over."""
        try:
            async with asyncio.timeout(SOUND_PATIENCE_S):
                while self.buffered_s < seconds and not self.is_complete:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            self.finish()

    async def _feed(self, pcm: Pcm) -> None:
        if self._total_s >= MAX_SECONDS:
            raise TooLarge(f"streamed sound lasts at most {MAX_SECONDS / 60:.0f} minutes; begin another")
        while not self.is_complete:
            await self._room.wait()
            if self.is_complete:
                return  # abandoned meanwhile: what is taken of the pool now, nobody would give back
            try:
                self._grow(len(pcm))
                break
            except CapacityExceeded:
                if not self._bytes:
                    raise  # it is others that wait
                self._room.clear()
        if not self.is_complete:
            self._put(pcm)

    def _grow(self, samples: int) -> None:
        seconds = samples / AUDIO_CLOCK_HZ
        if self._lease is not None:
            self._lease.grow(seconds)
        self._total_s += seconds

    def _put(self, pcm: Pcm) -> None:
        self._bytes += pcm_to_bytes(pcm)
        if self.buffered_s > MAX_BUFFERED_S:
            self._room.clear()
        self._news.set()

    def _take(self, most: int) -> Pcm:
        here = len(self._bytes) // 2
        step = GAIN_STEP_SAMPLES
        count = min(most, here if self.is_complete else here // step * step)
        pcm = pcm_from_bytes(bytes(self._bytes[: 2 * count]))
        del self._bytes[: 2 * count]
        if self._lease is not None:
            self._lease.shrink(count / AUDIO_CLOCK_HZ)
        self._room.set()
        return pcm


class _Prompted:
    """Follows the caller's timings in consecutive pieces of one sound."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._timed = Timed(units)
        self._loudness = Loudness(AUDIO_CLOCK_HZ)
        self._begin = 0.0

    def hear(self, pcm: Pcm, is_last: bool) -> Piece:
        """The next piece."""
        begin, self._begin = self._begin, self._begin + len(pcm) / AUDIO_CLOCK_HZ
        phonemes, words, text = self._timed.between(begin, self._begin)
        lips = timeline(pcm, AUDIO_CLOCK_HZ, phonemes, loudness=self._loudness)
        return Piece(pcm, lips, "timings", text, words)


class SoundFollower:
    """Hears phonemes in consecutive pieces of one sound, and makes the lips of them."""

    def __init__(self) -> None:
        self.loudness = Loudness(AUDIO_CLOCK_HZ)
        """Of what it has heard."""
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
        lips = timeline(pcm, AUDIO_CLOCK_HZ, phonemes, loudness=self.loudness)
        return Piece(pcm, lips, "audio" if self._listener else "loudness")


def _aligned(pcm: Pcm, text: str) -> Piece:
    phonemes, words = align(espeak.render(text), pcm, AUDIO_CLOCK_HZ, load_visemes())
    lips = timeline(pcm, AUDIO_CLOCK_HZ, phonemes, marks_burst=True)
    return Piece(pcm, lips, "aligned", text, words)
