"""Nonsense at every door: `python -m avatar_rtc.bench.garbage URL CASES PID [SEED]`.

PID is the server's process, whose UDP ports are found.

A quarter each: offers with lines lost, doubled, broken or foreign; other WHEP requests with bodies of all
kinds; texts and bytes on the data channels of a real viewer, and reports and packets of its that say
nonsense; datagrams of a stranger that look like STUN, DTLS, RTP and RTCP. It runs apart from what it measures
with. What is sent follows from the seed. At the end what was answered comes as one JSON line.
"""

import asyncio
import contextlib
import json
import os
import random
import socket
import struct
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import aiohttp
import psutil

from avatar_rtc.bench.flood import ADDRESS, Answers, an_offer
from avatar_rtc.client.client import AvatarClient

_WHEP = "api/v1/avatars/main/whep"
_SDP = {"Content-Type": "application/sdp"}
_LINES = (
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "m=video 0 UDP/TLS/RTP/SAVPF 97", "a=sctp-port:0",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=group:BUNDLE 0 9", "a=candidate:1 1 udp 1 256.1.1.1 1 typ host",
    "a=candidate:1 1 udp 1 fe80::1%eth0 5000 typ host", "a=candidate:1 1 tcp 1 127.0.0.1 9 typ host",
    "a=fingerprint:sha-1 00", "a=ice-ufrag:", "a=ice-pwd:x", "a=setup:passive", "a=mid:", "a=sendonly", "=",
    "a=rtpmap:300 H264/90000", "a=fmtp:96 profile-level-id=zzzzzz", "a=extmap:0 urn:x", "v=1", "o=", "\0",
    "a=rtcp-fb:* nack", "a=end-of-candidates", "a=ssrc:x cname:y", "a=simulcast:send hi", "y=\u00e9",
)  # fmt: skip
_PIECES = ("", "x", "-1", "9" * 30, " ", ":", "\u00e9", "\0", "a" * 5_000)
_TYPES = (
    "application/sdp",
    "application/trickle-ice-sdpfrag",
    "application/json",
    "text/plain",
    "",
    "x/y;z=",
)
_REPORTS = tuple(kind for kind in range(192, 210) if kind != 203)
"""Types of RTCP; to say goodbye is a viewer's right."""
_LANES = 4
"""Offers at once: to take one back takes a tenth of a second."""
_MAGIC = b"\x21\x12\xa4\x42"


def spoilt(pick: random.Random, text: str) -> str:
    """A text of lines with a few of them lost, doubled, broken or foreign, or cut off."""
    lines = text.split("\r\n")
    for _ in range(pick.choice((0, 1, 1, 2, 4, 20))):
        at = pick.randrange(len(lines))
        match pick.randrange(6):
            case 0 if len(lines) > 1:
                del lines[at]
            case 1:
                lines.insert(at, pick.choice(lines))
            case 2:
                cut = pick.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:cut] + pick.choice(_PIECES) + lines[at][cut + 1 :]
            case 3:
                lines[at] = pick.choice(_LINES)
            case 4 if pick.random() < 0.1:
                lines = lines[: at + 1]
            case _:
                lines.insert(at, pick.choice(_LINES))
    return pick.choice(("\r\n", "\r\n", "\n")).join(lines)


def a_body(pick: random.Random, offer: str) -> bytes:
    """A body that may be anything."""
    match pick.randrange(5):
        case 0:
            return pick.randbytes(pick.choice((0, 1, 20, 2_000)))
        case 1:
            return spoilt(pick, offer).encode()
        case 2:
            return json.dumps({"type": "offer", "sdp": spoilt(pick, offer)}).encode()
        case 3:
            return b"v=0\r\n" * pick.choice((1, 100, 5_000))
        case _:
            fragment = (
                "a=ice-ufrag:abcd\r\na=ice-pwd:" + "p" * 24 + "\r\nm=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0"
            )
            lines = [
                f"a=candidate:1 1 udp 1 127.0.0.1 {pick.randrange(70_000)} typ host",
                pick.choice(_LINES),
            ]
            return spoilt(pick, "\r\n".join([fragment, *lines])).encode()


def a_packet(pick: random.Random) -> bytes:
    """A datagram with the head of STUN, DTLS, RTP or RTCP, or with none."""
    rest = pick.randbytes(pick.choice((0, 1, 4, 12, 40, 200, 1_200)))
    match pick.randrange(6):
        case 0:
            kind = pick.choice((0x0001, 0x0101, 0x0111, 0x0011, pick.randrange(0x4000)))
            return struct.pack("!HH", kind, pick.choice((len(rest), 0, 65_535))) + _MAGIC + bytes(12) + rest
        case 1:
            head = bytes([pick.randrange(20, 64), 254, 253]) + struct.pack("!H6x", pick.randrange(3))
            return head + struct.pack("!H", pick.choice((len(rest), 0, 65_535))) + rest
        case 2:
            return bytes([pick.randrange(128, 192), pick.randrange(192, 224)]) + rest
        case 3:
            return bytes([pick.randrange(128, 192), pick.randrange(128)]) + rest
        case 4:
            return b""
        case _:
            return rest


def a_message(pick: random.Random) -> str | bytes:
    """What a data channel may bring: broken texts, bytes, and objects with anything in them."""
    values: tuple[Any, ...] = (
        None,
        True,
        -1,
        1e308,
        "",
        "joy",
        [],
        {},
        [[]] * 9,
        {"x": 0.5},
        "\u00e9" * 9,
        10**40,
    )
    kinds = (
        "emotion.set",
        "overrides.set",
        "settings.patch",
        "chain.set",
        "gaze.set",
        "ping",
        "speech.stop",
        "x",
    )
    names = ("id", "name", "weights", "overrides", "settings", "chain", "target", "t_ms", "visemes", "morphs")
    match pick.randrange(5):
        case 0:
            return pick.randbytes(pick.choice((0, 1, 9, 4_000)))
        case 1:
            return pick.choice(("", "{", "[" * 20_000, "null", '{"type": 1}', "\u00e9" * 99, '{"a": ' * 500))
        case _:
            told = {name: pick.choice(values) for name in pick.sample(names, 3)}
            text = json.dumps({"type": pick.choice(kinds), **told})
            at = pick.randrange(len(text))
            return text if pick.random() < 0.7 else text[:at] + pick.choice(_PIECES) + text[at + 1 :]


class Garbage:
    """Sends so many cases of each kind at one server."""

    def __init__(self, url: str, each: int, seed: int = 0) -> None:
        self._url, self._each, self._seed = url, each, seed
        self._host = url.split("//")[1].split(":")[0]
        self.answers: Answers = defaultdict(Counter)
        self.sent = 0

    async def run(self, ports: Sequence[int]) -> None:
        """All kinds at once; `ports` of UDP are those of the server's viewers."""
        timeout = aiohttp.ClientTimeout(total=30)
        connector = aiohttp.TCPConnector(local_addr=(ADDRESS, 0))
        async with (
            AvatarClient(self._url, audio=True) as viewer,
            aiohttp.ClientSession(self._url, connector=connector, timeout=timeout) as http,
        ):
            self._http = http
            offer = str(viewer._pc.localDescription.sdp) if viewer._pc else ""
            await asyncio.gather(
                self._offers(offer), self._requests(offer), self._messages(viewer), self._datagrams(ports)
            )
            with contextlib.suppress(Exception):
                self.answers["the viewer"]["answered" if await viewer.ping() else ""] += 1

    async def _offers(self, offer: str) -> None:
        await asyncio.gather(*(self._lane_of_offers(offer, lane) for lane in range(_LANES)))

    async def _lane_of_offers(self, offer: str, lane: int) -> None:
        pick = random.Random(f"{self._seed} {lane}")
        plain = an_offer().decode()
        for number in range(lane, self._each, _LANES):
            text = spoilt(pick, plain if number % 2 else offer)
            location = await self._ask(
                "offers", "POST", _WHEP, data=text.encode("utf-8", "replace"), headers=_SDP
            )
            if location:
                await self._ask("offers taken back", "DELETE", location)

    async def _requests(self, offer: str) -> None:
        pick = random.Random(self._seed + 1)
        resource = await self._ask("resources", "POST", _WHEP, data=an_offer(), headers=_SDP)
        for number in range(self._each):
            if number % 200 == 199 or not resource:  # one that never connects is gone after a while
                resource = await self._ask("resources", "POST", _WHEP, data=an_offer(), headers=_SDP)
            method = pick.choice(("PATCH",) * 5 + ("POST", "PUT", "DELETE", "OPTIONS", "GET"))
            place = pick.choice(
                (resource or _WHEP, _WHEP, f"/{_WHEP}/nobody", f"/{_WHEP}?video=x&\u00e9=%00")
            )
            if method == "DELETE":
                place = f"/{_WHEP}/nobody"
            headers = {"Content-Type": pick.choice(_TYPES), "If-Match": pick.choice(("*", '"x"', "x", ""))}
            made = await self._ask("requests", method, place, data=a_body(pick, offer), headers=headers)
            if made and made != resource:
                await self._ask("offers taken back", "DELETE", made)

    async def _ask(self, name: str, method: str, path: str, **options: Any) -> str | None:
        """The address of what was made, if anything was."""
        self.sent += 1
        try:
            async with self._http.request(method, "/" + path.lstrip("/"), **options) as response:
                await response.read()
                self.answers[name][str(response.status)] += 1
                return response.headers.get("Location") if response.status == 201 else None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            self.answers[name][type(error).__name__] += 1
            return None

    async def _messages(self, viewer: AvatarClient) -> None:
        """By the channels of a viewer, and by its transport: packets that are its own, and nonsense."""
        pick = random.Random(self._seed + 2)
        channels = viewer._line.channels if viewer._line else ()
        transport = viewer._pc.getTransceivers()[0].receiver.transport if viewer._pc else None
        for _ in range(self._each):
            self.sent += 1
            if pick.random() < 0.5 or transport is None:
                channel = pick.choice(channels)
                while channel.bufferedAmount > 100_000:  # noqa: ASYNC110 - the library tells nobody
                    await asyncio.sleep(0.01)
                if channel.readyState == "open":
                    channel.send(a_message(pick))
                    self.answers["messages"]["sent"] += 1
            else:
                with contextlib.suppress(Exception):  # some of it the library itself refuses to protect
                    await _nonsense(transport, pick)
                    self.answers["reports"]["sent"] += 1
            await asyncio.sleep(0.001)

    async def _datagrams(self, ports: Sequence[int]) -> None:
        pick = random.Random(self._seed + 3)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thrower:
            thrower.bind((ADDRESS, 0))
            for number in range(self._each):
                self.sent += 1
                with contextlib.suppress(OSError):
                    thrower.sendto(a_packet(pick), (self._host, pick.choice(ports)))
                    self.answers["datagrams"]["sent"] += 1
                if number % 10 == 9:
                    await asyncio.sleep(0.01)


async def _nonsense(transport: Any, pick: random.Random) -> None:
    body = pick.randbytes(4 * pick.randrange(60))
    if pick.random() < 0.7:
        head = bytes([pick.randrange(128, 160), pick.choice(_REPORTS)]) + struct.pack(
            "!HI", len(body) // 4 + 1, 1
        )
        await transport.transport._send(transport._tx_srtp.protect_rtcp(head + body))
    else:
        head = bytes([128, pick.randrange(128)]) + pick.randbytes(10)
        await transport.transport._send(transport._tx_srtp.protect(head + body))


def main(arguments: Sequence[str]) -> None:
    """Send it, and tell what was answered."""
    url, cases, pid, *rest = arguments
    with contextlib.suppress(AttributeError, OSError):
        os.nice(19)
    server: Any = psutil.Process(int(pid))  # type: ignore[no-untyped-call]
    ports = sorted({c.laddr.port for c in server.net_connections("udp") if c.laddr})
    garbage = Garbage(url, int(cases) // 4, int(rest[0]) if rest else 0)
    asyncio.run(garbage.run(ports))
    print(json.dumps({"sent": garbage.sent, "answers": garbage.answers}))


if __name__ == "__main__":
    main(sys.argv[1:])
