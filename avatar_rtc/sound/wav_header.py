"""What a WAV says of itself, read as leniently as its many writers need.

Those who write it while they make it cannot know its length; they write 0, all ones, or that of a piece.
Others forget the byte that pads an odd chunk, the size of a frame, or what to do with 24 bits.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from avatar_rtc.errors import InputError
from avatar_rtc.sound.pcm import check_channels, check_rate

Bytes = bytes | bytearray
PCM_CODECS = {
    (1, 1): "pcm_u8",
    (1, 2): "pcm_s16le",
    (1, 3): "pcm_s24le",
    (1, 4): "pcm_s32le",
    (3, 4): "pcm_f32le",
    (3, 8): "pcm_f64le",
    (6, 1): "pcm_alaw",
    (7, 1): "pcm_mulaw",
}
"""(format tag, bytes of a sample) → FFmpeg's decoder."""
MAX_BEFORE_BYTES = 1 << 20
"""Of chunks before the sound; pictures of an album lie there."""
MAX_CHUNKS = 1_000
"""Before a sound, or behind it."""
MAX_WAVS = 1_000
"""That are laid end to end."""
RIFFS = (b"RIFF", b"RF64")
_HEAD_BYTES = 12
FOLLOWING_BYTES = _HEAD_BYTES + 1
"""Behind a sound, that tell what follows."""
_STREAMED_BYTES = 0x7FFF_0000
"""A length of this or more is no length, for want of a better."""
_EXTENSIBLE, _PCM_TAG = 0xFFFE, 1
_CHUNKS = frozenset(
    b"fmt |data|LIST|fact|JUNK|junk|PAD |FLLR|bext|iXML|ds64|cue |id3 |ID3 |PEAK|smpl|inst|plst|_PMX"
    b"|axml|chna|minf|elm1|regn|umid|cart|DISP|afsp|acid|strc|wavl|slnt|labl|note|adtl|C2PA".split(b"|")
)


@dataclass(frozen=True)
class WavForm:
    """How the samples of a WAV are written."""

    tag: int
    channels: int
    rate: int
    width: int
    """Bytes of a sample; 0 where the tag is not of plain samples."""
    raw: bytes
    """The content of its `fmt ` chunk."""

    @property
    def codec(self) -> str | None:
        """FFmpeg's decoder of plain samples; None if they are packed otherwise."""
        return PCM_CODECS.get((self.tag, self.width))

    @property
    def frame_bytes(self) -> int:
        """Of one sample of every channel."""
        return self.channels * self.width

    def chunk(self) -> bytes:
        """Its `fmt ` chunk, without its mistakes."""
        if self.codec is None:
            content = self.raw
        else:
            frame = self.frame_bytes
            numbers = (self.tag, self.channels, self.rate, self.rate * frame, frame, 8 * self.width)
            content = struct.pack("<HHIIHH", *numbers)
        return b"fmt " + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


@dataclass(frozen=True)
class WavHeader:
    """What stands before the samples."""

    form: WavForm
    begin: int
    """The index of the first byte of sound."""
    declared: int | None
    """How many bytes of sound it says there are; None if that is no length."""


def is_wav(head: Bytes) -> bool:
    """Whether these bytes begin a WAV; twelve are enough."""
    return head[:4] in RIFFS and head[8:12] == b"WAVE"


def read_wav_header(data: Bytes, start: int = 0) -> WavHeader | None:
    """The header of a WAV that begins at `start`; None if more bytes are needed to tell.

    Raises:
        InputError: it says nothing of its samples, or what cannot be.
        OutOfRange: its rate is no rate of speech.
    """
    at, form = start + _HEAD_BYTES, None
    for _ in range(MAX_CHUNKS):
        if at + 8 > len(data):
            return None
        kind, size = struct.unpack_from("<4sI", data, at)
        at += 8
        if kind == b"data":
            if form is None:
                raise InputError("the WAV does not say how its samples are written")
            return WavHeader(form, at, size if 0 < size < _STREAMED_BYTES else None)
        if kind == b"fmt " and at + size <= len(data):
            form = _form(bytes(data[at : at + size]))
        if at + size > start + MAX_BEFORE_BYTES:
            return _sought(data, at, start + MAX_BEFORE_BYTES, form)
        at = after_chunk(data, at + size, size)
    raise InputError(f"the WAV has more than {MAX_CHUNKS} chunks before its sound")


def after_chunk(data: Bytes, end: int, size: int) -> int:
    """Where the next chunk begins: an odd one is padded, unless its writer forgot it."""
    return end if size % 2 == 0 or bytes(data[end : end + 4]) in _CHUNKS else end + 1


def following(head: bytes) -> tuple[int, bool] | None:
    """What stands behind the sound of a WAV, or behind a chunk there; None is more sound, or nothing.

    Returns:
        How many bytes to leave out, and whether another WAV begins then.
    """
    for padding in (0, 1):
        if is_wav(head[padding : padding + _HEAD_BYTES]):
            return padding, True
        if head[padding : padding + 4] in _CHUNKS and len(head) >= padding + 8:
            return padding + 8 + int.from_bytes(head[padding + 4 : padding + 8], "little"), False
    return None


def mended(data: bytes) -> bytes:
    """The WAV with true lengths and nothing but its sound; several of one form, one after the other, are one.

    Raises:
        InputError, OutOfRange: as `read_wav_header`, or it ends before its sound begins.
    """
    first = read_wav_header(data)
    if first is None:
        raise InputError("the WAV is cut off before its sound begins")
    header: WavHeader | None = first
    sounds = list[memoryview]()
    while header is not None and header.form == first.form and len(sounds) < MAX_WAVS:
        end = _end_of_sound(data, header.begin, header.declared)
        sounds.append(memoryview(data)[header.begin : end])
        at = _next_wav(data, end)
        header = read_wav_header(data, at) if at < len(data) else None
    return _written(first.form, sounds)


def wav_of(samples: bytes, rate: int, channels: int = 1) -> bytes:
    """Bare 16-bit little-endian samples as a WAV."""
    return _written(WavForm(_PCM_TAG, channels, rate, 2, b""), [memoryview(samples)])


def _written(form: WavForm, sounds: Sequence[memoryview]) -> bytes:
    fmt, size = form.chunk(), sum(map(len, sounds))
    riff = b"RIFF" + struct.pack("<I", 12 + len(fmt) + size) + b"WAVE"
    return b"".join((riff, fmt, b"data", struct.pack("<I", size), *sounds))


def _end_of_sound(data: bytes, begin: int, declared: int | None) -> int:
    """Of what is declared and what is here, what is true."""
    end = begin + (declared or 0)
    is_told = declared is not None and end >= len(data) - 1
    if is_told or following(data[end : end + FOLLOWING_BYTES]) is not None:
        return min(end, len(data))
    return len(data)


def _next_wav(data: bytes, end: int) -> int:
    """Where another WAV begins behind this sound and its chunks; the end if there is none."""
    at = end
    for _ in range(MAX_CHUNKS):
        found = following(data[at : at + FOLLOWING_BYTES])
        if found is None:
            break
        at += found[0]
        if found[1]:
            return at
    return len(data)


def _sought(data: Bytes, at: int, end: int, form: WavForm | None) -> WavHeader | None:
    """The sound behind a chunk whose length cannot be."""
    found = data.find(b"data", at, end)
    if form is None or found < 0:
        raise InputError("a chunk of the WAV says that it is longer than a megabyte")
    if found + 8 > len(data):
        return None
    size = int.from_bytes(data[found + 4 : found + 8], "little")
    return WavHeader(form, found + 8, size if 0 < size < _STREAMED_BYTES else None)


def _form(raw: bytes) -> WavForm:
    if len(raw) < 14:
        raise InputError("the WAV does not say how its samples are written")
    tag, channels, rate, _, frame = struct.unpack_from("<HHIIH", raw)
    bits = int.from_bytes(raw[14:16], "little")
    if tag == _EXTENSIBLE:
        tag = int.from_bytes(raw[24:26], "little") if len(raw) >= 26 else _PCM_TAG
    check_rate(rate)
    check_channels(channels)
    if tag not in {known for known, _ in PCM_CODECS}:
        return WavForm(tag, channels, rate, 0, raw)
    # 24 bits may lie in 4 bytes: the size of a frame tells, where it is given.
    width = frame // channels if frame and frame % channels == 0 else 0
    needed = -(-bits // 8)
    if not needed or (tag, width) not in PCM_CODECS or width < needed:
        width = needed
    if (tag, width) not in PCM_CODECS:
        raise InputError(f"the WAV says that its samples have {bits} bits; 8, 16, 24, 32, or 64 are taken")
    return WavForm(tag, channels, rate, width, raw)
