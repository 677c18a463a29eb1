"""The addresses of this machine that a peer connection uses and names, in aioice's place; pinned by a test.

interfaces, media_host ─► sockets within media_ports ─► host candidates
                                 public_address ─► the same ports at that address, beside them

aioice binds any port, of every interface but loopback, and knows nothing of a NAT that translates addresses.
"""

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.ice import Connection, StunProtocol
from aiortc import RTCDtlsTransport, RTCPeerConnection

from avatar_rtc.config import LOOPBACK, MediaBind
from avatar_rtc.media.addresses.sockets import source_address
from avatar_rtc.media.guard import Guard


def bind_media(pc: RTCPeerConnection, bind: MediaBind, guard: Guard | None = None) -> None:
    """Open sockets on these addresses alone; call between the remote and the local description.

    By itself aioice takes every address but loopback, so without a network a page on this machine could not
    connect, and with one, strangers could reach a server that is for this machine alone.

    Args:
        bind: its ports are the affair of `gather_hosts`.
        guard: of the connection; if they are confined, it lets nobody in but this machine.
    """
    for transport in transports_of(pc):
        connection = transport.transport._connection
        gather = connection.get_component_candidates
        connection.get_component_candidates = partial(_gather_on, gather, bind, guard)  # type: ignore[method-assign]


def transports_of(pc: RTCPeerConnection) -> set[RTCDtlsTransport]:
    """Of a peer connection; one if everything is bundled."""
    transports = {sender.transport for sender in pc.getSenders()}
    if pc.sctp is not None:
        transports.add(pc.sctp.transport)
    return transports


async def gather_hosts(
    connection: Connection,
    protocol: Callable[[Connection], StunProtocol],
    open_socket: Callable[[str], socket.socket],
    component: int,
    addresses: list[str],
) -> list[Candidate]:
    """As aioice's `get_component_candidates` without any servers, but its sockets are opened for it.

    Args:
        open_socket: raises `OSError` for an address that is left out.
    """
    loop = asyncio.get_running_loop()
    found = []
    for address in addresses:
        try:
            opened = open_socket(address)
        except OSError:
            continue
        _, made = await loop.create_datagram_endpoint(partial(protocol, connection), sock=opened)
        host, port, *_ = opened.getsockname()
        made.local_candidate = Candidate(
            foundation=candidate_foundation("host", "udp", host),
            component=component,
            transport="udp",
            priority=candidate_priority(component, "host"),
            host=host,
            port=port,
            type="host",
        )
        connection._protocols.append(made)
        found.append(made.local_candidate)
    return found


async def _gather_on(
    gather: Callable[..., Any], bind: MediaBind, guard: Guard | None, component: int, addresses: list[str]
) -> list[Candidate]:
    wanted = [*(addresses if bind.interfaces else ()), *bind.addresses]
    if bind.confined:
        assert guard is not None, "nobody else would keep strangers out"
        wanted += [address for address in addresses if ":" not in address]
        guard.hosts = frozenset((*wanted, *LOOPBACK))
    if not bind.ipv6:
        wanted = [address for address in wanted if ":" not in address]
    found: list[Candidate] = await gather(component=component, addresses=wanted)
    return found + _translated(found, bind.translated)


def _translated(found: list[Candidate], translation: str) -> list[Candidate]:
    """The host candidate that others reach at the translated address, as a STUN server would tell it."""
    outer, _, inner = translation.partition("/")
    hosts = {
        each.host: each for each in found if each.type == "host" and (":" in each.host) == (":" in outer)
    }
    if not outer or not hosts or outer in hosts:
        return []
    own = hosts.get(inner or source_address(outer)) or (None if inner else next(iter(hosts.values())))
    if own is None or any((each.host, each.port) == (outer, own.port) for each in found):
        return []
    return [
        Candidate(
            foundation=candidate_foundation("srflx", "udp", own.host),
            component=own.component,
            transport="udp",
            priority=candidate_priority(own.component, "srflx"),
            host=outer,
            port=own.port,
            type="srflx",
            related_address=own.host,
            related_port=own.port,
        )
    ]
