"""Telling TGA files by their header: they have no magic number, so other bytes must not pass for one."""

import struct

_FOOTER = b"TRUEVISION-XFILE.\0"
_PALETTE, _COLOUR, _GREY, _PACKED = 1, 2, 3, 8
_DEPTHS = {_PALETTE: (8,), _COLOUR: (16, 24, 32), _GREY: (8, 16)}


def looks_like_tga(data: bytes) -> bool:
    """Whether every field of the header can be, and as many bytes follow as it asks for at least."""
    if len(data) < 18:
        return False
    id_length, map_type, kind = data[0], data[1], data[2]
    map_length, map_depth = struct.unpack_from("<HB", data, 5)
    width, height, depth, about = struct.unpack_from("<HHBB", data, 12)
    shape = kind & ~_PACKED
    if map_type > 1 or depth not in _DEPTHS.get(shape, ()) or not width or not height:
        return False
    if (shape == _PALETTE) != (map_type == 1) or about & 0xC0 or about & 0x0F > 8:
        return False
    if map_type == 1 and map_depth not in (16, 24, 32):
        return False
    start = 18 + id_length + map_type * map_length * map_depth // 8
    if kind & _PACKED:  # a packet of at least two bytes stands for 128 pixels at most
        return data.endswith(_FOOTER) or len(data) - start >= 2 * int(width * height / 128)
    return bool(len(data) - start >= width * height * depth // 8)
