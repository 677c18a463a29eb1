"""Requests of one address come at a bounded pace; whoever is faster waits, and leaves the loop to others."""

import asyncio
import math
from collections.abc import Callable

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from avatar_rtc.server.addresses import address_of
from avatar_rtc.server.allowance import Allowance
from avatar_rtc.server.http.keys import LIMITS
from avatar_rtc.server.http.problems import RequestRefused

REQUESTS_BURST_S = 10.0
"""So many seconds' worth of requests may come at once."""
MOST_WAITING = 256
REFUSAL_S = 1.0
"""A refusal takes its time as well: whoever asks again at once gains nothing."""


class RequestPace:
    """Whose turn it is when: each address has an allowance of requests."""

    def __init__(
        self, per_s: float, burst_s: float = REQUESTS_BURST_S, most_waiting: int = MOST_WAITING
    ) -> None:
        self._patience = (most_waiting + 0.5) / per_s
        self._allowance = Allowance(per_s, burst_s * per_s)

    def wait(self, address: str, now: float) -> float | None:
        """Seconds until one more request has its turn; None if too many of its address wait already.

        Args:
            now: of any clock that does not go back, in s.
        """
        wait = self._allowance.take(address, now, patience_s=self._patience)
        return None if wait > self._patience else wait


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
