"""Which of the sound files that are taken some bytes are, by the bytes alone.

FFmpeg is never left to guess: among the formats it knows are lists of other files, descriptions of streams to
be fetched, and rare ones whose decoders take seconds for a few bytes.
"""

from dataclasses import dataclass

from avatar_rtc.errors import InputError
from avatar_rtc.sound.mp4_boxes import check_boxes

WANTED_SOUND = "wav, flac, mp3, ogg, webm, m4a or aac"
_ID3_HEAD = 10
_MAX_STREAMS = 8
_PROBED_BYTES = 1 << 20


@dataclass(frozen=True)
class SoundFormat:
    """How a kind of file is opened."""

    demuxer: str
    """FFmpeg's name of it."""
    decoders: frozenset[str]
    """FFmpeg's names of what may decode the sound in it."""

    @property
    def options(self) -> dict[str, str]:
        """For `av.open`: this format and these decoders, and nothing but the bytes that are here."""
        common = {
            "format_whitelist": self.demuxer,
            "codec_whitelist": ",".join(sorted(self.decoders)),
            "protocol_whitelist": "",
            "max_streams": str(_MAX_STREAMS),
            "probesize": str(_PROBED_BYTES),
        }
        if self.demuxer != "mov":
            return common
        return {**common, "enable_drefs": "0", "use_absolute_path": "0", "advanced_editlist": "0"}


_PCM = "pcm_u8 pcm_s16le pcm_s24le pcm_s32le pcm_f32le pcm_f64le pcm_alaw pcm_mulaw".split()
_MP3, _FLAC = ("mp3", "mp3float"), ("flac",)
_OGG = ("opus", "libopus", "vorbis", "libvorbis", *_FLAC)
WAV = SoundFormat("wav", frozenset(_PCM))
FLAC = SoundFormat("flac", frozenset(_FLAC))
MP3 = SoundFormat("mp3", frozenset(_MP3))
OGG = SoundFormat("ogg", frozenset(_OGG))
MATROSKA = SoundFormat("matroska", frozenset((*_OGG, *_MP3, *_PCM, "aac")))
MP4 = SoundFormat("mov", frozenset((*_OGG, *_MP3, "aac")))
ADTS = SoundFormat("aac", frozenset(("aac",)))


def format_of(data: bytes) -> tuple[SoundFormat, bytes]:
    """What the bytes are, and the bytes without the ID3 tags before them.

    Raises:
        InputError: none of the formats that are taken, or an MP4 whose tables are absurd.
    """
    data = _without_id3(data)
    found = _found(data[:12])
    if found is None:
        raise InputError(f"not a sound file that can be read; wanted is {WANTED_SOUND}")
    if found is MP4:
        check_boxes(data)
    return found, data


def _without_id3(data: bytes) -> bytes:
    """Tags hold pictures and chapters, which nobody hears."""
    at = 0
    while data[at : at + 3] == b"ID3" and len(data) >= at + _ID3_HEAD:
        # Seven bits of each byte count.
        size = sum(
            (byte & 0x7F) << shift for byte, shift in zip(data[at + 6 : at + 10], (21, 14, 7, 0), strict=True)
        )
        footer = _ID3_HEAD if data[at + 5] & 0x10 else 0
        at += _ID3_HEAD + size + footer
    while at and data[at : at + 1] == b"\0":  # padding that its tag does not count
        at += 1
    return data[at:] if at else data


def _found(head: bytes) -> SoundFormat | None:
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return WAV
    if head.startswith(b"fLaC"):
        return FLAC
    if head.startswith(b"OggS"):
        return OGG
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return MATROSKA
    if head[4:8] == b"ftyp":
        return MP4
    if len(head) >= 4 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        return _found_frame(head)
    return None


def _found_frame(head: bytes) -> SoundFormat | None:
    """By the header of a frame: eleven ones, version, layer, bit rate, sampling rate."""
    layer = head[1] >> 1 & 3
    if layer == 0:
        return ADTS if head[1] & 0xF0 == 0xF0 else None
    is_frame = head[1] >> 3 & 3 != 1 and head[2] >> 4 != 15 and head[2] >> 2 & 3 != 3
    return MP3 if is_frame else None
