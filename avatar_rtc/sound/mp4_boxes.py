"""A look at the tables of an MP4 before FFmpeg builds its index of them.

A table may say in twelve bytes that there are four thousand million samples; FFmpeg would make an entry for
each. So the numbers are added up first, in boxes alone, without decoding anything.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from avatar_rtc.errors import InputError

MAX_SAMPLES = 2_000_000
"""Half an hour of the shortest packets has 720,000."""
_MAX_BOXES = 200_000
_MAX_DEPTH = 8
_PARENTS = frozenset(b"moov trak mdia minf stbl moof traf mvex edts udta".split())
_REFUSED = {
    b"cmov": "its header is compressed",
    b"senc": "it is encrypted",
    b"saiz": "it is encrypted",
    b"sinf": "it is encrypted",
}


@dataclass
class _Counts:
    boxes: int = 0
    samples: int = 0
    timed: int = 0
    chunks: int = 0
    per_chunk: int = 0


def check_boxes(data: bytes) -> None:
    """
    Raises:
        InputError: the tables name more samples than any sound has that is taken, or the file is encrypted or
            has a compressed header.
    """
    counts = _Counts()
    _walk(data, 0, len(data), 0, counts)
    # Samples of plain PCM are gathered by 1024.
    laid = counts.chunks * counts.per_chunk // 1024
    if max(counts.samples, counts.timed, laid) > MAX_SAMPLES:
        raise InputError(f"the tables of this MP4 name more than {MAX_SAMPLES} packets of sound")


def _walk(data: bytes, begin: int, end: int, depth: int, counts: _Counts) -> None:
    for kind, first, stop in _boxes(data, begin, end):
        counts.boxes += 1
        if counts.boxes > _MAX_BOXES:
            raise InputError(f"this MP4 has more than {_MAX_BOXES} boxes")
        if kind in _REFUSED:
            raise InputError(f"this MP4 cannot be read: {_REFUSED[kind]}")
        if kind in _PARENTS:
            if depth == _MAX_DEPTH:
                raise InputError("the boxes of this MP4 lie too deep in each other")
            _walk(data, first, stop, depth + 1, counts)
        else:
            _count(kind, data[first:stop] if kind in _TABLES else b"", counts)


def _boxes(data: bytes, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, and where its content begins and stops."""
    at = begin
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        first = at + 8
        if size == 1 and at + 16 <= end:
            (size,) = struct.unpack_from(">Q", data, first)
            first += 8
        stop = end if size == 0 else min(end, at + max(size, first - at))
        yield kind, first, stop
        at = stop


_TABLES = frozenset(b"stsz stz2 stts ctts stsc stco co64 trun".split())


def _count(kind: bytes, table: bytes, counts: _Counts) -> None:
    match kind:
        case b"stsz" | b"stz2":
            counts.samples += _number(table, 8)
        case b"trun":
            counts.samples += _number(table, 4)
        case b"stts" | b"ctts":
            counts.timed = max(counts.timed, int(_column(table, 2, 0).sum()))
        case b"stsc":
            counts.per_chunk = max(counts.per_chunk, int(_column(table, 3, 1).max(initial=0)))
        case b"stco" | b"co64":
            counts.chunks += min(_number(table, 4), len(table) // 4)


def _number(table: bytes, at: int) -> int:
    return int.from_bytes(table[at : at + 4], "big")


def _column(table: bytes, width: int, column: int) -> "np.ndarray[tuple[int], np.dtype[np.uint64]]":
    """One of the numbers of every row that is there, of a table whose rows have `width` of them."""
    rows = min(_number(table, 4), max(0, len(table) - 8) // (4 * width))
    numbers = np.frombuffer(table, ">u4", rows * width, 8) if rows else np.zeros(0, ">u4")
    return numbers.reshape(-1, width)[:, column].astype(np.uint64)
