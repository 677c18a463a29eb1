"""Whether this machine has the addresses that its settings promise: tried when the server begins.

STUN ─► an address of ours        TURN ─► a relay, given back at once
media_host, media_ports ─► bound  public_address ─► one that others can reach, and that STUN sees, too

Nobody waits for it. What is not as it should be is told in the log and in `/healthz`, and tried again until
it is: a TURN server may begin after this one.
"""

import asyncio
import ipaddress
import logging
import time
from collections.abc import Callable, Iterator

from avatar_rtc.config import MediaBind
from avatar_rtc.media.addresses.aioice_private import ask_reflexive, ask_relay
from avatar_rtc.media.addresses.ice import IceServer, IceServers
from avatar_rtc.media.addresses.reasons import reason_of
from avatar_rtc.media.addresses.sockets import MediaSockets, source_address

log = logging.getLogger(__name__)

ANSWER_S = 4.0
"""Longer than three lost questions of STUN."""
LOOK_AGAIN_S = (5.0, 15.0, 60.0)
"""Between two tries; the last of them from then on."""


class AddressCheck:
    """Tries what the settings promise until it holds. Made and used on the event loop."""

    def __init__(self, ice: Callable[[], IceServers], bind: MediaBind) -> None:
        """
        Args:
            ice: the servers of the settings, with a credential that is valid now.
            bind: where the sockets of viewers are.
        """
        self._ice, self._bind = ice, bind
        self.ailments: tuple[str, ...] = ()
        """Sentences on what is not as it should be, with the likely reason and fix."""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Try, and do not wait."""
        self._task = asyncio.create_task(self._run(), name="checking addresses")

    async def close(self) -> None:
        """Try no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look(self) -> None:
        """Try everything once, and tell what has changed."""
        ice = self._ice()
        answers = await asyncio.gather(*(self._ask(ice, each) for each in ice.servers))
        seen = {address for _, address in answers if address}
        told = (*host_ailments(self._bind), *(said for said, _ in answers if said), *self._unlike(seen))
        for sentence in told:
            if sentence not in self.ailments:
                log.warning("%s", sentence)
        if self.ailments and not told:
            log.warning("all addresses of the settings are there now")
        self.ailments = told

    async def _run(self) -> None:
        waits = iter(LOOK_AGAIN_S)
        wait = LOOK_AGAIN_S[-1]
        await self.look()
        while self.ailments:
            wait = next(waits, wait)
            await asyncio.sleep(wait)
            await self.look()

    async def _ask(self, ice: IceServers, server: IceServer) -> tuple[str, str]:
        """(what is wrong with it, the address it sees us come from), each "" if there is none."""
        begun = time.monotonic()
        wanted = "relay" if server.is_relay else "address of ours"
        try:
            async with asyncio.timeout(ANSWER_S):
                if not server.is_relay:
                    return "", await ask_reflexive(ice, server, self._bind)
                await ask_relay(ice, server)
        except Exception as error:
            return f"{server.url} gives no {wanted}: {reason_of(error, server)}", ""
        ice.gathering.note(server.url, time.monotonic() - begun)
        return "", ""

    def _unlike(self, seen: set[str]) -> Iterator[str]:
        outer = self._bind.translated.partition("/")[0]
        seen = {each for each in seen if ipaddress.ip_address(each).is_global}  # others stand before the NAT
        if outer and seen and outer not in seen and ":" not in outer:
            yield (
                f"public_address is {outer}, but STUN sees this machine come from {', '.join(sorted(seen))}; "
                "if STUN is right, viewers will look for it in the wrong place"
            )


def host_ailments(bind: MediaBind) -> Iterator[str]:
    """Sentences on addresses and ports of this machine that cannot be used as the settings want it."""
    for address in ("127.0.0.1",) if bind.interfaces else bind.addresses:
        sockets = MediaSockets(bind.ports, start=lambda _: 0)
        try:
            sockets.open(address).close()
        except OSError:
            yield f"viewers cannot come: no socket can be opened on {sockets.why_none}"
    outer, _, inner = bind.translated.partition("/")
    if outer and not ipaddress.ip_address(outer).is_global:
        yield (
            f"public_address is {outer}, which only its own network can reach; wanted is the address by "
            "which viewers reach this machine"
        )
    if inner and source_address(inner) != inner:
        yield f"public_address is {bind.translated}, but this machine has no address {inner}"
