"""Samples that come in pieces cut anywhere, perhaps behind the header of a WAV, as 48 kHz mono."""

from typing import Literal

import av
import numpy as np

from avatar_rtc.errors import InputError
from avatar_rtc.sound.format import file_format
from avatar_rtc.sound.mpeg_frames import FRAME_HEADER_BYTES, next_frame
from avatar_rtc.sound.pcm import Pcm, check_channels, check_rate, silence
from avatar_rtc.sound.resample import Mono
from avatar_rtc.sound.resemblance import unlike_samples
from avatar_rtc.sound.wav_header import FOLLOWING_BYTES, following, is_wav, read_wav_header

LEAST_S = 0.005
"""So much is taken in at once: a decoder's call for every sample would cost more than the sound lasts."""
MAX_STREAM_HEADER_BYTES = 64 * 1024
_LOOKED_AT = 12
MAX_FRAME_BYTES = 8192 + FRAME_HEADER_BYTES
"""The longest of AAC, and the header behind it."""
_CODEC = "pcm_s16le"
_WIDTH = 2


class StreamedSound:
    """One stream: 16-bit little-endian samples, or a WAV of plain samples, which says what it holds."""

    def __init__(self, rate: int, channels: int = 1, is_bare: bool = False) -> None:
        """
        Args:
            rate: Hz of bare samples.
            channels: of bare samples, which come in turns.
            is_bare: whether it is surely samples, whatever they look like.

        Raises:
            OutOfRange: no rate of speech.
        """
        check_rate(rate)
        check_channels(channels)
        self._waiting = bytearray()
        self._mono = Mono()
        self._is_bare = is_bare
        self._part: Literal["head", "sound", "behind"] = "sound" if is_bare else "head"
        """What comes next: perhaps a header, sound, or what stands behind the sound of a WAV."""
        self._left: int | None = None
        """Bytes of sound to come, as a WAV says; None is without end."""
        self._skipped = 0
        """Bytes to be left out."""
        self._taken_on: tuple[str, int, int] | None = None
        self._take_on(_CODEC, rate, channels, _WIDTH * channels)

    def push(self, data: bytes) -> Pcm:
        """What can be told of the sound so far; the last milliseconds come with the next piece.

        Raises:
            InputError: it is another kind of file, a WAV that cannot be read, or holds NaN.
        """
        if not self._is_bare and is_wav(data[:_LOOKED_AT]) and len(self._waiting) < self._frame_bytes:
            # A server that makes a WAV of every sentence sends the next one's header here.
            self._waiting.clear()
            self._part, self._left, self._skipped = "head", None, 0
        self._waiting += data
        least = max(_LOOKED_AT, round(LEAST_S * self._rate) * self._frame_bytes)
        return self._told(FOLLOWING_BYTES) if len(self._waiting) >= least else silence()

    def finish(self) -> Pcm:
        """The last of it; what is less than a sample of every channel is left out. Raises as `push`."""
        return np.concatenate([self._told(0), self._mono.finish()])

    def _told(self, ahead: int) -> Pcm:
        """All that can be told; behind the sound of a WAV only if `ahead` bytes are here."""
        parts = [silence()]
        while self._goes_on(ahead):
            here = len(self._waiting) if self._left is None else min(self._left, len(self._waiting))
            count = here // self._frame_bytes * self._frame_bytes
            parts.append(self._decoded(bytes(self._waiting[:count])))
            del self._waiting[:count]
            self._left = None if self._left is None else self._left - count
        return np.concatenate(parts)

    def _goes_on(self, ahead: int) -> bool:
        """Whether a frame of sound is here, once all is off that is before it."""
        while True:
            count = min(self._skipped, len(self._waiting))
            del self._waiting[:count]
            self._skipped -= count
            if self._part == "sound" and (self._left is None or self._left >= self._frame_bytes):
                return len(self._waiting) >= self._frame_bytes
            if self._part == "head":
                if not self._waiting or not self._begin(is_all=not ahead):
                    return False
                self._part = "sound"
            elif len(self._waiting) < (self._left or 0) + max(ahead, 1):
                return False
            else:
                self._look_behind()

    def _look_behind(self) -> None:
        """The sound that the WAV told of is over: its chunks follow, another WAV, or more sound after all."""
        left = self._left or 0
        found = following(bytes(self._waiting[left : left + FOLLOWING_BYTES]))
        was_sound, self._left = self._part == "sound", None
        if found is not None:
            self._part = "head" if found[1] else "behind"
            self._skipped = left + found[0]
        elif not was_sound:
            self._waiting.clear()

    def _begin(self, is_all: bool) -> bool:
        """Take the header off; False if more bytes are needed for it, unless these are all."""
        head = bytes(self._waiting[:_LOOKED_AT])
        if not is_wav(head):
            return self._begin_bare(head, is_all)
        header = read_wav_header(self._waiting)
        if header is None:
            if len(self._waiting) > MAX_STREAM_HEADER_BYTES:
                raise InputError(f"the WAV has no sound in its first {MAX_STREAM_HEADER_BYTES >> 10} KiB")
            return False
        form = header.form
        if form.codec is None:
            raise InputError(
                f"a streamed WAV holds plain samples, and this has those of format {form.tag:#x}"
            )
        self._take_on(form.codec, form.rate, form.channels, form.frame_bytes)
        self._left = header.declared
        del self._waiting[: header.begin]
        return True

    def _begin_bare(self, head: bytes, is_all: bool) -> bool:
        """As `_begin`, without a WAV: samples, unless they are what is none."""
        known, frames = file_format(head), bytes(self._waiting[:MAX_FRAME_BYTES])
        other = known.name if known is not None else unlike_samples(frames)
        if not other and (end := next_frame(frames)) is not None:
            if end + FRAME_HEADER_BYTES <= len(frames):
                other = "frames of mp3 or aac"
            elif not is_all:
                return False
        if other:
            raise InputError(
                f"a stream is bare samples or a WAV of them, and this looks like {other}; "
                "send a file as the body of a POST"
            )
        return True

    def _take_on(self, codec: str, rate: int, channels: int, frame_bytes: int) -> None:
        if self._taken_on == (codec, rate, channels):
            return
        self._taken_on = (codec, rate, channels)
        self._rate, self._frame_bytes = rate, frame_bytes
        decoder = av.CodecContext.create(codec, "r")
        assert isinstance(decoder, av.AudioCodecContext)
        decoder.sample_rate = rate
        decoder.layout = f"{channels}c"
        self._decoder = decoder

    def _decoded(self, frames: bytes) -> Pcm:
        return np.concatenate([silence(), *map(self._mono.push, self._decoder.decode(av.Packet(frames)))])
