"""Opus decoded block by block, with what libopus makes of blocks that were lost.

PyAV decodes what came, and conceals if it is given a packet without content. It has no way to read the copy
of a lost block out of the packet behind it: where the libopus that PyAV brings can be reached, that is asked.
"""

import ctypes
from functools import lru_cache
from typing import Protocol

import av
import numpy as np
from av.codec import context

from avatar_rtc.media.receiving.opus_packets import MAX_OPUS_SAMPLES, has_copy, samples_of
from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

CHANNELS = 2


class Mender(Protocol):
    """A decoder of one stream; sound is (samples, 2) int16 at 48 kHz."""

    def decode(self, packet: bytes) -> Pcm:
        """The block of a packet that came.

        Raises:
            ValueError: it is broken.
        """

    def conceal(self, samples: int) -> Pcm:
        """A block instead of one that is lost: the sound goes on, and fades within a few."""

    def mend(self, following: bytes, samples: int) -> Pcm | None:
        """The block that is lost, from the packet behind it; None if that has no copy of it."""


def create_mender() -> Mender:
    """The best there is here."""
    library = libopus()
    return LibopusMender(library) if library is not None else AvMender()


@lru_cache
def libopus() -> ctypes.CDLL | None:
    """The libopus that PyAV has loaded; None where its names are not found through PyAV's, as on Windows."""
    try:
        library = ctypes.CDLL(context.__file__)  # names are looked up in what it is linked with, too
        library.opus_decoder_get_size.argtypes = [ctypes.c_int]
        library.opus_decoder_init.argtypes = [ctypes.c_void_p, ctypes.c_int32, ctypes.c_int]
        library.opus_decode.argtypes = [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_int32,
            ctypes.c_void_p,
            ctypes.c_int,
            ctypes.c_int,
        ]
    except (AttributeError, OSError):
        return None
    return library


class LibopusMender:
    """Decodes with libopus itself."""

    def __init__(self, library: ctypes.CDLL) -> None:
        """`library` is of `libopus`."""
        self._decode = library.opus_decode
        self._decoder = ctypes.create_string_buffer(library.opus_decoder_get_size(CHANNELS))
        failed = library.opus_decoder_init(self._decoder, AUDIO_CLOCK_HZ, CHANNELS)
        assert failed == 0, "libopus knows 48 kHz and two channels"

    def decode(self, packet: bytes) -> Pcm:
        """See `Mender`."""
        if not packet:
            raise ValueError("an empty packet is no Opus")
        return self._run(packet, MAX_OPUS_SAMPLES, from_copy=False)

    def conceal(self, samples: int) -> Pcm:
        """See `Mender`."""
        return self._run(None, samples, from_copy=False)

    def mend(self, following: bytes, samples: int) -> Pcm | None:
        """See `Mender`."""
        return self._run(following, samples, from_copy=True) if has_copy(following) else None

    def _run(self, packet: bytes | None, samples: int, from_copy: bool) -> Pcm:
        sound = np.empty((samples, CHANNELS), np.int16)
        found = self._decode(
            self._decoder, packet, len(packet or b""), sound.ctypes.data, samples, int(from_copy)
        )
        if found < 0:
            raise ValueError(f"libopus cannot decode a packet: error {found}")
        return sound[:found]


class AvMender:
    """Decodes with PyAV alone, which conceals but cannot mend."""

    def __init__(self) -> None:
        """A decoder of its own."""
        decoder = av.CodecContext.create("libopus", "r")
        decoder.format, decoder.layout = av.AudioFormat("s16"), av.AudioLayout("stereo")
        decoder.sample_rate = AUDIO_CLOCK_HZ
        self._decoder = decoder
        self._last = bytes([15 << 3])

    def decode(self, packet: bytes) -> Pcm:
        """See `Mender`."""
        if not samples_of(packet):
            raise ValueError("a packet is no Opus")
        self._last = packet[:1]
        return self._run(packet)

    def conceal(self, samples: int) -> Pcm:
        """See `Mender`."""
        # A frame of no bytes: the sender has left it out, and libopus goes on by itself.
        blocks = max(1, round(samples / samples_of(bytes([self._last[0] & ~3]))))
        return np.concatenate([self._run(bytes([self._last[0] & ~3])) for _ in range(blocks)])

    def mend(self, following: bytes, samples: int) -> Pcm | None:
        """See `Mender`."""
        return None

    def _run(self, packet: bytes) -> Pcm:
        try:
            frames = self._decoder.decode(av.Packet(packet))
        except av.FFmpegError as error:
            raise ValueError(f"PyAV cannot decode a packet of Opus: {error}") from error
        sound = np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])
        return sound.reshape(-1, CHANNELS).astype(np.int16)
