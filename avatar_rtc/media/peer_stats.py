"""What can be said about a viewer's connection."""

from dataclasses import dataclass

from aiortc import RTCPeerConnection

from avatar_rtc.stream.frame import Codec


@dataclass(frozen=True)
class PeerStats:
    """What can be said about a viewer's connection."""

    state: str
    codec: Codec | None
    dropped: int
    """Video packets not sent because the peer was too slow."""
    packets_sent: int
    bytes_sent: int
    round_trip_ms: float | None
    """None until the peer has reported."""


async def read_stats(pc: RTCPeerConnection, state: str, codec: Codec | None, dropped: int) -> PeerStats:
    """The connection now; counters are of the video track."""
    sent = round_trip = None
    for sender in pc.getSenders():
        for report in (await sender.getStats()).values():
            if report.type == "outbound-rtp" and report.kind == "video":
                sent = report
            elif report.type == "remote-inbound-rtp":
                round_trip = report.roundTripTime or round_trip
    return PeerStats(
        state=state,
        codec=codec,
        dropped=dropped,
        packets_sent=sent.packetsSent if sent else 0,
        bytes_sent=sent.bytesSent if sent else 0,
        round_trip_ms=None if round_trip is None else 1000.0 * round_trip,
    )
