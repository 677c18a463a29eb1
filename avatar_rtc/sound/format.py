"""Which of the sound files that are taken some bytes are, by the bytes alone.

FFmpeg is never left to guess: among the formats it knows are lists of other files, descriptions of streams to
be fetched, and rare ones whose decoders take seconds for a few bytes.
"""

from dataclasses import dataclass

from avatar_rtc.errors import InputError
from avatar_rtc.sound.mp4_boxes import check_boxes
from avatar_rtc.sound.mpeg_frames import first_frame
from avatar_rtc.sound.resemblance import resemblance
from avatar_rtc.sound.wav_header import PCM_CODECS, is_wav, mended

WANTED_SOUND = "wav, flac, mp3, ogg, webm, m4a, aac, aiff, caf, au or amr"
_ID3_HEAD = 10
_PADDING_BYTES = 64 * 1024
_MAX_STREAMS = 8
_PROBED_BYTES = 1 << 20


@dataclass(frozen=True)
class SoundFormat:
    """How a kind of file is opened."""

    name: str
    """Ours, for people."""
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


_PCM = tuple(PCM_CODECS.values())
_BIG = tuple("pcm_s8 pcm_s16be pcm_s24be pcm_s32be pcm_f32be pcm_f64be".split())
_MP3 = tuple("mp3 mp3float mp2 mp2float mp1 mp1float".split())
_FLAC, _AMR, _ALAC = ("flac",), ("amrnb", "amrwb"), ("alac",)
_ADPCM = ("adpcm_ms", "adpcm_ima_wav", "gsm_ms")
_OGG = ("opus", "libopus", "vorbis", "libvorbis", *_FLAC)
WAV = SoundFormat("wav", "wav", frozenset((*_PCM, *_ADPCM, *_MP3)))
FLAC = SoundFormat("flac", "flac", frozenset(_FLAC))
MP3 = SoundFormat("mp3", "mp3", frozenset(_MP3))
OGG = SoundFormat("ogg", "ogg", frozenset(_OGG))
MATROSKA = SoundFormat("webm", "matroska", frozenset((*_OGG, *_MP3, *_PCM, "aac")))
MP4 = SoundFormat("mp4", "mov", frozenset((*_OGG, *_MP3, *_ALAC, *_AMR, *_PCM, *_BIG, "aac")))
ADTS = SoundFormat("aac", "aac", frozenset(("aac",)))
AIFF = SoundFormat("aiff", "aiff", frozenset((*_PCM, *_BIG)))
CAF = SoundFormat("caf", "caf", frozenset((*_PCM, *_BIG, *_ALAC, "aac", "opus", "libopus")))
AU = SoundFormat("au", "au", frozenset((*_PCM, *_BIG)))
W64 = SoundFormat("w64", "w64", frozenset(_PCM))
AMR = SoundFormat("amr", "amr", frozenset(_AMR))
_MAGIC = {
    b"fLaC": FLAC,
    b"OggS": OGG,
    b"\x1a\x45\xdf\xa3": MATROSKA,
    b"caff": CAF,
    b".snd": AU,
    b"#!AM": AMR,
    b"riff": W64,
}
_FIRST_BOXES = frozenset((b"ftyp", b"moov", b"mdat", b"wide", b"skip", b"free", b"pnot"))
"""Old QuickTime has no `ftyp`."""
_HEAD_BYTES = 12


def format_of(data: bytes) -> tuple[SoundFormat, bytes]:
    """What the bytes are, and the bytes without ID3 tags before them, or the rest of a frame cut off.

    Raises:
        InputError: none of the formats that are taken; says what they look like.
    """
    bare = _without_id3(data)
    found = file_format(bare[:_HEAD_BYTES])
    if found is None:
        # Frames that follow each other first: what is cut off before them may begin as one of another kind.
        bare = bare[first_frame(bare) or 0 :]
        found = _found_frame(bare[:_HEAD_BYTES])
    if found is None:
        looks = resemblance(bare or data)
        raise InputError(
            f"not a sound file that can be read: it looks like {looks}; wanted is {WANTED_SOUND}"
        )
    return found, bare


def openable(data: bytes) -> tuple[SoundFormat, bytes]:
    """The format, and the bytes as FFmpeg may have them.

    Raises:
        InputError: as `format_of`, an MP4 whose tables are absurd, or a WAV that does not say what it holds.
    """
    found, bare = format_of(data)
    if found is MP4:
        check_boxes(bare)
    return found, mended(bare) if found is WAV else bare


def file_format(head: bytes) -> SoundFormat | None:
    """The format whose mark these bytes begin with; None if it may be anything else, frames of mp3 too."""
    if is_wav(head):
        return WAV
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return AIFF
    if head[4:8] in _FIRST_BOXES:
        return MP4
    return MP3 if head[:3] == b"ID3" else _MAGIC.get(head[:4])


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
    # Padding that its tag does not count; encoders of mp3 put some before their first frame, too.
    begin = at + len(data[at : at + _PADDING_BYTES]) - len(data[at : at + _PADDING_BYTES].lstrip(b"\0"))
    if at or _found_frame(data[begin : begin + _HEAD_BYTES]):
        at = begin
    return data[at:] if at else data


def _found_frame(head: bytes) -> SoundFormat | None:
    """By the header of a frame: eleven ones, version, layer, bit rate, sampling rate."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    layer = head[1] >> 1 & 3
    if layer == 0:
        return ADTS if head[1] & 0xF0 == 0xF0 else None
    is_frame = head[1] >> 3 & 3 != 1 and head[2] >> 4 != 15 and head[2] >> 2 & 3 != 3
    return MP3 if is_frame else None
