"""Pictures out of packets: in order, whole, and none from behind a gap but a keyframe."""

from dataclasses import dataclass

from avatar_rtc.media.receiving.keyframes import KeyPart

MAX_HELD = 1024
"""Packets held behind a gap; what comes then goes on without what is missing."""


@dataclass(frozen=True)
class VideoPacket:
    """A packet of video."""

    number: int
    """Long sequence number."""
    timestamp: int
    """RTP time, the same for all packets of a picture."""
    is_last: bool
    """Of its picture, as the marker says."""
    data: bytes
    """What the decoder takes."""
    part: KeyPart


@dataclass(frozen=True)
class Whole:
    """An encoded picture."""

    timestamp: int
    data: bytes


class PictureBuffer:
    """Holds packets until their pictures are whole.

    A picture is whole as soon as its last packet is here, or one of the next picture. What is missing is
    waited for, until a keyframe behind it is whole: it needs nothing of what was before.
    """

    def __init__(self) -> None:
        self.next: int | None = None
        """The first packet not handed out yet; None before the first keyframe."""
        self.skipped = 0
        """Times that it went on without what was missing."""
        self._held: dict[int, VideoPacket] = {}
        self._newest = 0

    @property
    def is_missing(self) -> bool:
        """Whether a packet is missing before others that are here."""
        if not self._held:
            return False
        return self.next is None or len(self._held) <= self._newest - self.next

    def add(self, packet: VideoPacket) -> list[Whole]:
        """Take a packet; gives the pictures that can be decoded now, in order."""
        if abs(packet.number - self._newest) > MAX_HELD and (self._held or self.next is not None):
            self._held.clear()  # what was before belongs to another stream
            self.next = None
        if self.next is not None and packet.number < self.next:
            return []
        self._newest = (
            max(self._newest, packet.number) if self._held or self.next is not None else packet.number
        )
        self._held[packet.number] = packet
        if self.next is None and packet.part == "head":
            self._go_to(packet.number)
        wholes = self._taken()
        if not wholes and self.is_missing:
            self._skip()
            wholes = self._taken()
        return wholes

    def _skip(self) -> None:
        """To the newest whole keyframe, if there is one."""
        keys = [each for each in self._held if self._begins_key(each) and self._end(each) is not None]
        if keys:
            self._go_to(max(keys))
        elif len(self._held) > MAX_HELD:
            self._go_to(min(self._held))

    def _begins_key(self, number: int) -> bool:
        packet, before = self._held[number], self._held.get(number - 1)
        # A slice without its parameter sets is a beginning only if they are known not to have come before it.
        is_first = before is not None and before.timestamp != packet.timestamp
        return packet.part == "head" or (packet.part == "picture" and is_first)

    def _go_to(self, number: int) -> None:
        self.skipped += self.next is not None
        self.next = number
        self._held = {each: packet for each, packet in self._held.items() if each >= number}

    def _end(self, first: int) -> int | None:
        """The number behind the picture that begins there; None if it is not whole."""
        begun, number = self._held[first].timestamp, first
        while (packet := self._held.get(number)) is not None:
            if packet.timestamp != begun:
                return number
            number += 1
            if packet.is_last:
                return number
        return None

    def _taken(self) -> list[Whole]:
        wholes: list[Whole] = []
        while self.next in self._held and (end := self._end(self.next)) is not None:
            packets = [self._held.pop(number) for number in range(self.next, end)]
            self.next = end
            data = b"".join(packet.data for packet in packets)
            if data:  # else padding, by which senders probe the path
                wholes.append(Whole(packets[0].timestamp, data))
        return wholes
