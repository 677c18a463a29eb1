"""One UDP port at which a tracker is heard: who is believed, and whose turn it is.

Anybody can send a datagram, so nothing is answered, and nothing of it is logged but that there was one.
"""

import asyncio
import ipaddress
import logging
from collections.abc import Callable, Sequence
from typing import Any, cast

from avatar_rtc.errors import SetupError

log = logging.getLogger(__name__)

SENDER_TURN_S = 1.0
"""The first sender has the port until it has been silent for so long."""
MAX_TRACKER_BYTES = 16_384
LOG_EVERY_S = 60.0
"""A stranger is told of in the log so often at most."""


class TrackerPort(asyncio.DatagramProtocol):
    """Made and used on the event loop; closed by who opened it."""

    def __init__(
        self, name: str, senders: Sequence[str], take: Callable[[bytes], bool], clock: Callable[[], float]
    ) -> None:
        """
        Args:
            senders: addresses and networks that are believed.
            take: acts on a datagram; whether there was anything in it.
            clock: s.
        """
        self.name = name
        self.port = 0
        """Where it is heard; 0 before it is open."""
        self.sender: str | None = None
        """The address whose turn it is, or was last."""
        self.taken = self.ignored = 0
        """Datagrams, from the first to now."""
        self.heard_at = float("-inf")
        """By the clock, when anything of use came last."""
        self._networks = [ipaddress.ip_network(each) for each in senders]
        self._take, self._clock = take, clock
        self._turn: tuple[str, int] | None = None
        self._logged_at = float("-inf")
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.DatagramProtocol`."""
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """See `asyncio.DatagramProtocol`; nothing in it raises."""
        now = self._clock()
        if not self._may(addr) or (addr[:2] != self._turn and now - self.heard_at < SENDER_TURN_S):
            self.ignored += 1
            self._log(now, addr)
            return
        if len(data) > MAX_TRACKER_BYTES or not self._understood(data):
            self.ignored += 1
            return
        self.taken, self.heard_at = self.taken + 1, now
        self._turn, self.sender = (addr[0], addr[1]), str(addr[0])

    def error_received(self, exc: Exception) -> None:
        """See `asyncio.DatagramProtocol`: a phone that was asked and is not there."""
        log.debug("the port of %s: %s", self.name, exc)

    def send(self, data: bytes, to: tuple[str, int]) -> None:
        """Ask a phone."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(data, to)

    def is_heard(self) -> bool:
        """Whether something of use came within the last second."""
        return self._clock() - self.heard_at < SENDER_TURN_S

    def close(self) -> None:
        """Hear no more; may be called again."""
        if self._transport is not None:
            self._transport.close()

    def _may(self, addr: tuple[str | Any, int]) -> bool:
        try:
            address = ipaddress.ip_address(str(addr[0]).partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None) or address
        return any(mapped in network for network in self._networks)

    def _understood(self, data: bytes) -> bool:
        try:
            return self._take(data)
        except Exception:  # a stranger's bytes: whatever they do here, the next ones are read
            log.exception("a datagram for %s could not be taken", self.name)
            return False

    def _log(self, now: float, addr: tuple[str | Any, int]) -> None:
        if now - self._logged_at >= LOG_EVERY_S:
            self._logged_at = now
            log.warning("a sender to the port of %s is not believed, or not its turn: %s", self.name, addr[0])


async def open_tracker_port(port: TrackerPort, host: str, number: int) -> None:
    """Open it.

    Raises:
        SetupError: the port cannot be had; names the setting.
    """
    loop = asyncio.get_running_loop()
    try:
        await loop.create_datagram_endpoint(lambda: port, local_addr=(host or "0.0.0.0", number))
    except OSError as error:
        raise SetupError(
            f"cannot hear {port.name} at UDP port {number}: {error.strerror}; another program may have it: "
            f"set another one in [trackers]"
        ) from None
