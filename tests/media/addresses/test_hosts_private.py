"""Which addresses a peer names and listens at: as aioice has it, within a range of ports, behind a NAT."""

import asyncio
import inspect
from functools import partial

import aioice.ice
import pytest
from aioice.ice import Connection, StunProtocol

from avatar_rtc.config import MediaBind
from avatar_rtc.errors import SetupError
from avatar_rtc.media.addresses.hosts_private import gather_hosts
from avatar_rtc.media.addresses.sockets import MediaSockets

LOOPBACK = MediaBind(False, ("127.0.0.1",))
PORTS = range(21_210, 21_212)


async def test_candidates_are_those_of_aioice_but_for_their_ports():
    addresses = ["127.0.0.1", "192.0.2.1", "::1", *aioice.ice.get_host_addresses(True, True)]
    theirs, ours = Connection(ice_controlling=True), Connection(ice_controlling=True)
    gathered = [
        await theirs.get_component_candidates(component=1, addresses=addresses),
        await gather_hosts(ours, StunProtocol, MediaSockets().open, component=1, addresses=addresses),
    ]
    for found, connection in zip(gathered, (theirs, ours), strict=True):
        assert [protocol.local_candidate for protocol in connection._protocols] == found
        assert [protocol.receiver for protocol in connection._protocols] == [connection] * len(found)
        for protocol, candidate in zip(connection._protocols, found, strict=True):
            bound = protocol.transport.get_extra_info("sockname")
            assert (candidate.host, candidate.port) == bound[:2]
            candidate.port = 9
    assert [*map(vars, gathered[0])] == [*map(vars, gathered[1])] and len(gathered[0]) >= 2
    await theirs.close()
    await ours.close()


def test_what_is_replaced_is_there():
    wanted = ["self", "component", "addresses", "timeout"]
    assert list(inspect.signature(Connection.get_component_candidates).parameters) == wanted


async def test_each_peer_takes_a_port_and_gives_it_back(stage):
    bind = LOOPBACK._replace(ports=PORTS)
    for _ in range(2):
        connected = [await stage.connect(bind=bind) for _ in PORTS]
        for viewer, _ in connected:
            await viewer.frame()
        assert {port for _, peer in connected for port in ports_of(peer)} == {*PORTS}
        more = stage.peer(bind=bind)
        with pytest.raises(
            SetupError, match="all 2 ports of the setting media_ports, 21210-21211, are in use"
        ):
            await more.answer(await stage.viewer().offer())
        for _, peer in connected:  # who is there is not disturbed, and goes
            assert peer.state == "connected"
            await peer.close()


def ports_of(peer):
    connection = peer._pc.getSenders()[0].transport.transport._connection
    return [protocol.local_candidate.port for protocol in connection._protocols]


@pytest.mark.parametrize(
    "bind, translated, related",
    [
        (LOOPBACK, "203.0.113.7", "127.0.0.1"),
        (LOOPBACK, "203.0.113.7/127.0.0.1", "127.0.0.1"),
        (LOOPBACK, "203.0.113.7/10.0.0.5", None),
        (LOOPBACK, "127.0.0.1", None),
        (LOOPBACK, "2001:db8::7", None),
        (MediaBind(False, ("127.0.0.1", "::1")), "2001:db8::7", "::1"),
        (MediaBind(False, ("127.0.0.1", "127.0.0.3")), "203.0.113.7/127.0.0.3", "127.0.0.3"),
    ],
)
async def test_the_public_address_stands_beside_the_local_one(stage, bind, translated, related):
    peer = stage.peer(bind=bind._replace(translated=translated))
    answer = await peer.answer(await stage.viewer().offer())
    lines = {line for line in answer.splitlines() if line.startswith("a=candidate")}
    hosts, public = ({line for line in lines if f" typ {kind}" in line} for kind in ("host", "srflx"))
    assert {line.split()[4] for line in hosts} == {*bind.addresses} and len(lines) == len(hosts) + len(public)
    own = {line.split()[4]: line.split()[5] for line in hosts}
    told = {tuple(line.split()[4:]) for line in public}
    outer = translated.partition("/")[0]
    wanted = (outer, own.get(related), "typ", "srflx", "raddr", related, "rport", own.get(related))
    assert told == ({wanted} if related else set())


async def test_a_viewer_beyond_the_nat_sees_pictures(stage):
    """On 127.0.0.2 is a NAT that translates its address into 127.0.0.1: all that the viewer knows."""
    viewer = stage.viewer()
    peer = stage.peer(bind=LOOPBACK._replace(translated="127.0.0.2"))
    # Its own NAT lets nobody in who was not asked.
    answer = await peer.answer(without("a=candidate", await viewer.offer()))
    async with Nat(ports_of(peer)[0]):
        await viewer.take(without(" typ host", answer))
        await viewer.frame()
        remote = viewer.pc.getReceivers()[0].transport.transport._connection._nominated[1].remote_candidate
        assert (remote.host, remote.type) == ("127.0.0.2", "srflx")


def without(words: str, sdp: str) -> str:
    return "".join(line for line in sdp.splitlines(keepends=True) if words not in line)


class Nat:
    """What comes to 127.0.0.2 goes on to the same port of 127.0.0.1, and back, each source by a socket."""

    def __init__(self, port: int) -> None:
        self.port: int = port
        self.ways: dict = {}

    async def __aenter__(self):
        await self._open(partial(Mouth, self._outside), local_addr=("127.0.0.2", self.port))

    async def __aexit__(self, *_):
        for transport in self.ways.values():
            transport.close()

    async def _open(self, protocol, source=None, **options):
        self.ways[source], _ = await asyncio.get_running_loop().create_datagram_endpoint(protocol, **options)
        return self.ways[source]

    def _outside(self, data, source):
        if way := self.ways.get(source):
            way.sendto(data)
        elif source not in self.ways:
            self.ways[source] = None
            inside = partial(Mouth, lambda answer, _: self.ways[None].sendto(answer, source))
            self.opening = asyncio.ensure_future(
                self._open(inside, source, remote_addr=("127.0.0.1", self.port))
            )


class Mouth(asyncio.DatagramProtocol):
    def __init__(self, hand_on) -> None:
        self.hand_on = hand_on

    def datagram_received(self, data, addr):
        self.hand_on(data, addr)


async def test_without_ipv6_there_is_none(stage):
    both = MediaBind(False, ("127.0.0.1", "::1"))
    for bind, wanted in ((both, {"127.0.0.1", "::1"}), (both._replace(ipv6=False), {"127.0.0.1"})):
        answer = await stage.peer(bind=bind).answer(await stage.viewer().offer())
        lines = (line.split() for line in answer.splitlines() if line.startswith("a=candidate"))
        assert {words[4] for words in lines} == wanted
