"""A text in a PNG file, without decoding it."""

import struct
import zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_END = len(_SIGNATURE) + 4 + 4 + 13 + 4
"""Behind the first chunk: its length, type, 13 bytes and checksum."""


def with_text(png: bytes, keyword: str, text: str) -> bytes:
    """The file with a `tEXt` chunk behind its header (PNG, 11.3.3.2); what is no PNG stays as it is.

    Args:
        keyword: 1 to 79 letters; both are Latin-1.
    """
    if not png.startswith(_SIGNATURE) or png[12:16] != b"IHDR":
        return png
    chunk = _chunk(b"tEXt", keyword.encode("latin-1") + b"\0" + text.encode("latin-1"))
    return png[:_HEADER_END] + chunk + png[_HEADER_END:]


def tiny_png() -> bytes:
    """A picture of one grey pixel, to try signatures on."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0\x80")),
        (b"IEND", b""),
    )
    return _SIGNATURE + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
