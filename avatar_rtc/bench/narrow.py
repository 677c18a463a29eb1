"""A narrow link, as a router makes it: a rate, and a queue in front of it that loses what finds no room."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from avatar_rtc.bench.lossy import LossyWay, Paths, lossy_way

UDP_HEADERS_BYTES = 28
"""Of IPv4 and UDP, which links carry, too."""
QUEUE_S = 0.2


@dataclass
class Bottleneck:
    """One direction of a narrow link. Seconds are the caller's."""

    bps: float | None = None
    """None carries anything; may be set."""
    queue_s: float = QUEUE_S
    """What takes longer to leave finds no room."""
    carried_bytes: int = 0
    offered_bytes: int = 0
    _free_at: float = field(default=0.0, init=False)

    def held_s(self, size: int, t: float) -> float | None:
        """How long a datagram of `size` bytes, that comes at `t`, takes to leave; None if it is lost."""
        self.offered_bytes += size + UDP_HEADERS_BYTES
        if self.bps is None:
            self.carried_bytes += size + UDP_HEADERS_BYTES
            return 0.0
        leaves = max(self._free_at, t) + 8 * (size + UDP_HEADERS_BYTES) / self.bps
        if leaves - t > self.queue_s:
            return None
        self._free_at = leaves
        self.carried_bytes += size + UDP_HEADERS_BYTES
        return leaves - t


@contextlib.asynccontextmanager
async def narrow_way(
    server: str, bps: float | None, paths: Paths | None = None, seed: int = 1
) -> AsyncIterator[tuple[LossyWay, Bottleneck]]:
    """A way to a server on this machine that carries `bps` down to the viewer, and anything up."""
    link = Bottleneck(bps)
    now: Callable[[], float] = asyncio.get_running_loop().time
    async with lossy_way(server, paths or Paths(), seed) as way:
        way.held_s = lambda direction, data: link.held_s(len(data), now()) if direction == "down" else 0.0
        yield way, link
