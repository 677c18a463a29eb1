"""How many boxes of an MP4 hold pictures and sound, told from the heads of its boxes alone."""

import struct
from typing import BinaryIO

_HEAD = struct.Struct(">I4s")
_LONG = struct.Struct(">Q")


def media_boxes(file: BinaryIO) -> int:
    """Of `mdat` at the top of a file (ISO/IEC 14496-12); where it ends early, those before.

    Leaves the file at its beginning.
    """
    end, at, found = file.seek(0, 2), 0, 0
    while at + _HEAD.size <= end:
        file.seek(at)
        size, kind = _HEAD.unpack(file.read(_HEAD.size))
        if size == 1:
            size = _long(file.read(_LONG.size))
        found += kind == b"mdat"
        at = at + size if size >= _HEAD.size else end  # 0 is up to the end
    file.seek(0)
    return found


def _long(size: bytes) -> int:
    number: int = _LONG.unpack(size)[0] if len(size) == _LONG.size else 0
    return number
