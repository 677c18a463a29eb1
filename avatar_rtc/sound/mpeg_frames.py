"""Frames of MPEG audio and of AAC (ADTS) among bytes: each header says how far it is to the next.

One header is 11 bits that are also in one of 2,000 places of anything else; two or three in their places are
never there by chance.
"""

from collections.abc import Iterator

FRAME_HEADER_BYTES = 6
SOUGHT_BYTES = 16 * 1024
"""So far into a file its first whole frame is sought: a recording of a broadcast begins anywhere."""
_CHAIN = 3
_KBITS = {
    (3, 3): range(32, 449, 32),
    (3, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (3, 1): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 3): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""(version, layer) as the header has them → kbit/s of the indices from 1 on. Version 2.5 is as 2; there
layer 3 is as 2."""
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


def frame_bytes(head: bytes) -> int:
    """Length of the frame whose header these bytes begin with; 0 if they begin with none."""
    if len(head) < FRAME_HEADER_BYTES or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    if layer == 0:  # ADTS
        length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        return (
            length if head[1] & 0xF0 == 0xF0 and head[2] >> 2 & 15 < 13 and length > FRAME_HEADER_BYTES else 0
        )
    rate, bits, padding = head[2] >> 2 & 3, head[2] >> 4, head[2] >> 1 & 1
    if version == 1 or rate == 3 or not 0 < bits < 15:
        return 0
    table = _KBITS[(3, layer) if version == 3 else (2, max(2, layer))]
    bytes_per_s = table[bits - 1] * 125
    if layer == 3:
        return (96 * bytes_per_s // _RATES[version][rate] // 8 + padding) * 4
    samples = 576 if layer == 1 and version != 3 else 1152
    return samples * bytes_per_s // _RATES[version][rate] + padding


def next_frame(data: bytes, at: int = 0) -> int | None:
    """Where the frame behind that at `at` begins, if it is of the same kind; None if either is none.

    It may be the end of the data, or beyond it: then it is not known whether a frame follows.
    """
    length = frame_bytes(data[at : at + FRAME_HEADER_BYTES])
    end = at + length
    if not length:
        return None
    follows = data[end : end + FRAME_HEADER_BYTES]
    if len(follows) < FRAME_HEADER_BYTES:
        return end
    return (
        end if frame_bytes(follows) and _kind(follows) == _kind(data[at : at + FRAME_HEADER_BYTES]) else None
    )


def first_frame(data: bytes) -> int | None:
    """Where whole frames begin, of which three follow each other, near the beginning; None if nowhere."""
    return next((at for at in _syncs(data) if _is_chain(data, at)), None)


def _kind(head: bytes) -> tuple[int, int]:
    """Version, layer and sampling rate: what frames of one sound have in common."""
    return head[1] & 0xFE, head[2] & 0x0C


def _syncs(data: bytes) -> Iterator[int]:
    at = data.find(b"\xff", 0, SOUGHT_BYTES)
    while at >= 0:
        yield at
        at = data.find(b"\xff", at + 1, SOUGHT_BYTES)


def _is_chain(data: bytes, at: int) -> bool:
    place: int | None = at
    for _ in range(_CHAIN):
        place = None if place is None else next_frame(data, place)
    return place is not None and place <= len(data)
