"""STUN and TURN servers asked in aioice's place, which waits 5 s for the slowest; pinned by a test."""

import ipaddress
from collections.abc import Callable
from functools import partial
from typing import Any

from aioice.candidate import Candidate
from aioice.ice import Connection, StunProtocol, relayed_candidate, server_reflexive_candidate
from aiortc import RTCPeerConnection

from avatar_rtc.config import MediaBind
from avatar_rtc.media.addresses.gathering import Question
from avatar_rtc.media.addresses.hosts_private import gather_hosts, transports_of
from avatar_rtc.media.addresses.ice import IceServer, IceServers
from avatar_rtc.media.addresses.names import Names
from avatar_rtc.media.addresses.sockets import MediaSockets
from avatar_rtc.media.aiortc_private import GuardedProtocol
from avatar_rtc.media.guard import Guard

_Found = tuple[Candidate, StunProtocol | None]
"""An address, and the relay's socket if it is one's."""


def ask_servers(pc: RTCPeerConnection, ice: IceServers, guard: Guard) -> None:
    """Gather addresses from these servers, as long as `Gathering` waits; call it after `guard_connection`.

    Of each sort one is asked. The connection itself must have been made without any.
    """
    if not ice.servers:
        return
    for transport in transports_of(pc):
        connection = transport.transport._connection
        gather = connection.get_component_candidates
        connection.get_component_candidates = partial(  # type: ignore[method-assign]
            _gather_with, gather, connection, ice, partial(GuardedProtocol, guard, connection)
        )


async def ask_relay(ice: IceServers, server: IceServer) -> None:
    """Ask a TURN server for a relay, which is given back at once; raises whatever comes in the way."""
    nobody = partial(GuardedProtocol, Guard(), Connection(ice_controlling=False))
    _discard(await _relayed(ice.gathering.names, server, ice, 1, nobody))


async def ask_reflexive(ice: IceServers, server: IceServer, bind: MediaBind) -> str:
    """The address from which a STUN server sees us come; raises whatever comes in the way."""
    names, connection = ice.gathering.names, Connection(ice_controlling=False)
    hosts = [each for each in bind.addresses if ":" not in each]
    if bind.interfaces or not hosts:
        hosts = ["0.0.0.0"]
    socket = partial(GuardedProtocol, Guard())
    try:
        await gather_hosts(connection, socket, MediaSockets(bind.ports).open, 1, hosts[:1])
        (protocol,) = connection._protocols
        found, _ = await _reflexive(names, server, protocol)
    finally:
        await connection.close()
    return str(found.host)


async def _gather_with(
    gather: Callable[..., Any],
    connection: Connection,
    ice: IceServers,
    socket: Callable[[], StunProtocol],
    component: int,
    addresses: list[str],
) -> list[Candidate]:
    own: list[Candidate] = await gather(component=component, addresses=addresses)
    names = ice.gathering.names
    questions: list[Question[_Found]] = []
    if stun := _chosen(ice, is_relay=False):
        questions += [
            Question(stun.url, partial(_reflexive, names, stun, protocol))
            for protocol in connection._protocols
            if ipaddress.ip_address(protocol.local_candidate.host).version == 4
        ]
    if turn := _chosen(ice, is_relay=True):
        questions.append(Question(turn.url, partial(_relayed, names, turn, ice, component, socket), _discard))
    found = await ice.gathering.answers(questions, is_reachable=bool(own))
    connection._protocols += [relay for _, relay in found if relay is not None]
    return own + [candidate for candidate, _ in found]


def _chosen(ice: IceServers, is_relay: bool) -> IceServer | None:
    servers = {server.url: server for server in ice.servers if server.is_relay == is_relay}
    url = ice.gathering.choose(tuple(servers))
    return None if url is None else servers[url]


async def _reflexive(names: Names, server: IceServer, protocol: StunProtocol) -> _Found:
    found = await names.addresses(server.host)
    address = next((each for each in found if ":" not in each), None)
    if address is None:
        raise OSError("it has no IPv4 address")
    return await server_reflexive_candidate(protocol, (address, server.port))


async def _relayed(
    names: Names, server: IceServer, ice: IceServers, component: int, socket: Callable[[], StunProtocol]
) -> _Found:
    found = await names.addresses(server.host)
    address = next((each for each in found if ice.ipv6 or ":" not in each), None)
    if address is None:
        raise OSError("it has no IPv4 address")
    return await relayed_candidate(
        component=component,
        hide_related_address=False,
        protocol_factory=socket,
        # A certificate is for the name.
        turn_server=(server.host if server.is_secure else address, server.port),
        turn_username=ice.username,
        turn_password=ice.credential,
        turn_ssl=server.is_secure,
        turn_transport=server.transport,
    )


def _discard(found: _Found) -> None:
    _, relay = found
    if relay is not None:
        relay.transport.close()
