"""Private attributes of aiortc's senders: what peers say of their link; pinned by a test.

aiortc keeps only a smoothed round-trip time and the last share of losses, and tells nobody when they come.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from aiortc import RTCRtpSender
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
    unpack_remb_fci,
)

from avatar_rtc.media.sending.way import LossReports


@dataclass(frozen=True)
class LinkReport:
    """What one packet of RTCP says of the link; None is nothing of that."""

    lost: float | None = None
    """Share of packets in an interval that is over with it, 0..1; see `LossReports`."""
    round_trip_s: float | None = None
    """As measured now, not smoothed."""
    estimate_bps: float | None = None
    """What the peer holds its link for, all streams together (REMB)."""
    missed: tuple[int, ...] = ()
    """Sequence numbers it asks for once more (NACK)."""


def on_link_report(
    sender: RTCRtpSender, tell: Callable[[LinkReport], None], now: Callable[[], float] = time.monotonic
) -> None:
    """Call `tell` with what the peer reports of what this sender sends, before anything comes of it."""
    handle, reports = sender._handle_rtcp_packet, LossReports()

    async def handle_and_tell(packet: AnyRtcpPacket) -> None:
        report = _read(sender, packet, reports, now())
        if report is not None:
            tell(report)
        await handle(packet)

    sender._handle_rtcp_packet = handle_and_tell  # type: ignore[method-assign]


def _read(sender: RTCRtpSender, packet: AnyRtcpPacket, reports: LossReports, t: float) -> LinkReport | None:
    match packet:
        case RtcpRrPacket(reports=found) | RtcpSrPacket(reports=found):
            for each in found:
                if each.ssrc == sender._ssrc:
                    lost = reports.add(each.packets_lost, each.highest_sequence, t)
                    return LinkReport(lost, _round_trip_s(sender, each))
        case RtcpRtpfbPacket(fmt=fmt, lost=lost) if fmt == RTCP_RTPFB_NACK:
            return LinkReport(missed=tuple(lost))
        case RtcpPsfbPacket(fmt=fmt, fci=fci) if fmt == RTCP_PSFB_APP:
            try:
                bitrate, ssrcs = unpack_remb_fci(fci)
            except ValueError:
                return None
            return LinkReport(estimate_bps=float(bitrate)) if sender._ssrc in ssrcs else None
    return None


def _round_trip_s(sender: RTCRtpSender, report: RtcpReceiverInfo) -> float | None:
    """None if the report answers another one of ours than the last; a peer that lies may tell of none."""
    last = sender._RTCRtpSender__lsr  # type: ignore[attr-defined]
    if not report.dlsr or last != report.lsr:
        return None
    sent: float = sender._RTCRtpSender__lsr_time  # type: ignore[attr-defined]
    return max(0.0, time.time() - sent - report.dlsr / 65536)
