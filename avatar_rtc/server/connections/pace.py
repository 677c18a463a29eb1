"""Requests of one address come at a bounded pace; whoever is faster waits, and leaves the loop to others."""

import asyncio
import math
from collections.abc import Callable

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from avatar_rtc.server.addresses import address_of
from avatar_rtc.server.http.keys import LIMITS
from avatar_rtc.server.http.problems import RequestRefused

REQUESTS_BURST_S = 10.0
"""So many seconds' worth of requests may come at once."""
MOST_WAITING = 256
REFUSAL_S = 1.0
"""A refusal takes its time as well: whoever asks again at once gains nothing."""
_MOST_ADDRESSES = 10_000


class RequestPace:
    """Whose turn it is when: for each address a bucket of tokens, kept as the time at which it is full."""

    def __init__(
        self, per_s: float, burst_s: float = REQUESTS_BURST_S, most_waiting: int = MOST_WAITING
    ) -> None:
        self._interval, self._burst_s = 1 / per_s, burst_s
        self._patience = (most_waiting + 0.5) / per_s
        self._full_at: dict[str, float] = {}

    def wait(self, address: str, now: float) -> float | None:
        """Seconds until one more request has its turn; None if too many of its address wait already.

        Args:
            now: of any clock that does not go back, in s.
        """
        full_at = max(self._full_at.get(address, now), now)
        wait = max(0.0, full_at + self._interval - self._burst_s - now)
        if wait > self._patience:
            return None
        if len(self._full_at) >= _MOST_ADDRESSES and address not in self._full_at:
            self._forget(now)
        self._full_at[address] = full_at + self._interval
        return wait

    def _forget(self, now: float) -> None:
        """Those whose bucket is full, which is as if they had never come; or else whoever came first."""
        self._full_at = {address: at for address, at in self._full_at.items() if at > now}
        if len(self._full_at) >= _MOST_ADDRESSES:
            del self._full_at[next(iter(self._full_at))]


def create_pacing(per_s: float, clock: Callable[[], float]) -> Middleware:
    """The middleware that lets requests wait their turn, and answers 429 where too many wait."""
    pace = RequestPace(per_s)

    @web.middleware
    async def pacing(request: web.Request, handler: Handler) -> web.StreamResponse:
        wait = pace.wait(address_of(request.remote), clock())
        if wait:
            request.app[LIMITS].count("requests_per_s")
            await asyncio.sleep(wait)
        elif wait is None:
            request.app[LIMITS].count("requests_per_s")
            await asyncio.sleep(REFUSAL_S)
            retry = str(max(1, math.ceil(MOST_WAITING / per_s)))
            detail = f"more than {per_s:g} requests a second come from your address, and {MOST_WAITING} wait"
            raise RequestRefused(429, f"{detail}; try again later", {hdrs.RETRY_AFTER: retry})
        return await handler(request)

    return pacing
