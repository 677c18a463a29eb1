"""Read the SDP offers of peers, with a sentence for each thing wrong.

aiortc parses SDP by assertion and lookup, and an offer it accepts may still fail later in a task nobody
waits for; so everything is checked here first.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from aiortc import RTCIceCandidate
from aiortc.sdp import MediaDescription, SessionDescription, grouplines

from avatar_rtc.errors import BadOffer
from avatar_rtc.media.candidates import is_usable

MAX_SDP_BYTES = 64 * 1024
MAX_SECTIONS = 8
MEDIA_KINDS = ("audio", "video", "application")
_SHA_256 = "a=fingerprint:sha-256 "
_ICE_LINES = ("a=candidate:", "a=end-of-candidates")


@dataclass(frozen=True)
class ParsedOffer:
    """An offer that can be answered."""

    sdp: str
    """Without candidates, which are added one by one, and with defaults written out."""
    candidates: tuple[RTCIceCandidate, ...]
    has_audio: bool
    mids: tuple[str, ...]
    """Of its media sections, in their order."""
    ufrags: frozenset[str]


def read_offer(sdp: str) -> ParsedOffer:
    """Check an offer and take its candidates out.

    End-of-candidates is left out too: a browser that hides its addresses names none we can reach, but
    reaches us; told that no more come, aioice would give up before it does.

    Raises:
        BadOffer: too long, not SDP, or without video that wants to be received.
    """
    if len(sdp) > MAX_SDP_BYTES:
        raise BadOffer(f"an offer is at most {MAX_SDP_BYTES} bytes, not {len(sdp)}")
    description = _parse(sdp)
    video = next((m for m in description.media if m.kind == "video"), None)
    if video is None:
        raise BadOffer("the offer has no video section; add one with direction recvonly")
    if video.direction in ("sendonly", "inactive"):
        raise BadOffer(f"the offer's video is {video.direction}; the avatar needs recvonly to be seen")
    for media in description.media:
        _check_section(media)
    mids = tuple(media.rtp.muxId for media in description.media)
    if len(set(mids)) < len(mids):
        raise BadOffer("two media sections of the offer have the same a=mid")
    bundles = (group.items for group in description.group if group.semantic == "BUNDLE")
    if any(mid not in mids for items in bundles for mid in items):
        raise BadOffer("the offer's a=group:BUNDLE names a section that is not there")
    return ParsedOffer(
        sdp=_without_candidates(sdp, description),
        candidates=tuple(_candidates(description)),
        has_audio=any(media.kind == "audio" for media in description.media),
        mids=mids,
        ufrags=frozenset(_ufrag(media) for media in description.media),
    )


def with_one_fingerprint(sdp: str) -> str:
    """An offer or answer of aiortc that names its certificate by SHA-256 alone, which every peer knows.

    aiortc adds SHA-384 and SHA-512. libdatachannel takes the last, but counts in SHA-256 if DTLS starts
    before it has stored our answer: one join in 10 to 50 failed with the alert "unknown CA".
    """
    lines = sdp.splitlines(keepends=True)
    return "".join(
        line for line in lines if not line.startswith("a=fingerprint:") or line.startswith(_SHA_256)
    )


def _parse(sdp: str) -> SessionDescription:
    if not sdp.lstrip().startswith("v=0"):
        raise BadOffer("this is not SDP: an offer begins with v=0")
    try:
        description = SessionDescription.parse(sdp)
    except Exception as error:  # asserts, StopIteration, KeyError, ValueError: whatever the text runs into
        raise BadOffer(f"the offer is broken SDP ({type(error).__name__}: {error})"[:200]) from None
    if len(description.media) > MAX_SECTIONS:
        raise BadOffer(f"an offer has at most {MAX_SECTIONS} media sections, not {len(description.media)}")
    return description


def _check_section(media: MediaDescription) -> None:
    """Raise BadOffer for what aiortc would only stumble over."""
    where = f"the offer's {media.kind} section"
    if media.kind not in MEDIA_KINDS:
        raise BadOffer(f"{where} is of a kind we cannot answer; offer {', '.join(MEDIA_KINDS)}")
    if not media.rtp.muxId:
        raise BadOffer(f"{where} has no a=mid")
    if not _ufrag(media) or media.ice is None or not media.ice.password:
        raise BadOffer(f"{where} has no a=ice-ufrag or no a=ice-pwd")
    if media.dtls is None or not media.dtls.fingerprints:
        raise BadOffer(f"{where} has no a=setup or no a=fingerprint; WebRTC is encrypted by DTLS")
    if media.kind != "application" and not media.rtcp_mux:
        raise BadOffer(f"{where} has no a=rtcp-mux")


def _ufrag(media: MediaDescription) -> str:
    return (media.ice and media.ice.usernameFragment) or ""


def _without_candidates(sdp: str, description: SessionDescription) -> str:
    session, sections = grouplines(sdp)
    lines = list(session)
    for section, media in zip(sections, description.media, strict=True):
        lines += [line for line in section if not line.startswith(_ICE_LINES)]
        lines += _defaults(media)
    return "\r\n".join(lines) + "\r\n"


def _defaults(media: MediaDescription) -> Iterator[str]:
    """What RFC 8866 and 8841 let an offer leave out, but aiortc does not."""
    if media.kind != "application":
        if media.direction is None:
            yield "a=sendrecv"
        return
    if media.sctpCapabilities is None:
        yield "a=max-message-size:65536"
    if media.sctp_port is None and not media.sctpmap:
        yield "a=sctp-port:5000"


def _candidates(description: SessionDescription) -> Iterator[RTCIceCandidate]:
    for media in description.media:
        for candidate in filter(is_usable, media.ice_candidates):
            yield replace(candidate, sdpMid=media.rtp.muxId)
