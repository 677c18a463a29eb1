"""Sound files from outside, decoded: mono, 16 bit, of 48 kHz unless their own rate is asked for.

All doors read with this: bodies, forms, answers of speech servers. What comes as a stream is read by
`streamed.py`, with the same decoders and the same header of a WAV.
"""

import io
import logging
import math
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import av
import numpy as np
from av.audio.stream import AudioStream

from avatar_rtc.errors import InputError, TooLarge
from avatar_rtc.sound.format import WANTED_SOUND, openable
from avatar_rtc.sound.pcm import Pcm, check_channels, check_rate, silence
from avatar_rtc.sound.resample import Mono
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

log = logging.getLogger(__name__)

EXAMINED_S = 2.0
"""So much of a file is decoded to see whether it is sound."""


class SoundReader:
    """A sound file in memory, decoded as it is asked for, to mono. Not for two threads at once."""

    def __init__(self, data: bytes, until: float = math.inf, rate: int | None = AUDIO_CLOCK_HZ) -> None:
        """Open it.

        Args:
            until: CLOCK_MONOTONIC second by which the call has to be done.
            rate: Hz of what is read; None is the file's own.

        Raises:
            InputError: it is none of the formats that are taken, or there is no sound in it that is.
            TooLarge: it took too long.
        """
        kind, data = openable(data)
        self._decoders = kind.decoders
        self._bytes = _Bytes(data, until)
        self._heard = 0
        self._parts: list[Pcm] = []
        self._waiting = 0
        self._mono = Mono(rate)
        self._is_decoded = False
        self.damage: InputError | None = None
        """What ends it early; the sound before it can still be read."""
        left = None if until == math.inf else max(0.1, until - time.monotonic())
        with self._told():
            self._container = av.open(
                self._bytes, "r", format=kind.demuxer, options=kind.options, timeout=left
            )
            self._stream = self._sound_of(self._container)
            self._packets = self._container.demux(self._stream)

    @property
    def rate(self) -> int:
        """Hz of what is read; the file's own is known for sure once some of it has been."""
        return self._mono.rate or self._stream.codec_context.sample_rate

    def read(self, samples: int, until: float = math.inf) -> Pcm:
        """The next samples; fewer only at the end, and before damage, which the next call tells.

        Raises:
            InputError: it is damaged, or holds numbers that are none (NaN).
            TooLarge: it took too long.
        """
        if self.damage is not None and not self._waiting:
            raise self.damage
        self._bytes.until = until
        try:
            with self._told():
                while self._waiting < samples and not self._is_decoded:
                    self._check_time()
                    self._decode(next(self._packets, None))
        except TooLarge:
            raise
        except InputError as damage:
            self._is_decoded, self.damage = True, damage
            if not self._waiting:
                raise
        whole = np.concatenate([silence(), *self._parts])
        self._parts, self._waiting = [whole[samples:].copy()], max(0, len(whole) - samples)
        return whole[:samples]

    @property
    def is_done(self) -> bool:
        """True once all of it has been read, and it was not damaged."""
        return self._is_decoded and not self._waiting and self.damage is None

    def seconds(self, most: float) -> float:
        """How long the rest lasts, in s, by the times of its packets, undecoded; the reader is then spent.

        Raises:
            InputError: it is damaged.
            TooLarge: more than `most`, or it took too long.
        """
        # Whole numbers: there may be hundreds of thousands of packets.
        unit = float(self._stream.time_base or 0)
        total, first, last = 0, None, 0
        with self._told():
            for packet in self._packets:
                self._check_time()
                total += packet.duration or 0
                if packet.pts is not None:
                    first = packet.pts if first is None else min(first, packet.pts)
                    last = max(last, packet.pts)
                if total * unit > most:
                    raise _too_long(most)
        return max(total, last - (first or 0)) * unit

    def close(self) -> None:
        """Let go of it."""
        self._container.close()

    def _sound_of(self, container: "av.container.InputContainer") -> AudioStream:
        if not container.streams.audio:
            raise InputError("the file has no sound in it")
        stream = container.streams.audio[0]
        context = stream.codec_context
        name = context.codec.name if context is not None else "none"
        if name not in self._decoders:
            raise InputError(
                f"the sound in this file is coded as {name}, which is not taken; wanted is {WANTED_SOUND}"
            )
        if context.channels:  # 0 is not known yet
            check_channels(context.channels)
        if context.sample_rate:
            check_rate(context.sample_rate)
        return stream

    def _decode(self, packet: "av.Packet[AudioStream] | None") -> None:
        frames = packet.decode() if packet is not None else []
        for frame in frames:
            self._keep(self._mono.push(frame))
        if packet is None:
            self._keep(self._mono.finish())
            self._is_decoded = True

    def _keep(self, pcm: Pcm) -> None:
        self._parts.append(pcm)
        self._waiting += len(pcm)
        self._heard += len(pcm)

    def _check_time(self) -> None:
        if time.monotonic() > self._bytes.until:
            raise TooLarge("the sound takes too long to decode; send it as wav, flac or mp3")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What FFmpeg has to say about it, said so that one can mend it."""
        try:
            yield
        except (av.FFmpegError, ValueError, EOFError) as error:
            self._check_time()
            if not self._heard:
                raise InputError(f"not a sound file that can be read ({WANTED_SOUND}): {error}") from None
            at = self._heard / self.rate
            raise InputError(f"the sound file is damaged after {at:.1f} s: {error}") from None


class _Bytes(io.BytesIO):
    """Bytes that end when it is too late, so that nothing searches them for ever."""

    def __init__(self, data: bytes, until: float) -> None:
        super().__init__(data)
        self.until = until

    def read(self, size: int | None = -1, /) -> bytes:
        return b"" if time.monotonic() > self.until else super().read(size)


def examine(data: bytes, max_seconds: float, until: float = math.inf) -> float:
    """How long a sound file lasts, in s, once its beginning has been decoded.

    Args:
        until: CLOCK_MONOTONIC second by which that has to be known.

    Raises:
        InputError: it is none that is taken, is damaged before any sound, or holds none.
        TooLarge: it lasts longer than `max_seconds`, or takes too long.
    """
    with closing(SoundReader(data, until)) as reader:
        head = reader.read(round(min(EXAMINED_S, max_seconds + 1) * AUDIO_CLOCK_HZ), until)
        is_all = reader.is_done or reader.damage is not None
    seconds = len(head) / AUDIO_CLOCK_HZ
    if not len(head):
        raise InputError("the sound file holds no sound")
    if not is_all:
        with closing(SoundReader(data, until)) as reader:
            seconds = max(seconds, reader.seconds(max_seconds + EXAMINED_S))
    if seconds > max_seconds:
        raise _too_long(max_seconds)
    return seconds


def read_sound(data: bytes, max_seconds: float, rate: int | None = None) -> tuple[Pcm, int]:
    """A sound file as mono, all of it, or all before it is damaged; and its rate in Hz.

    Args:
        rate: the rate that is wanted; None leaves it as it is.

    Raises:
        InputError: it is none that is taken, is damaged before any sound, or holds none.
        OutOfRange: its rate is no rate of speech.
        TooLarge: it lasts longer than `max_seconds`.
    """
    with closing(SoundReader(data, rate=rate)) as reader:
        pcm = reader.read(1)
        most = math.floor(max_seconds * reader.rate)
        if reader.damage is None:
            pcm = np.concatenate([pcm, reader.read(most)])
        if reader.damage is not None:
            log.warning("%s; what comes before is heard", reader.damage)
        rate = reader.rate
    if len(pcm) > most:
        raise _too_long(max_seconds)
    if not len(pcm):
        raise InputError("the sound file holds no sound")
    return pcm, rate


def _too_long(seconds: float) -> TooLarge:
    length = f"{seconds / 60:.0f} minutes" if seconds >= 60 else f"{seconds:g} s"
    return TooLarge(f"the sound lasts longer than {length}; send it in parts")
