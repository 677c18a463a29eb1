"""Private attributes of aiortc's senders: what peers report by RTCP, and what was sent; pinned by a test.

aiortc has no public way to learn of a keyframe request, to date a sender report, or to count what is sent
again. All of it is done to one sender, so no other connection is touched.
"""

from collections.abc import Callable
from dataclasses import dataclass

from aiortc import RTCRtpSender

MAX_LATE_S = 1.0
"""Of a correction; a packet later than this comes from a broken clock."""


def on_keyframe_request(sender: RTCRtpSender, request: Callable[[], None]) -> None:
    """Call `request` when the peer sends PLI or FIR.

    aiortc only sets a flag for its own encoder, which packets never meet: without this a viewer that
    joins late decodes nothing, however often it asks.
    """
    sender._send_keyframe = request  # type: ignore[method-assign]


def date_reports(sender: RTCRtpSender, late_s: Callable[[], float]) -> None:
    """Let sender reports date a packet with when it should have been sent, not with when it was.

    aiortc pairs RTP time with the moment of sending, so a packet that left late would teach the peer a wrong
    offset between sound and picture. Reports read the attribute; their round-trip times do not.

    Args:
        late_s: seconds by which the packet just sent was late.
    """
    sender.__class__ = _DatedSender
    assert isinstance(sender, _DatedSender)
    sender._late_s = late_s


class _DatedSender(RTCRtpSender):
    """A sender whose clock in reports is the media clock's."""

    _late_s: Callable[[], float]
    _dated = 0

    @property
    def _RTCRtpSender__ntp_timestamp(self) -> int:
        return self._dated

    @_RTCRtpSender__ntp_timestamp.setter
    def _RTCRtpSender__ntp_timestamp(self, ntp: int) -> None:
        self._dated = ntp - round(min(max(self._late_s(), 0.0), MAX_LATE_S) * 2**32)


def on_resent(sender: RTCRtpSender, count: Callable[[], None]) -> None:
    """Call `count` for each packet that the peer asks for once more (NACK)."""
    again = sender._retransmit

    async def resend(sequence_number: int) -> None:
        count()
        await again(sequence_number)

    sender._retransmit = resend  # type: ignore[method-assign]


@dataclass(frozen=True)
class Sent:
    """What one sender has sent, and what its peer has last said of it."""

    packets: int = 0
    bytes: int = 0
    """Of payloads; what was sent again is not among them."""
    round_trip_s: float | None = None
    """None until the peer has reported; so are those below."""
    lost_share: float | None = None
    """Of the packets between its last two reports, 0..1."""
    jitter: float | None = None
    """In units of the clock of its codec."""


def sent_by(sender: RTCRtpSender) -> Sent:
    """What is known of a sender now, without waiting; also after it has ended."""
    told = sender._RTCRtpSender__stats.get(f"remote-inbound-rtp_{id(sender)}")  # type: ignore[attr-defined]
    round_trip_s = getattr(told, "roundTripTime", None)
    return Sent(
        sender._RTCRtpSender__packet_count,  # type: ignore[attr-defined]
        sender._RTCRtpSender__octet_count,  # type: ignore[attr-defined]
        # The peer tells how long it kept our report, so one that lies can make it negative.
        None if round_trip_s is None else max(0.0, round_trip_s),
        None if told is None else told.fractionLost / 256,
        None if told is None else told.jitter,
    )
