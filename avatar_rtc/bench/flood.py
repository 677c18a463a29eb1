"""Everything a stranger can send, all at once: `python -m avatar_rtc.bench.flood URL SECONDS [PORT,…]`.

It runs apart from what it measures with, from an address of its own (127.0.0.2), at the lowest priority, for
attackers do not lend their processors. PORT are UDP ports of the server to throw datagrams at. At the end the
number of answers by flood and status comes as one JSON line.
"""

import asyncio
import contextlib
import io
import itertools
import json
import os
import random
import socket
import sys
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import aiohttp
import numpy as np

from avatar_rtc.sound.files import write_sound

ADDRESS = "127.0.0.2"
"""Any of 127.0.0.0/8 is this machine's own on Linux."""
_API = "api/v1/"
_OTHER = "flooded"
"""The avatar that is given heavy work; the one that is watched is another."""
_HALF_HEADS, _HALF_BODIES = 128, 12
_BURST, _BURSTS_PER_S = 50, 200
"""Datagrams at a time, and how often."""

Answers = dict[str, Counter[str]]
"""Flood → status, or name of an error → how often."""


class Flood:
    """Floods one server for some seconds, which begin when it is made."""

    def __init__(self, url: str, seconds: float, ports: Sequence[int] = (), address: str = ADDRESS) -> None:
        """
        Args:
            ports: of UDP, for datagrams.
            address: from which all of it comes.
        """
        self._url, self._ports, self._address = url, ports, address
        self._sound = long_silence()
        self._until = time.monotonic() + seconds
        self._host, self._port = _authority(url)
        self.answers: Answers = defaultdict(Counter)

    async def run(self) -> None:
        """All floods at once."""
        connector = aiohttp.TCPConnector(limit=0, local_addr=(self._address, 0))
        timeout = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(self._url, connector=connector, timeout=timeout) as http:
            self._http = http
            await self._ask("other avatar", "POST", f"{_API}avatars", json={"id": _OTHER})
            floods = [*self._of_requests(), self._half_heads(), self._half_bodies(), self._unread_feed()]
            if self._ports:
                floods.append(self._datagrams())
            await asyncio.gather(*floods)
            await self._ask("other avatar", "DELETE", f"{_API}avatars/{_OTHER}")

    def _of_requests(self) -> list[Awaitable[None]]:
        """What is asked again and again, by so many at a time."""
        main, other = f"{_API}avatars/main", f"{_API}avatars/{_OTHER}"
        emotions = {f"e{n}": {"pose": {"mouth_aaa": 0.5}, "cels": {}} for n in range(60)}
        characters = itertools.cycle(("liora", "tavi"))
        chain = [["crt", {}]] * 8
        offer = an_offer()
        return [
            self._again("health", 8, "GET", "healthz"),
            self._again("snapshot", 4, "GET", f"{main}/snapshot.png"),
            self._again("classify", 2, "POST", f"{_API}classify", lambda: {"json": {"text": "_a" * 10_000}}),
            self._again("emotions", 2, "PUT", f"{other}/emotions", lambda: {"json": {"emotions": emotions}}),
            self._again("characters", 4, "PATCH", other, lambda: {"json": {"character": next(characters)}}),
            self._again("heavy chain", 1, "PUT", f"{other}/chain", lambda: {"json": {"chain": chain}}),
            self._again("speak", 2, "POST", "api/tts/speak", lambda: {"json": _said(1_000, "en-us")}),
            self._again("speak as usual", 1, "POST", "api/tts/speak", lambda: {"json": _said(100, "")}),
            self._again("sound", 2, "POST", f"{other}/audio", lambda: _typed(self._sound, "audio/ogg")),
            self._again(
                "say", 2, "POST", f"{other}/speech", lambda: {"json": {"text": "Hello there. " * 500}}
            ),
            self._again("offer", 4, "POST", f"{main}/whep", lambda: _typed(offer, "application/sdp")),
            self._again("picture", 2, "POST", "api/imagefx/process", lambda: {"data": a_picture_form(chain)}),
            self._again(
                "broken", 2, "PUT", f"{main}/pose", lambda: _typed(b"[" * 60_000, "application/json")
            ),
        ]

    async def _again(
        self, name: str, at_once: int, method: str, path: str, options: Callable[[], Any] = dict
    ) -> None:
        async def caller() -> None:
            while time.monotonic() < self._until:
                await self._ask(name, method, path, **options())

        await asyncio.gather(*(caller() for _ in range(at_once)))

    async def _ask(self, name: str, method: str, path: str, **options: Any) -> None:
        try:
            async with self._http.request(method, f"/{path}", **options) as response:
                await response.read()
                self.answers[name][str(response.status)] += 1
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.answers[name][type(error).__name__] += 1
            await asyncio.sleep(0.1)

    async def _half_heads(self) -> None:
        """Connections that never end the head of their request."""
        await self._held("half head", _HALF_HEADS, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", b"a")

    async def _half_bodies(self) -> None:
        """Uploads of 16 MiB that stop in the middle."""
        head = "POST /api/v1/characters?name=x HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
        begun = f"{head}Content-Length: {16 * 2**20}\r\n\r\n".encode() + bytes(15 * 2**20)
        await self._held("half body", _HALF_BODIES, begun, b"")

    async def _unread_feed(self) -> None:
        """Endless answers that nobody reads."""
        asks = f"GET /api/avatar/result_feed?instance_id={_OTHER} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        await self._held("unread feed", 3, asks.encode(), b"")

    async def _held(self, name: str, count: int, begun: bytes, more: bytes) -> None:
        """Connections that send `begun`, then a little `more` each second, and read nothing."""

        async def hold() -> None:
            while time.monotonic() < self._until:
                try:
                    _, writer = await asyncio.open_connection(
                        self._host, self._port, local_addr=(self._address, 0)
                    )
                    writer.write(begun)
                    with contextlib.closing(writer):
                        while time.monotonic() < self._until and not writer.transport.is_closing():
                            await asyncio.sleep(1)
                            writer.write(more)
                    self.answers[name]["ended"] += 1
                except OSError as error:
                    self.answers[name][type(error).__name__] += 1
                    await asyncio.sleep(0.1)

        await asyncio.gather(*(hold() for _ in range(count)))

    async def _datagrams(self) -> None:
        """Datagrams of all lengths and first bytes, nothing among them, to every port."""
        pick = random.Random(0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thrower:
            thrower.bind((self._address, 0))
            while time.monotonic() < self._until:
                for _ in range(_BURST):
                    with contextlib.suppress(OSError):
                        thrower.sendto(a_datagram(pick), (self._host, pick.choice(self._ports)))
                self.answers["datagram"]["sent"] += _BURST
                await asyncio.sleep(1 / _BURSTS_PER_S)


def _said(times: int, voice: str) -> dict[str, str]:
    """A long text for a voice; a natural one needs minutes for what espeak says in seconds."""
    return {"text": "Hello world. " * times, **({"voice": voice} if voice else {})}


def a_datagram(pick: random.Random) -> bytes:
    """Empty in one of four cases, else up to 1,500 bytes that begin with anything."""
    return b"" if pick.random() < 0.25 else pick.randbytes(pick.choice((1, 2, 4, 12, 20, 60, 400, 1_500)))


def long_silence(minutes: float = 4.0) -> bytes:
    """Sound that is small on the way and large when it is decoded."""
    return write_sound(np.zeros(round(minutes * 60 * 24_000), np.int16), 24_000, "opus")


def an_offer() -> bytes:
    """An offer whose maker never connects."""
    about = {"ice-ufrag": "abcd", "ice-pwd": "p" * 24, "setup": "actpass", "mid": "0"}
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0"]
    lines += ["m=video 9 UDP/TLS/RTP/SAVPF 96", "c=IN IP4 0.0.0.0", "a=recvonly", "a=rtcp-mux"]
    lines += ["a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=1;profile-level-id=42e01f"]
    lines += ["a=fingerprint:sha-256 " + ":".join(["AB"] * 32)]
    lines += [f"a={name}:{value}" for name, value in about.items()]
    return "".join(f"{line}\r\n" for line in lines).encode()


def a_picture_form(chain: list[Any], side: int = 1024) -> aiohttp.FormData:
    """A large picture and a long chain for it."""
    form = aiohttp.FormData()
    form.add_field("file", plain_png(side), filename="a.png")
    form.add_field("json", json.dumps({"filters": chain}))
    return form


def plain_png(side: int) -> bytes:
    """A PNG of one colour."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)

    head = side.to_bytes(4) * 2 + bytes([8, 6, 0, 0, 0])
    rows = (b"\0" + bytes([90, 120, 200, 255]) * side) * side
    out = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    out.seek(0, io.SEEK_END)
    for kind, body in ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        out.write(chunk(kind, body))
    return out.getvalue()


def _typed(body: bytes, content_type: str) -> dict[str, Any]:
    return {"data": body, "headers": {"Content-Type": content_type}}


def _authority(url: str) -> tuple[str, int]:
    host, _, port = url.split("//")[1].strip("/").rpartition(":")
    return host, int(port)


def main(arguments: Sequence[str]) -> None:
    """Flood, and tell what was answered."""
    url, seconds, *rest = arguments
    with contextlib.suppress(AttributeError, OSError):
        os.nice(19)
    ports = [int(port) for port in rest[0].split(",")] if rest and rest[0] else []
    flood = Flood(url, float(seconds), ports)
    asyncio.run(flood.run())
    print(json.dumps(flood.answers))


if __name__ == "__main__":
    main(sys.argv[1:])
