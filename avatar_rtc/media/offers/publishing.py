"""Our own offer to a server that takes what we send (RFC 9725), and what its answer says.

tracks ──write_offer──► server ──► answer ──read_answer──► codecs, extensions, a plain answer for aiortc

As with the offers of peers, nothing that a server wrote reaches aiortc, but words that were checked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aiortc import RTCIceCandidate
from aiortc.rtcrtpparameters import RTCRtcpFeedback, RTCRtpCodecParameters
from aiortc.sdp import MediaDescription, SessionDescription

from avatar_rtc.errors import BadOffer, Unreachable
from avatar_rtc.media.addresses.candidates import read_candidate
from avatar_rtc.media.codecs import Payloads, agreed_payloads
from avatar_rtc.media.offers.answer import media_lines, transport_lines
from avatar_rtc.media.offers.extensions import OFFERED_EXTENSIONS, Extension, answered_extensions
from avatar_rtc.media.offers.offer import STAND_IN
from avatar_rtc.media.offers.sdp import SdpSection, SdpText, read_sdp
from avatar_rtc.media.offers.transport import FarTransport, far_transport

_FEEDBACK = {
    "video": (("nack", None), ("nack", "pli"), ("ccm", "fir"), ("goog-remb", None)),
    "audio": (("nack", None),),
}
_H264: Mapping[str, int | str | None] = {
    "level-asymmetry-allowed": "1",
    "packetization-mode": "1",
    "profile-level-id": "42e01f",
}


def _codec(mime: str, number: int, parameters: Mapping[str, int | str | None]) -> RTCRtpCodecParameters:
    kind = mime.partition("/")[0]
    feedback = () if mime.endswith("rtx") else _FEEDBACK[kind]
    return RTCRtpCodecParameters(
        mimeType=mime,
        clockRate=90_000 if kind == "video" else 48_000,
        channels=None if kind == "video" else 2,
        payloadType=number,
        rtcpFeedback=[RTCRtcpFeedback(type=name, parameter=parameter) for name, parameter in feedback],
        parameters=dict(parameters),
    )


OFFERED: Mapping[str, Payloads] = {
    "video": (
        _codec("video/H264", 102, _H264),
        _codec("video/rtx", 103, {"apt": 102}),
        _codec("video/VP8", 96, {}),
        _codec("video/rtx", 97, {"apt": 96}),
    ),
    "audio": (_codec("audio/opus", 111, {"minptime": "10", "useinbandfec": "1"}),),
}
"""Kind of a section → what we can send in it, what is shared with most viewers first."""
_SOURCES = {"video": 2, "audio": 1}
"""Those of a section: what is sent, and what is sent again."""


def write_offer(local: str) -> str:
    """The offer.

    Args:
        local: aiortc's own description, with its candidates.
    """
    description = SessionDescription.parse(local)
    lines = ["v=0", f"o={description.origin}", "s=-", "t=0 0"]
    lines.append(f"a=group:BUNDLE {' '.join(media.rtp.muxId for media in description.media)}")
    lines.append("a=msid-semantic: WMS *")
    for media in description.media:
        lines += _offered(media)
    return "".join(f"{line}\r\n" for line in lines)


def _offered(media: MediaDescription) -> Iterator[str]:
    payloads = OFFERED[media.kind]
    media.ssrc = media.ssrc[: _SOURCES[media.kind]]
    formats = " ".join(str(each.payloadType) for each in payloads)
    yield f"m={media.kind} {media.port} UDP/TLS/RTP/SAVPF {formats}"
    yield f"c=IN IP{6 if ':' in (media.host or '') else 4} {media.host or '0.0.0.0'}"
    yield f"a=mid:{media.rtp.muxId}"
    yield from media_lines("sendonly", OFFERED_EXTENSIONS[media.kind], payloads, media)
    yield from transport_lines(media)


@dataclass(frozen=True)
class AnsweredSection:
    """A section of our offer, and what the server makes of it."""

    kind: str
    mid: str
    payloads: Payloads
    """What is sent in it; empty if nothing is."""
    extensions: tuple[Extension, ...]


@dataclass(frozen=True)
class ParsedAnswer:
    """An answer that can be used."""

    sections: tuple[AnsweredSection, ...]
    sdp: str
    """The same in words that aiortc reads; without candidates."""
    candidates: tuple[RTCIceCandidate, ...]
    routes: Mapping[str, str]
    """Name of each section → name of that which has the transport."""
    ufrags: frozenset[str]

    def sent(self, kind: str) -> AnsweredSection | None:
        """The section in which something of a kind is sent; None if nothing is."""
        return next((each for each in self.sections if each.kind == kind and each.payloads), None)


def read_answer(sdp: str, kinds: Mapping[str, str]) -> ParsedAnswer:
    """Read the answer to an offer of ours.

    Args:
        kinds: name of each section that was offered → its kind, in their order.

    Raises:
        Unreachable: it cannot be read, is none to this offer, or takes nothing of what was offered.
    """
    try:
        text = read_sdp(sdp)
    except BadOffer:
        raise Unreachable("the answer is no SDP") from None
    if [section.kind for section in text.sections] != [*kinds.values()]:
        raise Unreachable("the answer has other sections than the offer")
    sections = tuple(_answered(text, section, mid) for section, mid in zip(text.sections, kinds, strict=True))
    taken = [found for found, ours in zip(text.sections, sections, strict=True) if ours.payloads]
    if not taken:
        raise Unreachable("the answer takes nothing of what was offered: video in H264 or VP8, audio in Opus")
    transport = far_transport(text, taken[0], taken)
    if why := transport.why_not(has_rtcp=True):
        raise Unreachable(f"the answer has {why}")
    if any(far_transport(text, each, taken).ufrag != transport.ufrag for each in taken):
        raise Unreachable("the answer has picture and sound on two ways, wanted is one (a=group:BUNDLE)")
    tag, ufrags = next(each.mid for each in sections if each.payloads), frozenset({transport.ufrag})
    written = [value for each in taken for value in each.attributes.get("candidate", ())]
    written += text.session.get("candidate", ())
    found = (read_candidate(value, tag, ufrags) for value in dict.fromkeys(written))
    return ParsedAnswer(
        sections,
        _plain_answer(sections, transport, "ice-lite" in text.session),
        tuple(each for each in found if each is not None),
        dict.fromkeys(kinds, tag),
        ufrags,
    )


def _answered(answer: SdpText, section: SdpSection, mid: str) -> AnsweredSection:
    is_taken = section.port != 0 or "bundle-only" in section.attributes
    is_shut = any(each in section.attributes for each in ("inactive", "sendonly"))
    offered = {each.payloadType for each in OFFERED[section.kind]}
    payloads = agreed_payloads(section) if is_taken and not is_shut else ()
    payloads = tuple(each for each in payloads if each.payloadType in offered)
    return AnsweredSection(section.kind, mid, payloads, answered_extensions(answer, section))


def _plain_answer(sections: tuple[AnsweredSection, ...], transport: FarTransport, is_lite: bool) -> str:
    lines = ["v=0", "o=- 0 0 IN IP4 0.0.0.0", "s=-", "t=0 0"]
    lines.append(f"a=group:BUNDLE {' '.join(each.mid for each in sections)}")
    if is_lite:
        lines.append("a=ice-lite")
    for each in sections:
        number, _, _ = STAND_IN[each.kind].partition(" ")
        lines += [
            f"m={each.kind} 9 UDP/TLS/RTP/SAVPF {number}",
            f"a=rtpmap:{STAND_IN[each.kind]}",
            "a=recvonly" if each.payloads else "a=inactive",
            "a=rtcp-mux",
            f"a=mid:{each.mid}",
            f"a=ice-ufrag:{transport.ufrag}",
            f"a=ice-pwd:{transport.password}",
            f"a=setup:{transport.setup}",
            *(f"a=fingerprint:{each}" for each in transport.fingerprints),
        ]
    return "".join(f"{line}\r\n" for line in lines)
