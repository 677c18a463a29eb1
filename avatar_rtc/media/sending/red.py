"""Blocks of sound that hold older ones once more (RED, RFC 2198)."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

MAX_OFFSET = 2**14 - 1
"""How far back an older block can lie, in RTP time: 341 ms of Opus."""
MAX_COPY_BYTES = 2**10 - 1
MAX_RED_BYTES = 1100
"""Of all that is put into a packet; one of this size passes everywhere."""
MAX_DISTANCE = 17
"""Blocks of 20 ms within MAX_OFFSET."""


@dataclass(frozen=True)
class _Old:
    timestamp: int
    payload: bytes


class Redundancy:
    """Makes payloads of RED out of blocks, and remembers them for those that follow."""

    def __init__(self, payload_type: int) -> None:
        """Args:
        payload_type: of the blocks within.
        """
        self._type = payload_type
        self._old: deque[_Old] = deque(maxlen=MAX_DISTANCE)

    def add(self, timestamp: int, payload: bytes, distances: Sequence[int]) -> bytes | None:
        """The payload that holds this block and older ones; None if there is none to put in.

        Args:
            timestamp: RTP time of the block.
            distances: how many blocks back those lie that are put in, each within 1..MAX_DISTANCE.
        """
        copies = self._copies(timestamp, distances, MAX_RED_BYTES - len(payload))
        self._old.append(_Old(timestamp, payload))
        if not copies:
            return None
        heads = b"".join(
            (0x80 | self._type).to_bytes(1, "big")
            + (((timestamp - old.timestamp) % 2**32) << 10 | len(old.payload)).to_bytes(3, "big")
            for old in copies
        )
        return heads + bytes([self._type]) + b"".join(old.payload for old in copies) + payload

    def _copies(self, timestamp: int, distances: Sequence[int], room: int) -> list[_Old]:
        """The oldest first, as the format wants it."""
        found: list[_Old] = []
        for distance in sorted(set(distances)):
            if distance > len(self._old):
                break
            old = self._old[-distance]
            offset, size = (timestamp - old.timestamp) % 2**32, len(old.payload)
            if not 0 < offset <= MAX_OFFSET or size > MAX_COPY_BYTES:
                continue
            room -= size + 4
            if room < 1:
                break
            found.insert(0, old)
        return found
