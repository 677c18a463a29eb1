"""A way between a viewer and a server on which datagrams get lost, late and out of turn; by seed.

async with lossy_way("http://127.0.0.1:8080", Paths(down=Path(loss=0.05)), seed=1) as way:
    async with AvatarClient(way.url) as avatar:
        ...

It stands before the server's door: offers go on without addresses, answers come back with one of ours. So all
that is sent between the two comes through here. Only RTP and RTCP are lost: it always connects.
"""

import asyncio
import contextlib
import random
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, cast

from aiohttp import ClientError, ClientSession, web

from avatar_rtc.errors import InputError, Unreachable
from avatar_rtc.media.guard import datagram_kind

LOOPBACK_V4 = "127.0.0.1"
MAX_DELAY_S = 10.0
_CANDIDATE = re.compile(
    r"a=candidate:\S+ 1 udp \d+ (?P<host>\S+) (?P<port>\d+) typ host.*\r?\n", re.IGNORECASE
)
_ADDRESSES = re.compile(r"a=(?:candidate:[^\r\n]*|end-of-candidates)\r?\n")


@dataclass(frozen=True)
class Path:
    """One direction. InputError if a number cannot be."""

    loss: float = 0.0
    """Share of datagrams lost, within 0..1, 1 excluded."""
    burst: int = 1
    """How many are lost in a row."""
    delay_s: float = 0.0
    """Of each, within 0..MAX_DELAY_S."""
    jitter_s: float = 0.0
    """Added to the delay: from 0 to this, any as likely; so some overtake others."""

    def __post_init__(self) -> None:
        if not 0 <= self.loss < 1:
            raise InputError(f"a share of {self.loss:g} cannot be lost; from 0 to below 1 can")
        if self.burst < 1:
            raise InputError(f"a burst of {self.burst} is none; 1 or more are lost in a row")
        if not (0 <= self.delay_s <= MAX_DELAY_S and 0 <= self.jitter_s <= MAX_DELAY_S):
            raise InputError(f"delays are from 0 to {MAX_DELAY_S:g} s")


@dataclass(frozen=True)
class Paths:
    """Both directions."""

    down: Path = Path()
    """From the server to the viewer."""
    up: Path = Path()


class Fate:
    """What becomes of one datagram after the other on a path."""

    def __init__(self, path: Path, chance: random.Random) -> None:
        self._path, self._chance = path, chance
        self._burst_left = 0

    def lost(self) -> bool:
        """Whether the next one is lost; in the long run `loss` of them are, `burst` in a row."""
        if self._burst_left == 0 and self._chance.random() < self._starts:
            self._burst_left = self._path.burst
        self._burst_left -= (is_lost := self._burst_left > 0)
        return is_lost

    def late_s(self) -> float:
        """Seconds until the next one is there."""
        return self._path.delay_s + self._chance.random() * self._path.jitter_s

    @property
    def _starts(self) -> float:
        # Between bursts lie (1 - q) / q others on average, so that loss = burst / (burst + (1 - q) / q).
        loss, burst = self._path.loss, self._path.burst
        return loss / (loss + burst * (1 - loss))


@dataclass
class LossyWay:
    """A way that is open."""

    url: str = ""
    """Of the server, by this way."""
    lost: int = 0
    passed: int = 0
    """Datagrams, both directions."""
    cut: bool = False
    """True: nothing comes through; may be set."""
    held_s: Callable[[str, bytes], float | None] = field(default=lambda direction, data: 0.0)
    """Of "down" or "up": for how long any datagram is held besides, None if it is lost; may be set."""
    is_lost: Callable[[str, bytes], bool] = field(default=lambda direction, data: False)
    """Of "down" or "up": whether this datagram is lost besides those of chance; may be set."""


class _Relay(asyncio.DatagramProtocol):
    """A socket with the server on one side and whoever else writes to it on the other."""

    def __init__(self, server: tuple[str, int], way: LossyWay, fates: dict[str, Fate]) -> None:
        self._server, self._way, self._fates = server, way, fates
        self._viewer: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Selector transports of Python 3.11 are no `DatagramTransport` by class.
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        is_down = addr == self._server
        if not is_down:
            self._viewer = addr
        elif self._viewer is None:
            return
        direction, target = ("down", self._viewer) if is_down else ("up", self._server)
        fate = self._fates[direction]
        is_media = datagram_kind(data) == "rtp"
        if self._way.cut or (is_media and (self._way.is_lost(direction, data) or fate.lost())):
            self._way.lost += 1
            return
        held_s = self._way.held_s(direction, data)
        if held_s is None:
            self._way.lost += 1
            return
        self._way.passed += 1
        asyncio.get_running_loop().call_later(fate.late_s() + held_s, self._hand_on, data, target)

    def _hand_on(self, data: bytes, target: Any) -> None:
        if not self.transport.is_closing():
            self.transport.sendto(data, target)


@contextlib.asynccontextmanager
async def lossy_way(server: str, way: Paths, seed: int) -> AsyncIterator[LossyWay]:
    """Open a way to a server on this machine; closed with the block.

    Args:
        server: its URL.
        seed: the same seed loses the same datagrams, as far as they come in the same order.
    """
    opened = LossyWay()
    chance = random.Random(seed)
    relays: list[_Relay] = []
    runner = web.AppRunner(web.Application())
    async with ClientSession() as session, contextlib.AsyncExitStack() as stack:

        async def answer(request: web.Request) -> web.Response:
            try:
                return await pass_on(request)
            except (ClientError, Unreachable) as error:
                return web.Response(status=502, text=f"no way to {server}: {error}")

        async def pass_on(request: web.Request) -> web.Response:
            body = await request.text()
            headers = {name: request.headers[name] for name in _HEADERS if name in request.headers}
            target = server.rstrip("/") + request.path_qs
            is_sdp = request.content_type == "application/sdp"
            data = _ADDRESSES.sub("", body) if is_sdp else body
            async with session.request(request.method, target, data=data, headers=headers) as response:
                text = await response.text()
                kept = {name: response.headers[name] for name in _HEADERS if name in response.headers}
                if is_sdp and response.status == 201:
                    address = _host_of(text)
                    fates = {"down": Fate(way.down, chance), "up": Fate(way.up, chance)}
                    relay = await _open_relay(_Relay(address, opened, fates))
                    relays.append(relay)
                    text = _readdressed(text, relay.transport.get_extra_info("sockname")[1])
            return web.Response(status=response.status, text=text, headers=kept)

        runner.app.router.add_route("*", "/{path:.*}", answer)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, LOOPBACK_V4, 0).start()
        opened.url = f"http://{LOOPBACK_V4}:{runner.addresses[0][1]}/"
        try:
            yield opened
        finally:
            for relay in relays:
                relay.transport.close()


_HEADERS = ("Content-Type", "Accept", "Authorization", "Location")


async def _open_relay(relay: _Relay) -> _Relay:
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: relay, local_addr=(LOOPBACK_V4, 0))
    return relay


def _host_of(answer: str) -> tuple[str, int]:
    """The address by which a server can be reached from this machine, best its loopback.

    Raises:
        Unreachable: its answer tells none.
    """
    found = [(each["host"], int(each["port"])) for each in _CANDIDATE.finditer(answer)]
    hosts = sorted((each for each in found if ":" not in each[0]), key=lambda each: each[0] != LOOPBACK_V4)
    if not hosts:
        raise Unreachable("the server's answer tells no address of IPv4 to come by")
    return hosts[0]


def _readdressed(answer: str, port: int) -> str:
    """The answer with one candidate in each section: that port of this machine."""
    ours = f"a=candidate:1 1 udp 2130706431 {LOOPBACK_V4} {port} typ host\r\na=end-of-candidates\r\n"
    return re.sub(r"(a=ice-ufrag:)", lambda match: ours + match[1], _ADDRESSES.sub("", answer))
