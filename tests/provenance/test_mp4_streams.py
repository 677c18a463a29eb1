"""Boxes of pictures and sound in an MP4."""

import io

import pytest

from avatar_rtc.provenance.mp4_streams import media_boxes


def box(kind: bytes, content: bytes, long: bool = False) -> bytes:
    if long:
        return (1).to_bytes(4, "big") + kind + (16 + len(content)).to_bytes(8, "big") + content
    return (8 + len(content)).to_bytes(4, "big") + kind + content


INNER = box(b"mdat", b"within another one")


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (b"", 0),
        (b"no mdat here, just text", 0),
        (box(b"ftyp", b"mp42") + box(b"moov", INNER) + box(b"mdat", b"abc"), 1),
        (box(b"mdat", b"abc", long=True) + box(b"mdat", b""), 2),
        (box(b"moof", b"") + box(b"mdat", b"a") + box(b"moof", b"") + box(b"mdat", b"b"), 2),
        (box(b"ftyp", b"") + bytes(4) + b"mdat" + b"up to the end" + INNER, 1),
        (box(b"mdat", b"abc")[:-2], 1),
        ((1).to_bytes(4, "big") + b"mdat" + b"cut", 1),
    ],
)
def test_they_are_counted_at_the_top_alone(data: bytes, count: int) -> None:
    file = io.BytesIO(data)
    assert media_boxes(file) == count and file.tell() == 0
