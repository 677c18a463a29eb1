"""What was sent of late, to be sent again when asked for (RFC 4585, 4588). Time is a parameter, in s."""

from collections import OrderedDict
from dataclasses import dataclass

RESENDABLE_S = 2.0
"""A browser asks up to ten times, every round-trip: after 1.5 s of it a keyframe is the better repair."""
MAX_KEPT_BYTES = 4 * 2**20
"""Of one viewer; 2 s of 16 Mbit/s."""
LEAST_PAUSE_S = 0.02
"""Between two copies of one packet, at least: a peer could report a round-trip of nothing."""
PAUSE_SHARE = 0.5
"""Of a round-trip: what is asked for again sooner is on its way already, or was asked for twice."""


@dataclass(slots=True)
class SentPacket:
    """A packet of RTP as it was sent first."""

    number: int
    """Sequence number, of 16 bits."""
    timestamp: int
    """RTP time."""
    marker: bool
    payload_type: int
    payload: bytes
    at: float
    """When it was sent."""
    level: int | None = None
    """How loud its sound is, as `loudness.told_level` writes it; None if nobody knows."""
    again_at: float | None = None
    """When it was sent again last; None if it never was."""


class SentPackets:
    """The packets of one stream, for RESENDABLE_S."""

    def __init__(self) -> None:
        self._packets: OrderedDict[int, SentPacket] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._packets)

    def keep(self, packet: SentPacket) -> None:
        """Take the newest, and let go of what nobody will ask for any more."""
        self._let_go(packet.number)  # the numbers have come round
        self._packets[packet.number] = packet
        self._bytes += len(packet.payload)
        while self._bytes > MAX_KEPT_BYTES or packet.at - self._oldest.at > RESENDABLE_S:
            self._let_go(self._oldest.number)

    def asked(self, number: int) -> SentPacket | None:
        """The packet of a number that somebody misses; None if it is not kept."""
        return self._packets.get(number)

    def again(self, number: int, round_trip_s: float | None, now: float) -> SentPacket | None:
        """The packet to be sent again now; None if it is gone, or a copy is on its way."""
        packet = self._packets.get(number)
        if packet is None:
            return None
        pause = max(LEAST_PAUSE_S, PAUSE_SHARE * (round_trip_s or 0.0))
        if packet.again_at is not None and now - packet.again_at < pause:
            return None
        packet.again_at = now
        return packet

    @property
    def _oldest(self) -> SentPacket:
        return next(iter(self._packets.values()))

    def _let_go(self, number: int) -> None:
        if (packet := self._packets.pop(number, None)) is not None:
            self._bytes -= len(packet.payload)
