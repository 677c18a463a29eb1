"""What is made of each section of an offer: taken, or refused with a reason (RFC 8866, 8843, 9429).

The first video that can be shown shows the avatar, and the first audio lets it be heard. Where a voice is
wanted, one audio that sends is heard. What else could be taken is, and nothing is sent in it; so is the first
of a bundle, whatever its codecs, if all others have its transport.

Who brings sound by WHIP gets nothing sent, and its video is taken, for a WHIP server takes all of an offer or
nothing; but nobody looks at it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from avatar_rtc.errors import BadOffer
from avatar_rtc.media.codecs import Payloads, agreed_payloads, idle_payloads
from avatar_rtc.media.offers.extensions import Extension, agreed_extensions
from avatar_rtc.media.offers.sdp import Attributes, SdpSection, SdpText
from avatar_rtc.media.offers.transport import FarTransport, far_transport

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]

DATA_FORMAT = "webrtc-datachannel"
MAX_SERVED = 8
"""Sections of one offer; each may want sockets of its own."""
MAX_MID = 256
"""Characters."""
_RTP = ("RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF")
"""However it is carried, such as UDP/TLS/. RFC 9429 (5.1.2) takes what calls itself plain, too: by its
fingerprint it is encrypted like all else."""
_WANTED = "Add video with direction recvonly in H264 or VP8"
_SOUND_WANTED = "Add audio with direction sendonly in Opus"


@dataclass(frozen=True)
class Section:
    """A section of an offer, and what becomes of it."""

    offered: SdpSection
    mid: str
    """As offered; "" if it was not."""
    name: str
    """What it is called within this connection: its mid, or else a made-up one."""
    offered_direction: Direction
    transport: FarTransport
    is_bundled: bool
    """Whether it was offered in the bundle."""
    payloads: Payloads
    """What may be sent in it; of data channels nothing."""
    extensions: tuple[Extension, ...]
    direction: Direction = "inactive"
    """Ours."""
    is_kept: bool = False
    """Nothing can be sent in it, but its bundle needs it."""
    is_dropped: bool = False
    """What comes in it is thrown away unread."""
    why_not: str = ""
    """Why it is answered with port 0; empty if it is taken."""

    @property
    def kind(self) -> str:
        """What its `m=` line begins with."""
        return self.offered.kind


@dataclass(frozen=True)
class Negotiated:
    """What is made of an offer."""

    sections: tuple[Section, ...]
    """In the order of the offer."""
    bundle: tuple[str, ...]
    """Mids of those that share one transport, first the section that names it; empty without a bundle."""
    is_lite: bool
    """The peer only answers checks, and we have to lead."""

    @property
    def taken(self) -> tuple[Section, ...]:
        """The sections that are not refused, in their order."""
        return tuple(section for section in self.sections if not section.why_not)

    @property
    def unread(self) -> frozenset[int]:
        """Payload types in which nothing comes that anybody reads."""
        dropped = [each for each in self.taken if each.is_dropped]
        read = {
            payload.payloadType for each in self.taken if not each.is_dropped for payload in each.payloads
        }
        named = {int(number) for each in dropped for number in each.offered.formats if number.isdecimal()}
        return frozenset(number for number in named - read if number < 128)

    def sending(self, kind: str) -> Section | None:
        """The section in which we send; None if there is none."""
        return next((s for s in self.taken if s.kind == kind and s.direction.startswith("send")), None)


def negotiate(offer: SdpText, hears: bool = False, only_hears: bool = False) -> Negotiated:
    """Decide on every section.

    Args:
        hears: whether the peer's own sound is wanted.
        only_hears: nothing else is, and nothing is sent.

    Raises:
        BadOffer: two sections have one mid, or there is nothing to be seen, heard or told.
    """
    mids = [_mid(section) for section in offer.sections]
    named = [mid for mid in mids if mid]
    if len(set(named)) < len(named):
        raise BadOffer("two media sections of the offer have the same a=mid")
    group = _group(offer, named)
    together = [offer.sections[mids.index(mid)] for mid in group]
    names = [mid or _spare_name(number, named) for number, mid in enumerate(mids)]
    judged = (
        _judged(offer, section, mid, name, together if mid in group else ())
        for section, mid, name in zip(offer.sections, mids, names, strict=True)
    )
    if only_hears:
        sections = _heard_alone(list(_within_bounds(map(_with_any_video, judged))))
        if all(section.direction != "recvonly" or section.is_dropped for section in sections):
            raise BadOffer(_nothing_left(sections, _SOUND_WANTED))
    else:
        sections = _directed(list(_within_bounds(_with_first(list(judged), group))), hears)
        if all(section.why_not or _is_idle(section) for section in sections):
            raise BadOffer(_nothing_left(sections, _WANTED))
    return _bundled(offer, sections, group, together)


def _mid(section: SdpSection) -> str:
    """A word, as a group has to name it."""
    mid = section.first("mid") or ""
    return mid if len(mid) <= MAX_MID and mid.isprintable() and " " not in mid else ""


def _spare_name(number: int, taken: Sequence[str]) -> str:
    return next(name for n in range(len(taken) + 1) if (name := f"{number}{'-' * n}") not in taken)


def _group(offer: SdpText, mids: Sequence[str]) -> tuple[str, ...]:
    """The first group to bundle, without what it names that is not there."""
    groups = (value.split() for value in offer.session.get("group", ()))
    bundles = (words[1:] for words in groups if words[:1] == ["BUNDLE"])
    known = set(mids)
    found = (tuple(dict.fromkeys(mid for mid in bundle if mid in known)) for bundle in bundles)
    return next(filter(None, found), ())


def _judged(
    offer: SdpText, section: SdpSection, mid: str, name: str, together: Sequence[SdpSection]
) -> Section:
    transport = far_transport(offer, section, together)
    payloads = agreed_payloads(section)
    return Section(
        offered=section,
        mid=mid,
        name=name,
        offered_direction=_direction(section.attributes) or _direction(offer.session) or "sendrecv",
        transport=transport,
        is_bundled=bool(together),
        payloads=payloads,
        extensions=agreed_extensions(offer, section, has_mid=bool(mid)) if payloads else (),
        why_not=_why_not(section, payloads, transport, is_bundled=bool(together)),
    )


def _why_not(section: SdpSection, payloads: Payloads, transport: FarTransport, is_bundled: bool) -> str:
    return (
        _why_off(section, is_bundled)
        or _why_unknown(section, payloads)
        or transport.why_not(has_rtcp=section.kind != "application")
    )


def _direction(attributes: Attributes) -> Direction | None:
    return next((each for each in get_args(Direction) if each in attributes), None)


def _why_off(section: SdpSection, is_bundled: bool) -> str:
    if section.port == 0 and "bundle-only" not in section.attributes:
        return "port 0"
    return "a=bundle-only without a bundle" if section.port == 0 and not is_bundled else ""


def _why_unknown(section: SdpSection, payloads: Payloads) -> str:
    """Why it is none of what we can send or open; empty if it is."""
    match section.kind:
        case "application":
            return "" if _is_data(section) else "no data channels (UDP/DTLS/SCTP webrtc-datachannel)"
        case "audio" | "video" if not section.proto.endswith(_RTP):
            return f"{section.proto:.40}, which is not RTP"
        case "audio" | "video":
            return "" if payloads else "no common codec: video is sent as H264 or VP8, audio as Opus"
    return "a kind that cannot be answered; offer audio, video or application"


def _is_data(section: SdpSection) -> bool:
    if not section.proto.endswith("DTLS/SCTP") or section.first("sctp-port") == "0":
        return False
    sctpmap = section.first("sctpmap") or DATA_FORMAT
    return DATA_FORMAT in (*section.formats, *sctpmap.split())


def _with_first(sections: list[Section], group: Sequence[str]) -> list[Section]:
    """With the first of the bundle, though nothing can be sent in it, if the others have its transport.

    libwebrtc, told to bundle as much as it can, has no other transport, and takes no answer that refuses its
    first section. So that stays, inactive, with a codec of its own: as a browser answers that sends nothing.
    """
    others = [section for section in sections if section.is_bundled and not section.why_not]
    at = next((at for at, section in enumerate(sections) if section.mid in group[:1]), None)
    if at is None or any(each.transport.ufrag != sections[at].transport.ufrag for each in others):
        return sections
    first, payloads = sections[at], idle_payloads(sections[at].offered)
    if not others or not first.why_not or _why_not(first.offered, payloads, first.transport, True):
        return sections
    kept = replace(first, payloads=payloads, is_kept=True, why_not="")
    return [*sections[:at], kept, *sections[at + 1 :]]


def _within_bounds(sections: Iterable[Section]) -> Iterator[Section]:
    taken, has_data = 0, False
    for section in sections:
        is_data = section.kind == "application"
        if section.why_not:
            yield section
        elif taken == MAX_SERVED:
            yield replace(section, why_not=f"{MAX_SERVED} sections before it")
        elif is_data and has_data:
            yield replace(section, why_not="data channels, as one before it")
        else:
            taken, has_data = taken + 1, has_data or is_data
            yield section


def _directed(sections: list[Section], hears: bool) -> list[Section]:
    """With who sends and who is heard; whose voice is sought first where ours is sent."""
    show, speak = (_first(sections, kind, ("recvonly", "sendrecv")) for kind in ("video", "audio"))
    answered = [speak] if speak and speak.offered_direction == "sendrecv" else sections
    heard = _first(answered, "audio", ("sendonly", "sendrecv")) if hears else None
    return [
        replace(section, direction=_ours(section is show or section is speak, section is heard))
        for section in sections
    ]


def _with_any_video(section: Section) -> Section:
    """Of video that is thrown away, any codec will do."""
    payloads = idle_payloads(section.offered) if section.kind == "video" else ()
    if not payloads or _why_not(section.offered, payloads, section.transport, section.is_bundled):
        return section
    return replace(section, payloads=payloads, why_not="")


def _heard_alone(sections: list[Section]) -> list[Section]:
    heard = _first(sections, "audio", ("sendonly", "sendrecv"))
    return [
        replace(section, direction="recvonly", is_dropped=section is not heard)
        if section is heard or (not section.why_not and _brings_media(section))
        else section
        for section in sections
    ]


def _brings_media(section: Section) -> bool:
    return section.kind in ("audio", "video") and section.offered_direction in ("sendonly", "sendrecv")


def _first(sections: Iterable[Section], kind: str, directions: Sequence[str]) -> Section | None:
    found = (s for s in sections if s.kind == kind and not s.why_not and not s.is_kept)
    return next((s for s in found if s.offered_direction in directions), None)


def _ours(sends: bool, receives: bool) -> Direction:
    if sends:
        return "sendrecv" if receives else "sendonly"
    return "recvonly" if receives else "inactive"


def _is_idle(section: Section) -> bool:
    return section.kind != "application" and section.direction == "inactive"


def _nothing_left(sections: Iterable[Section], wanted: str) -> str:
    """The sentence for an offer of which nothing can be used; it names each thing once."""
    whys = ((s, _why_unknown(s.offered, ()) if s.is_kept else s.why_not) for s in sections)
    reasons = (f"{s.kind:.20} has {why}" if why else f"{s.kind} is {s.offered_direction}" for s, why in whys)
    return f"nothing in the offer can be answered: {'; '.join(dict.fromkeys(reasons))[:400]}. {wanted}"


def _bundled(
    offer: SdpText, sections: list[Section], group: Sequence[str], together: Sequence[SdpSection]
) -> Negotiated:
    """With the transport of the section that names it: the first that is taken and has an address."""
    is_lite = "ice-lite" in offer.session
    taken = {section.mid: section for section in sections if section.is_bundled and not section.why_not}
    mids = [mid for mid in group if mid in taken]
    if not mids:
        return Negotiated(tuple(sections), (), is_lite)
    tag = next((mid for mid in mids if "bundle-only" not in taken[mid].offered.attributes), mids[0])
    transport = far_transport(offer, taken[tag].offered, together)
    return Negotiated(
        tuple(replace(s, transport=transport) if s.mid in taken else s for s in sections),
        (tag, *(mid for mid in mids if mid != tag)),
        is_lite,
    )
