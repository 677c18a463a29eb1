"""Offers built from a grammar, each with what has to become of its sections, known by how it was built.

Everything a browser would answer is in it, and much that none writes: odd lines, forms and orders.
"""

import re
from dataclasses import dataclass, replace

from hypothesis import strategies as st

FINGERPRINT = "a=fingerprint:sha-256 " + ":".join(["5A"] * 32)
STRAY = (
    "",
    "   ",
    "no line at all",
    "y=what",
    "i=A picture",
    "b=AS:2000",
    "b=X-?",
    "c=IN IP6 ::1",
    "k=prompt",
    "a=",
    "a=:",
    "a=rtcp:x",
    "a=rtcp-fb",
    "a=rtcp-fb:x nack",
    "a=rtpmap:x VP8/90000",
    "a=rtpmap:300 VP8/90000",
    "a=rtpmap:77",
    "a=fmtp:222 a=b",
    "a=fmtp:",
    "a=extmap:0 urn:x",
    "a=extmap:5/recvonly urn:x with=more",
    "a=extmap:5 urn:y",
    "a=extmap:5000 urn:z",
    "a=extmap:x",
    "a=extmap-allow-mixed",
    "a=ssrc:1",
    "a=ssrc:x cname:y",
    "a=ssrc-group:FID x y",
    "a=rid:hi send",
    "a=simulcast:send hi;lo",
    "a=imageattr:* send *",
    "a=msid:- -",
    "a=ice-options:trickle renomination",
    "a=rtcp-rsize",
    "a=end-of-candidates",
    "a=candidate:1 1 tcp 1 192.0.2.1 9 typ host tcptype active",
    "a=candidate:1 1 udp 1 fe80::1%eth0 5000 typ host",
    "a=candidate:1 2 udp 1 192.0.2.1 5000 typ host",
    "a=candidate:1 1 udp 1 192.0.2.1 99999 typ strange x",
    "a=candidate:x",
    "a=candidate:1 1 udp 1 0c5bd3f5-bd4f-4a3b-9d4f-6b8d3f6e0d11.local 5000 typ host",
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x",
    "a=fingerprint:sha-1 AB:CD",
    "a=fingerprint:md5 " + ":".join(["00"] * 16),
    "a=unknown:" + "é" * 20,
)
DIRECTIONS = ("recvonly", "sendrecv", "sendonly", "inactive")
PROTOS = (
    "UDP/TLS/RTP/SAVPF",
    "UDP/TLS/RTP/SAVP",
    "TCP/TLS/RTP/SAVPF",
    "TCP/DTLS/RTP/SAVPF",
    "RTP/SAVPF",
    "RTP/SAVP",
)
DATA = (
    ("UDP/DTLS/SCTP", "webrtc-datachannel", "a=sctp-port:5000"),
    ("UDP/DTLS/SCTP", "webrtc-datachannel", ""),
    ("TCP/DTLS/SCTP", "webrtc-datachannel", "a=sctp-port:5000\na=max-message-size:262144"),
    ("DTLS/SCTP", "5000", "a=sctpmap:5000 webrtc-datachannel 1024"),
    ("DTLS/SCTP", "5000", ""),
)
FOREIGN = (
    ("text", "RTP/AVP", "98", "a=rtpmap:98 t140/1000"),
    ("image", "udptl", "t38", ""),
    ("message", "TCP/MSRP", "*", ""),
    ("application", "TCP/TLS/BFCP", "*", "a=floorctrl:c-only"),
    ("application", "UDP/TLS/RTP/SAVPF", "96", "a=rtpmap:96 smtpe336m/90000"),
    ("smell", "UDP/TLS/RTP/SAVPF", "96", "a=rtpmap:96 VP8/90000"),
    ("video", "MP2T/UDP", "33", ""),
)
FREE_TYPES = (*range(35, 64), *range(96, 128))


@dataclass(frozen=True)
class Expected:
    """What has to become of a section."""

    taken: bool
    """False: it has port 0."""
    may_send: bool
    """The peer wants to receive, and we could send it."""
    is_data: bool = False


@dataclass(frozen=True)
class Built:
    """An offer, and what its sections are."""

    sdp: str
    expected: tuple[Expected, ...]


def _codec_lines(draw, kind: str, number: int, good: bool) -> str:
    """Codecs of one format, and what is said of it."""
    if kind == "audio":
        if not good:
            return draw(
                st.sampled_from((f"a=rtpmap:{number} PCMU/8000", f"a=rtpmap:{number} opus/16000/2", ""))
            )
        name = draw(st.sampled_from(("opus", "OPUS", "Opus")))
        fmtp = draw(
            st.sampled_from(("", f"a=fmtp:{number} minptime=10; useinbandfec=1", f"a=fmtp:{number} x"))
        )
        return f"a=rtpmap:{number} {name}/48000/2\n{fmtp}"
    if not good:
        lines = ("AV1/90000", "VP9/90000", "H265/90000", "H264/8000", "raw/90000", "VP8")
        bad_h264 = (
            "packetization-mode=2",
            "profile-level-id=42e0",
            "packetization-mode=1;profile-level-id=zz0000",
        )
        if draw(st.booleans()):
            return f"a=rtpmap:{number} {draw(st.sampled_from(lines))}"
        return f"a=rtpmap:{number} H264/90000\na=fmtp:{number} {draw(st.sampled_from(bad_h264))}"
    if draw(st.booleans()):
        return f"a=rtpmap:{number} {draw(st.sampled_from(('VP8', 'vp8')))}/90000\na=rtcp-fb:{number} nack"
    said = draw(
        st.sampled_from(
            (
                "",
                "packetization-mode=0",
                "packetization-mode=1",
                "profile-level-id=42E01F;packetization-mode=1; level-asymmetry-allowed=1",
                "profile-level-id=640C34;PACKETIZATION-MODE=1",
                "profile-level-id=4d0032",
                "sprop-parameter-sets=Z0LgHw==,aM4=;packetization-mode=1;profile-level-id=42800b",
            )
        )
    )
    line = f"a=rtpmap:{number} {draw(st.sampled_from(('H264', 'h264')))}/90000\na=rtcp-fb:* nack pli"
    return f"{line}\na=fmtp:{number} {said}" if said else line


def _names_a_codec(section: list[str]) -> bool:
    """Whether it is media, on, and says what one of its formats is."""
    kind, port, proto, *formats = section[0].removeprefix("m=").split()
    named = re.findall(r"^a=rtpmap:(\d+) (?!rtx|red)[^/\s]+/\d+", "\n".join(section[1:]), re.MULTILINE)
    is_on = port != "0" or "a=bundle-only" in section
    return kind in ("audio", "video") and is_on and proto in PROTOS and bool({*named} & {*formats})


@st.composite
def offers(draw) -> Built:
    """An offer with at least one section to be answered with something."""
    count = draw(st.integers(1, 6))
    is_bundled, has_mids = draw(st.booleans()), draw(st.booleans())
    told_above = draw(st.booleans())
    setup = draw(st.sampled_from(("", "actpass", "active", "passive")))
    transport = ["a=ice-ufrag:abcd", f"a=ice-pwd:{'p' * 24}", FINGERPRINT]
    transport += [f"a=setup:{setup}"] if setup else []
    hashes = [
        "a=fingerprint:sha-512 " + ":".join(["0F"] * 64),
        "a=fingerprint:sha-1 " + ":".join(["0F"] * 20),
    ]
    transport += draw(st.lists(st.sampled_from(hashes), max_size=2))
    sections: list[list[str]] = []
    expected: list[Expected] = []
    mids: list[str] = []
    data = 0
    for index in range(count):
        kind = draw(st.sampled_from(("video", "video", "audio", "audio", "application", "foreign")))
        mid = draw(st.sampled_from((f"{index}", f"mid{index}", f"{kind}-{index}", f"{'x' * 20}{index}")))
        off = draw(st.sampled_from((False, False, False, True)))
        only_bundled = off and is_bundled and has_mids and bool(mids) and draw(st.booleans())
        port = 0 if off else draw(st.sampled_from((9, 5000, 65535)))
        off = off and not only_bundled
        direction = draw(st.sampled_from((*DIRECTIONS, "")))
        wants = direction in ("recvonly", "sendrecv", "")
        mux = (
            "a=rtcp-mux"
            if is_bundled and has_mids
            else draw(st.sampled_from(("a=rtcp-mux", "a=rtcp-mux", "")))
        )
        match kind:
            case "application":
                proto, fmt, more = draw(st.sampled_from(DATA))
                good, data = not off and not data, data + (not off)
                lines = [f"m=application {port} {proto} {fmt}", more]
            case "foreign":
                name, proto, fmt, more = draw(st.sampled_from(FOREIGN))
                good = False
                lines = [f"m={name} {port} {proto} {fmt}", more]
            case _:
                numbers = draw(st.lists(st.sampled_from(FREE_TYPES), min_size=1, max_size=4, unique=True))
                goods = [draw(st.booleans()) for _ in numbers]
                lines = [
                    f"m={kind} {port} {draw(st.sampled_from(PROTOS))} {' '.join(map(str, numbers))}",
                    mux,
                    f"a={direction}" if direction else "",
                    *(_codec_lines(draw, kind, n, ok) for n, ok in zip(numbers, goods, strict=True)),
                ]
                if kind == "video":
                    repair = next(n for n in FREE_TYPES[::-1] if n not in numbers)
                    lines[0] += f" {repair}"
                    lines.append(f"a=rtpmap:{repair} rtx/90000\na=fmtp:{repair} apt={numbers[0]}")
                elif draw(st.booleans()):
                    copies = next(n for n in FREE_TYPES[::-1] if n not in numbers)
                    lines[0] += f" {copies}"
                    within = draw(st.sampled_from((f"{numbers[0]}/{numbers[0]}", f"{numbers[0]}", "x/1", "")))
                    lines.append(f"a=rtpmap:{copies} red/48000/2\na=fmtp:{copies} {within}")
                good = not off and any(goods) and bool(mux)
        extra = [] if told_above or only_bundled else transport
        extra = [
            *extra,
            *([f"a=mid:{mid}"] if has_mids else []),
            *(["a=bundle-only"] if only_bundled else []),
        ]
        extra += draw(st.lists(st.sampled_from(STRAY), max_size=4))
        lines[1:] = draw(st.permutations([*lines[1:], *extra]))
        sections.append(lines)
        mids.append(mid)
        expected.append(Expected(good, good and wants and kind in ("audio", "video"), kind == "application"))
    if is_bundled and has_mids and any(each.taken for each in expected) and _names_a_codec(sections[0]):
        # All have one transport, and the first of a bundle has it.
        expected[0] = replace(expected[0], taken=True)
    head = ["v=0", f"o=- {draw(st.sampled_from(('1', '9' * 19)))} 2 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    head += draw(st.lists(st.sampled_from(STRAY[:9]), max_size=2))
    head += [f"a=group:BUNDLE {' '.join(mids)}"] if is_bundled and has_mids else []
    head += transport if told_above else []
    head += draw(
        st.lists(st.sampled_from(("a=ice-lite", "a=msid-semantic: WMS", "a=group:LS 1 2")), max_size=1)
    )
    end = draw(st.sampled_from(("\r\n", "\n", "\r\n\r\n", "\r")))
    lines = "\n".join(["\n".join(head), *("\n".join(lines) for lines in sections)]).split("\n")
    return Built(end.join(lines) + end, tuple(expected))
