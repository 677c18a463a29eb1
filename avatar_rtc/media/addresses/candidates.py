"""The addresses a peer says it can be reached at, handed to ICE as far as they are of use."""

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import replace

from aiortc import RTCIceCandidate, RTCPeerConnection
from aiortc.sdp import candidate_from_sdp

from avatar_rtc.media.guard import Address

log = logging.getLogger(__name__)

MAX_CANDIDATES = 64
"""Per peer, trickled ones included; browsers have a dozen."""
MAX_NAMES = 16
"""Of them, those whose names have to be asked for in the whole network."""
_MAX_PRIORITY = 2**32 - 1


def is_usable(candidate: RTCIceCandidate) -> bool:
    """UDP alone reaches us, RTCP shares the port of RTP, and a port beyond 16 bits would end the socket."""
    return candidate.protocol.lower() == "udp" and candidate.component == 1 and 0 < candidate.port < 65_536


def is_mdns(candidate: RTCIceCandidate) -> bool:
    """True if the address is a name that has to be asked for by multicast, which takes up to a second."""
    return candidate.ip.lower().endswith(".local")


def read_candidate(value: str, mid: str, ufrags: Collection[str]) -> RTCIceCandidate | None:
    """What stands behind `candidate:`, for the section `mid`; None if it cannot be read, is of no use, or
    of another session than those of these ufrags."""
    words = value.split()
    extensions = dict(zip(words[8::2], words[9::2], strict=False))
    try:
        candidate = replace(candidate_from_sdp(value), sdpMid=mid)
    except (AssertionError, ValueError, IndexError):
        log.debug("not a candidate that we know: %.80s", value)
        return None
    is_ours = extensions.get("ufrag", "") in ("", *ufrags)
    return (
        candidate if is_ours and is_usable(candidate) and 0 <= candidate.priority <= _MAX_PRIORITY else None
    )


class Candidates:
    """What one peer has named; more than a sane peer has are ignored."""

    def __init__(
        self,
        pc: RTCPeerConnection,
        asks_for_names: bool = True,
        may_come: Callable[[Address], bool] = lambda _: True,
    ) -> None:
        """
        Args:
            asks_for_names: open a socket of multicast DNS when a name comes. A peer on this machine reaches
                us without, and only by it would anything here be open to the network.
            may_come: whether anything is taken from an address; others are not checked either, so that an
                offer cannot make a server for this machine alone send to the network.
        """
        self._pc, self._asks, self._may_come = pc, asks_for_names, may_come
        self._taken = self._names = 0
        self._resolving: set[asyncio.Task[None]] = set()

    async def add(self, candidates: tuple[RTCIceCandidate, ...]) -> None:
        """Take them without waiting for any name."""
        for candidate in candidates[: MAX_CANDIDATES - self._taken]:
            self._taken += 1
            if not is_mdns(candidate):
                if self._may_come((candidate.ip, candidate.port)):
                    await self._add_one(candidate)
            elif self._asks and self._names < MAX_NAMES:
                self._names += 1
                task = asyncio.create_task(self._add_one(candidate))
                self._resolving.add(task)
                task.add_done_callback(self._resolving.discard)

    async def close(self) -> None:
        """Ask for no names any more."""
        for task in self._resolving:
            task.cancel()
        await asyncio.gather(*self._resolving, return_exceptions=True)

    async def _add_one(self, candidate: RTCIceCandidate) -> None:
        try:
            await self._pc.addIceCandidate(candidate)
        except (ValueError, OSError) as error:  # no address, or no multicast here to resolve a name
            log.debug("candidate %s is of no use: %s", candidate.ip, error)
