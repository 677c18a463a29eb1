"""What can be said about a viewer's connection."""

from dataclasses import dataclass

from aiortc import RTCPeerConnection

from avatar_rtc.media.broadcast import MediaKind
from avatar_rtc.media.rtcp_private import Sent, sent_by
from avatar_rtc.stream.frame import Rendition


@dataclass
class Feedback:
    """What a peer has asked for by RTCP so far."""

    keyframes: int = 0
    """It could not decode (PLI, FIR)."""
    resent: int = 0
    """Packets that it missed (NACK)."""


@dataclass(frozen=True)
class PeerStats:
    """What can be said about a viewer's connection."""

    state: str
    rendition: Rendition | None
    """None if it asked for no picture, or has no answer yet."""
    connected_s: float | None
    """For how long it has been up; None if it never was."""
    dropped: int
    """Video packets not sent because the peer was too slow."""
    moves: int
    """From one rung to the other, so far."""
    feedback: Feedback
    video: Sent
    audio: Sent

    @property
    def round_trip_s(self) -> float | None:
        """None until the peer has reported."""
        return self.audio.round_trip_s if self.video.round_trip_s is None else self.video.round_trip_s

    @property
    def bits_per_s(self) -> float:
        """Of picture and sound together, on average since it has been up."""
        return 8 * (self.video.bytes + self.audio.bytes) / self.connected_s if self.connected_s else 0.0


def read_sent(pc: RTCPeerConnection) -> dict[MediaKind, Sent]:
    """What the first sender of each kind has sent, also of a connection that has ended."""
    found: dict[MediaKind, Sent] = {"video": Sent(), "audio": Sent()}
    for sender in reversed(pc.getSenders()):
        found["video" if sender.kind == "video" else "audio"] = sent_by(sender)
    return found
