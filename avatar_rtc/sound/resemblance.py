"""What bytes look like that are no sound, so that a refusal can say so."""

import base64
import re

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"BZh", "bzip2"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"MThd", "MIDI, which has notes and no sound"),
    (b"FLV", "a Flash video"),
    (b"\x30\x26\xb2\x75", "Windows Media"),
    (b"\x0b\x77", "AC-3"),
    (b"\x7f\xfe\x80\x01", "DTS"),
    (b"wvpk", "WavPack"),
    (b"RIFX", "a WAV of big-endian numbers (RIFX)"),
    (b"Creative Voice File", "Creative Voice"),
    (b"MAC ", "Monkey's Audio"),
    (b"TTA1", "True Audio"),
    (b"Extended Module", "a tracker's module"),
    (b"\x00\x00\x01\xba", "an MPEG programme stream"),
    (b"ID3", "an ID3 tag without a sound behind it"),
    (b"#EXTM3U", "a playlist, which names sounds"),
    (b"[playlist]", "a playlist, which names sounds"),
    (b"ffconcat", "a playlist, which names sounds"),
    (b"WEBVTT", "subtitles"),
    (b"v=0", "a session description (SDP)"),
    (b"data:", "a data URL; send the bytes that it stands for"),
)
_LOOKED_AT = 512
_LEAST_MARK, _LEAST_TEXT = 3, 12
"""Bytes: fewer are there by chance."""
_TS = b"\x47"
"""Begins each packet of a transport stream, and every other byte of a steady voltage."""
_BASE64 = re.compile(rb"[A-Za-z0-9+/_\-\s]{24,}={0,2}\s*")
_BASE64_SOUND = re.compile(
    rb"RIFF....WAVE|OggS|fLaC|ID3|....ftyp|\x1a\x45\xdf\xa3|\xff[\xe0-\xff]", re.DOTALL
)


def resemblance(data: bytes) -> str:
    """In words that follow "it looks like".

    >>> resemblance(b"<!DOCTYPE html><title>Hi</title>")
    'a web page (HTML)'
    """
    head = bytes(data[:_LOOKED_AT])
    if not head:
        return "nothing: it has no bytes"
    if not any(head):
        return "nothing: its first bytes are all 0"
    return _known(head) or f"none that is known here; it begins with the bytes {head[:8].hex(' ')}"


def unlike_samples(data: bytes) -> str:
    """The same, of what bare samples hardly begin with by chance; "" if these may be samples."""
    head = bytes(data[:_LOOKED_AT])
    short = [_TS, *(magic for magic, _ in _MAGIC if len(magic) < _LEAST_MARK)]
    return "" if head.startswith(tuple(short)) or len(head) < _LEAST_TEXT else _known(head)


def _known(head: bytes) -> str:
    if head[:4] == b"RIFF":
        kind = {b"WEBP": "a WebP picture", b"AVI ": "an AVI video"}.get(head[8:12])
        return kind or "a RIFF file that is no WAV"
    if head[:1] == _TS == head[188:189]:
        return "an MPEG transport stream"
    for magic, words in _MAGIC:
        if head.startswith(magic):
            return words
    text = printable(head)
    return _text(head, text) if text else ""


def printable(data: bytes) -> str:
    """The text that the bytes begin with; "" if they are none."""
    head = bytes(data[:_LOOKED_AT])
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:  # otherwise a sign is cut at the end
            return ""
        text = head[: error.start].decode()
    return text if all(sign.isprintable() or sign in "\t\r\n\f" for sign in text) else ""


def _text(head: bytes, text: str) -> str:
    start = text.lstrip()
    if start[:1] in ("{", "["):
        return "JSON"
    if re.match("<(!doctype html|html|head|body)", start, re.IGNORECASE):
        return "a web page (HTML)"
    if start[:1] == "<":
        return "XML"
    if start.startswith("--") and "Content-Disposition" in start:
        return "a form, whose content type must be multipart/form-data with its boundary"
    if re.match(r"[\w.%+-]+=", start) and "%" in start:
        return "a form that is no multipart/form-data"
    if _BASE64.fullmatch(head):
        decoded = base64.b64decode(re.sub(rb"[^A-Za-z0-9+/]", b"", head)[:32])
        if _BASE64_SOUND.match(decoded):
            return "a sound in base64; send the bytes that it stands for"
    return "text"
