"""Which codec of a section is sent, and what an answer says of it.

Of all that a peer can take, H264 comes first, for its encode is shared with most others; VP8 next. H264 for
which the peer takes single NAL units alone comes last: it has a rendition of its own (RFC 6184, 6.2).
Baseline is what is sent, and what decoders of every higher profile have to decode as well.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from aiortc.rtcrtpparameters import RTCRtcpFeedback, RTCRtpCodecParameters

from avatar_rtc.media.offers.sdp import SdpSection
from avatar_rtc.stream.frame import Codec

Payloads = tuple[RTCRtpCodecParameters, ...]
"""What is agreed on for one section: the codec, and the repair of what was lost, if the peer can do it."""

_CODECS: Mapping[str, tuple[str, int]] = {
    "h264": ("video/H264", 90_000),
    "vp8": ("video/VP8", 90_000),
    "opus": ("audio/opus", 48_000),
}
_FEEDBACK = {"video": ("nack", "nack pli", "ccm fir", "goog-remb"), "audio": ("nack",)}
_PROFILES = (0x42, 0x4D, 0x58, 0x64, 0x6E, 0x7A, 0xF4)
"""Baseline, main, extended, high, high 10, high 4:2:2, high 4:4:4."""
_BESIDE = ("rtx", "red", "ulpfec", "flexfec-03", "cn", "telephone-event")
"""Formats that go along with a codec and are none."""
_ECHOED = ("level-asymmetry-allowed", "packetization-mode", "profile-level-id")
"""What both ends of H264 must say alike; the rest is what the peer can take, or sends."""

_RTPMAP = re.compile(r"([0-9]{1,3})\s+([^\s/]+)\s*/\s*([0-9]{1,9})(?:\s*/\s*([0-9]{1,3}))?\s*")


@dataclass(frozen=True)
class _Offered:
    """A format of a section, with all that is said of it."""

    payload_type: int
    name: str
    """Lower case."""
    clock_hz: int
    channels: int
    parameters: Mapping[str, str]
    """Of a=fmtp; names in lower case."""

    @property
    def packetization_mode(self) -> str:
        return self.parameters.get("packetization-mode", "0")


def agreed_payloads(section: SdpSection) -> Payloads:
    """What an answer takes of a section's codecs; empty if there is none that we can send."""
    offered = list(_offered(section))
    usable = [each for each in offered if _is_sendable(section.kind, each)]
    if not usable:
        return ()
    best = min(usable, key=_rank)
    chosen = RTCRtpCodecParameters(
        mimeType=_CODECS[best.name][0],
        clockRate=best.clock_hz,
        channels=best.channels if section.kind == "audio" else None,
        payloadType=best.payload_type,
        rtcpFeedback=_feedback(section, best.payload_type),
        parameters={name: best.parameters[name] for name in _ECHOED if name in best.parameters},
    )
    if section.kind == "audio":
        chosen.parameters["useinbandfec"] = "1"  # of what the peer sends, such as a microphone
        return (chosen, *(_red(each, best) for each in offered if _repeats(each, best)))[:2]
    repair = (each for each in offered if each.name == "rtx" and each.clock_hz == best.clock_hz)
    return (chosen, *(_rtx(each, best) for each in repair if _apt(each) == best.payload_type))[:2]


def idle_payloads(section: SdpSection) -> Payloads:
    """What an answer takes of a section's codecs if nothing is ever sent in it: the first, whatever it is."""
    named = (each for each in _offered(section) if each.name not in _BESIDE)
    return tuple(
        RTCRtpCodecParameters(
            mimeType=f"{section.kind}/{each.name.upper()}",
            clockRate=each.clock_hz,
            channels=each.channels if section.kind == "audio" else None,
            payloadType=each.payload_type,
            parameters=dict(each.parameters),
        )
        for each in islice(named, 1)
    )


def sent_codec(payloads: Payloads) -> Codec:
    """The codec of what is sent in a section of video."""
    return "h264" if payloads[0].mimeType == "video/H264" else "vp8"


def takes_single_nals_only(payloads: Payloads) -> bool:
    """True if each packet has to hold one whole NAL unit, so that slices must fit into packets."""
    mode = payloads[0].parameters.get("packetization-mode", "0")
    return sent_codec(payloads) == "h264" and mode == "0"


def _offered(section: SdpSection) -> Iterator[_Offered]:
    names = {int(found[1]): found for found in map(_RTPMAP.fullmatch, _values(section, "rtpmap")) if found}
    parameters: dict[int, dict[str, str]] = {}
    for value in _values(section, "fmtp"):
        number, _, pieces = value.partition(" ")
        if _is_number(number):
            parameters.setdefault(int(number), {}).update(_parameters(pieces))
    for number in dict.fromkeys(section.formats):
        if _is_number(number) and _is_payload_type(int(number)) and (found := names.get(int(number))):
            yield _Offered(
                int(number),
                found[2].lower(),
                int(found[3]),
                int(found[4] or 1),
                parameters.get(int(number), {}),
            )


def _values(section: SdpSection, name: str) -> tuple[str, ...]:
    return section.attributes.get(name, ())


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 3


def _is_payload_type(number: int) -> bool:
    """RTCP shares the port, and with a marker 64 to 95 would look like it (RFC 5761)."""
    return number < 64 or 96 <= number < 128


def _parameters(text: str) -> Iterator[tuple[str, str]]:
    for piece in text.split(";"):
        name, _, value = piece.partition("=")
        if name.strip():
            yield name.strip().lower(), value.strip()


def _is_sendable(kind: str, offered: _Offered) -> bool:
    mime_type, clock_hz = _CODECS.get(offered.name, ("", 0))
    if not mime_type.startswith(f"{kind}/") or offered.clock_hz != clock_hz:
        return False
    return offered.name != "h264" or (
        _profile(offered) is not None and offered.packetization_mode in ("0", "1")
    )


def _profile(offered: _Offered) -> tuple[int, int] | None:
    """(rank of the profile, 0 if it is constrained) of H264; None if its decoders need not take ours."""
    text = offered.parameters.get("profile-level-id", "42e01f")
    if not re.fullmatch("[0-9a-fA-F]{6}", text):
        return None
    idc, constraints, _ = bytes.fromhex(text)
    return (_PROFILES.index(idc), not constraints & 0x40) if idc in _PROFILES else None


def _rank(offered: _Offered) -> tuple[int, tuple[int, int]]:
    """The least is taken; of equals the one that the peer named first."""
    if offered.name != "h264":
        return 1, (0, 0)
    return (0 if offered.packetization_mode == "1" else 2), _profile(offered) or (0, 0)


def _feedback(section: SdpSection, payload_type: int) -> list[RTCRtcpFeedback]:
    offered = [value.split() for value in _values(section, "rtcp-fb")]
    ours = {" ".join(words[1:]) for words in offered if words and words[0] in ("*", str(payload_type))}
    known = [each.partition(" ") for each in _FEEDBACK[section.kind] if each in ours]
    return [RTCRtcpFeedback(type=kind, parameter=parameter or None) for kind, _, parameter in known]


def _apt(offered: _Offered) -> int | None:
    apt = offered.parameters.get("apt", "")
    return int(apt) if _is_number(apt) else None


def _rtx(offered: _Offered, repaired: _Offered) -> RTCRtpCodecParameters:
    return RTCRtpCodecParameters(
        mimeType="video/rtx",
        clockRate=offered.clock_hz,
        payloadType=offered.payload_type,
        parameters={"apt": repaired.payload_type},
    )


def _repeats(offered: _Offered, repaired: _Offered) -> bool:
    """Whether it is RED (RFC 2198) that holds blocks of that codec, each once more."""
    inner = next((name for name in offered.parameters if "/" in name), "").split("/")
    same = (offered.clock_hz, offered.channels) == (repaired.clock_hz, repaired.channels)
    return offered.name == "red" and same and set(inner) == {str(repaired.payload_type)}


def _red(offered: _Offered, repaired: _Offered) -> RTCRtpCodecParameters:
    return RTCRtpCodecParameters(
        mimeType="audio/red",
        clockRate=offered.clock_hz,
        channels=offered.channels,
        payloadType=offered.payload_type,
        parameters={f"{repaired.payload_type}/{repaired.payload_type}": None},
    )
