"""Write an answer: what was agreed on, with the transports that aiortc has opened; and parts of an offer.

Every section of the offer is answered in its place. ICE and DTLS are told in each that is taken, as browsers
do: aiortc, as a peer, takes no section without, though RFC 8843 would have them once for a bundle.
"""

from collections.abc import Iterable, Iterator

from aiortc.sdp import MediaDescription, SessionDescription, candidate_to_sdp, ipaddress_to_sdp

from avatar_rtc.media.codecs import Payloads
from avatar_rtc.media.offers.extensions import Extension
from avatar_rtc.media.offers.negotiation import DATA_FORMAT, Direction, Negotiated, Section

_SETUPS = {"client": "active", "server": "passive", "auto": "actpass"}
_NOWHERE = "c=IN IP4 0.0.0.0"
_LAST_WAY = {True: "/sendonly", False: ""}


def write_answer(negotiated: Negotiated, local: str) -> str:
    """The answer.

    Args:
        local: aiortc's own description, of the sections that are taken alone; with its candidates.
    """
    description = SessionDescription.parse(local)
    opened = iter(description.media)
    lines = ["v=0", f"o={description.origin}", "s=-", "t=0 0"]
    if negotiated.bundle:
        lines.append(f"a=group:BUNDLE {' '.join(negotiated.bundle)}")
    lines.append("a=msid-semantic: WMS *")
    for section in negotiated.sections:
        lines += _refused(section) if section.why_not else _taken(section, next(opened))
    return "".join(f"{line}\r\n" for line in lines)


def _refused(section: Section) -> Iterator[str]:
    offered = section.offered
    yield f"m={offered.kind} 0 {offered.proto} {' '.join(offered.formats)}"
    yield _NOWHERE
    if section.mid:
        yield f"a=mid:{section.mid}"
    if section.kind != "application":
        yield "a=inactive"


def _taken(section: Section, opened: MediaDescription) -> Iterator[str]:
    formats = [str(payload.payloadType) for payload in section.payloads] or [_data_format(section, opened)]
    yield f"m={section.kind} {opened.port} {section.offered.proto} {' '.join(formats)}"
    yield f"c={ipaddress_to_sdp(opened.host)}" if opened.host else _NOWHERE
    if section.mid:
        yield f"a=mid:{section.mid}"
    if section.payloads:
        yield from media_lines(section.direction, section.extensions, section.payloads, opened)
    else:
        yield from _data(section, opened)
    yield from transport_lines(opened)


def media_lines(
    direction: Direction, extensions: Iterable[Extension], payloads: Payloads, opened: MediaDescription
) -> Iterator[str]:
    """What a section says of its media, to be answered or offered."""
    yield f"a={direction}"
    yield from ("a=rtcp:9 IN IP4 0.0.0.0", "a=rtcp-mux")
    for extension in extensions:
        yield f"a=extmap:{extension.id}{_LAST_WAY[extension.is_one_way]} {extension.uri}"
    for payload in payloads:
        yield f"a=rtpmap:{payload.payloadType} {payload}"
        for feedback in payload.rtcpFeedback:
            words = filter(None, (feedback.type, feedback.parameter))
            yield f"a=rtcp-fb:{payload.payloadType} {' '.join(words)}"
        if payload.parameters:
            said = (
                name if value is None else f"{name}={value}" for name, value in payload.parameters.items()
            )
            yield f"a=fmtp:{payload.payloadType} {';'.join(said)}"
    if direction.startswith("send"):
        yield from _sources(opened, len(payloads))


def _sources(opened: MediaDescription, number: int) -> Iterator[str]:
    """What we send, and its repair if there is any, belong to one picture or voice of one stream."""
    yield f"a=msid:{opened.msid}"
    sources = opened.ssrc[:number]
    if len(sources) > 1:
        yield f"a=ssrc-group:FID {' '.join(str(each.ssrc) for each in sources)}"
    for each in sources:
        yield f"a=ssrc:{each.ssrc} cname:{each.cname}"


def _data_format(section: Section, opened: MediaDescription) -> str:
    """In the form of the offer; the older one has the port for it (RFC 8841)."""
    return DATA_FORMAT if DATA_FORMAT in section.offered.formats else str(opened.sctp_port)


def _data(section: Section, opened: MediaDescription) -> Iterator[str]:
    if _data_format(section, opened) == DATA_FORMAT:
        yield f"a=sctp-port:{opened.sctp_port}"
    else:
        yield f"a=sctpmap:{opened.sctp_port} {DATA_FORMAT} 65535"
    if opened.sctpCapabilities is not None:
        yield f"a=max-message-size:{opened.sctpCapabilities.maxMessageSize}"


def transport_lines(opened: MediaDescription) -> Iterator[str]:
    """What a section says of ICE and DTLS: where we are, and who."""
    assert opened.ice is not None and opened.dtls is not None, "aiortc opens none without"
    yield from (f"a=candidate:{candidate_to_sdp(each)}" for each in opened.ice_candidates)
    if opened.ice_candidates_complete:
        yield "a=end-of-candidates"
    yield f"a=ice-ufrag:{opened.ice.usernameFragment}"
    yield f"a=ice-pwd:{opened.ice.password}"
    # libdatachannel takes the last of several, but counts in SHA-256 if DTLS starts before it has stored our
    # answer: one join in 10 to 50 failed with the alert "unknown CA". Every peer knows SHA-256.
    yield from (
        f"a=fingerprint:{f.algorithm} {f.value}" for f in opened.dtls.fingerprints if f.algorithm == "sha-256"
    )
    yield f"a=setup:{_SETUPS[opened.dtls.role]}"
