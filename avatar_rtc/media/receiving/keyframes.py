"""Whether a packet of video begins a keyframe, read from its payload."""

from collections.abc import Iterator
from typing import Literal

KeyPart = Literal["", "head", "picture"]
"""Of a packet in a keyframe: none; it is the first; it begins the picture, and may not be the first."""

_IDR, _SPS = 5, 7
_STAP_A, _FU_A = 24, 28
_FU_START = 0x80


def key_part(codec: str, payload: bytes) -> KeyPart:
    """What a packet of "H264" or "VP8" is to a keyframe; nothing is known of others, nor of broken ones.

    >>> key_part("H264", bytes([0x67, 66])), key_part("VP8", bytes([0x10, 0x01]))
    ('head', '')
    """
    match codec.upper():
        case "H264":
            kinds = set(_nal_kinds(payload))
            return "head" if _SPS in kinds else "picture" if _IDR in kinds else ""
        case "VP8":
            return "head" if _is_vp8_key(payload) else ""
    return ""


def _nal_kinds(payload: bytes) -> Iterator[int]:
    """Kinds of the NAL units that begin in a payload (RFC 6184)."""
    if not payload:
        return
    kind = payload[0] & 0x1F
    if kind == _STAP_A:
        at = 1
        while at + 2 < len(payload):
            yield payload[at + 2] & 0x1F
            at += 2 + int.from_bytes(payload[at : at + 2])
    elif kind != _FU_A:
        yield kind
    elif len(payload) > 1 and payload[1] & _FU_START:
        yield payload[1] & 0x1F


def _is_vp8_key(payload: bytes) -> bool:
    """Whether a VP8 picture begins here whose P bit says that it needs no other (RFC 7741)."""
    if len(payload) < 2 or not payload[0] & 0x10 or payload[0] & 0x07:
        return False  # not the first piece of the first partition
    at = 1
    if payload[0] & 0x80:
        extension = payload[1]
        at = 2
        if extension & 0x80 and at < len(payload):
            at += 2 if payload[at] & 0x80 else 1
        at += bool(extension & 0x40) + bool(extension & 0x30)
    return at < len(payload) and not payload[at] & 0x01
