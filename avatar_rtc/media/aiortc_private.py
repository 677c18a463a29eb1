"""Every private attribute of aiortc and aioice this project relies on; pinned by a test.

aiortc has no public way to learn of a keyframe request, to date a sender report, to see that a peer is still
there, or to offer 127.0.0.1. All of it is done to one object, so no other connection is touched.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from aioice.ice import Connection
from aiortc import RTCPeerConnection, RTCRtpSender

LOOPBACK_ADDRESS = "127.0.0.1"


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


MAX_LATE_S = 1.0
"""Of a correction; a packet later than this comes from a broken clock."""


def offer_loopback(pc: RTCPeerConnection) -> None:
    """Offer 127.0.0.1 beside the host addresses; call between the remote and the local description.

    aioice leaves loopback out, so without a network a page on this machine could not connect.
    """
    for connection in _connections(pc):
        gather = connection.get_component_candidates
        connection.get_component_candidates = partial(_gather_with_loopback, gather)  # type: ignore[method-assign]


def on_heard(pc: RTCPeerConnection, heard: Callable[[], None]) -> None:
    """Call `heard` for every sign of life: media, RTCP, DTLS, SCTP, authentic STUN checks and answers.

    Call it after the local description. aioice notices a vanished peer by itself after 31 s.
    """
    for connection in _connections(pc):
        _hear(connection, "data_received", heard)
        # Reached by requests with a valid integrity only; anyone could send the others.
        _hear(connection, "check_incoming", heard)
        for protocol in connection._protocols:
            _hear_answers(protocol, heard)


def _connections(pc: RTCPeerConnection) -> Iterator[Connection]:
    """The ICE connections of a peer connection; one if everything is bundled."""
    transports = {sender.transport for sender in pc.getSenders()}
    if pc.sctp is not None:
        transports.add(pc.sctp.transport)
    for transport in transports:
        yield transport.transport._connection


async def _gather_with_loopback(gather: Callable[..., Any], component: int, addresses: list[str]) -> Any:
    return await gather(component=component, addresses=[*addresses, LOOPBACK_ADDRESS])


def _hear(connection: Connection, method: str, heard: Callable[[], None]) -> None:
    receive = getattr(connection, method)

    def hearing(*arguments: Any) -> None:
        heard()
        receive(*arguments)

    setattr(connection, method, hearing)


def _hear_answers(protocol: Any, heard: Callable[[], None]) -> None:
    ask = protocol.request

    async def asking(*arguments: Any, **options: Any) -> Any:
        answer = await ask(*arguments, **options)
        heard()
        return answer

    protocol.request = asking
