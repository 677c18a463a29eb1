"""Read the SDP offers of peers, with a sentence for each thing wrong.

offer ──read_sdp──► text ──negotiate──► sections, taken or refused ──► a plain offer for aiortc

aiortc parses SDP by assertion and lookup, and an offer it accepts may still fail later in a task nobody
waits for; so nothing that a peer wrote reaches it, but words that were checked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aiortc import RTCIceCandidate

from avatar_rtc.media.addresses.candidates import read_candidate
from avatar_rtc.media.offers.negotiation import Negotiated, Section, negotiate
from avatar_rtc.media.offers.sdp import read_sdp

_REVERSED = {"sendonly": "recvonly", "recvonly": "sendonly"}
STAND_IN = {"video": "96 VP8/90000", "audio": "111 opus/48000/2"}
"""aiortc wants to agree on a codec; what was agreed on is told it afterwards."""
FAR_MESSAGE_BYTES = 65_536
"""Of a data channel's peer that does not say (RFC 8841), or takes any size."""


@dataclass(frozen=True)
class ParsedOffer:
    """An offer that can be answered."""

    negotiated: Negotiated
    """What becomes of each section."""
    sdp: str
    """An offer of the sections that are taken, in words that aiortc reads; without candidates."""
    candidates: tuple[RTCIceCandidate, ...]
    """The addresses in it, each with the name of the section that has the transport."""
    mids: tuple[str, ...]
    """Names of the sections that are taken, in their order."""
    ufrags: frozenset[str]
    routes: Mapping[str, str]
    """Name of a section → name of that which has its transport."""


def read_offer(sdp: str, hears: bool = False, only_hears: bool = False) -> ParsedOffer:
    """Read an offer, decide on each of its sections, and take its candidates out.

    End-of-candidates is left out too: a browser that hides its addresses names none we can reach, but
    reaches us; told that no more come, aioice would give up before it does.

    Args:
        hears: whether the peer's own sound is wanted.
        only_hears: see `negotiate`.

    Raises:
        BadOffer: too long, not SDP, or with nothing that could be sent, heard or told.
    """
    text = read_sdp(sdp)
    negotiated = negotiate(text, hears, only_hears)
    taken = negotiated.taken
    tag, *others = negotiated.bundle or ("",)
    routes = {section.name: section.name for section in taken} | {mid: tag for mid in others}
    if tag:
        # What is refused may have brought the addresses of those it was offered with.
        routes = {section.mid: tag for section in negotiated.sections if section.is_bundled} | routes
    ufrags = frozenset(section.transport.ufrag for section in taken)
    return ParsedOffer(
        negotiated=negotiated,
        sdp=_plain_offer(negotiated),
        candidates=tuple(_candidates(negotiated, routes, ufrags)),
        mids=tuple(section.name for section in taken),
        ufrags=ufrags,
        routes=routes,
    )


def _candidates(
    negotiated: Negotiated, routes: Mapping[str, str], ufrags: frozenset[str]
) -> Iterator[RTCIceCandidate]:
    """Those that are of use; of others an offer may be full."""
    for section in negotiated.sections:
        for value in section.offered.attributes.get("candidate", ()) if section.name in routes else ():
            if candidate := read_candidate(value, routes[section.name], ufrags):
                yield candidate


def _plain_offer(negotiated: Negotiated) -> str:
    lines = ["v=0", "o=- 0 0 IN IP4 0.0.0.0", "s=-", "t=0 0"]
    if negotiated.bundle:
        lines.append(f"a=group:BUNDLE {' '.join(negotiated.bundle)}")
    if negotiated.is_lite:
        lines.append("a=ice-lite")
    for section in negotiated.taken:
        lines += _plain_section(section)
    return "".join(f"{line}\r\n" for line in lines)


def _plain_section(section: Section) -> Iterator[str]:
    if codec := STAND_IN.get(section.kind):
        yield f"m={section.kind} 9 UDP/TLS/RTP/SAVPF {codec.partition(' ')[0]}"
        yield f"a=rtpmap:{codec}"
        yield f"a={_REVERSED.get(section.direction, section.direction)}"
        yield "a=rtcp-mux"
    else:
        yield "m=application 9 UDP/DTLS/SCTP webrtc-datachannel"
        yield f"a=sctp-port:{_sctp_port(section)}"
        yield f"a=max-message-size:{_number(section.offered.first('max-message-size')) or FAR_MESSAGE_BYTES}"
    yield f"a=mid:{section.name}"
    yield f"a=ice-ufrag:{section.transport.ufrag}"
    yield f"a=ice-pwd:{section.transport.password}"
    yield f"a=setup:{section.transport.setup}"
    for fingerprint in section.transport.fingerprints:
        yield f"a=fingerprint:{fingerprint}"


def _sctp_port(section: Section) -> int:
    """Of the newer form by its own line, of the older by what stands for a format (RFC 8841)."""
    return _number(section.offered.first("sctp-port")) or _number(section.offered.formats[0]) or 5000


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else None
