"""What a request holds of its body and of large answers is taken of one pool, and let go with the request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from avatar_rtc.server.http.keys import LIMITS
from avatar_rtc.server.http.problems import RequestRefused
from avatar_rtc.server.http.spool import Spool
from avatar_rtc.server.limits import PROGRESS_BYTES, Lease

FREE_BYTES = 64 * 1024
"""So much costs nothing: the number of connections bounds it, and a full pool leaves messages alone."""

_LEASE = web.RequestKey("_LEASE", Lease)
_SPOOLS = web.RequestKey("_SPOOLS", ExitStack)


@web.middleware
async def leases_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give back what the request has taken when it is over; a large answer is sent before that."""
    with request.app[LIMITS].uploads.lease() as lease, ExitStack() as spools:
        request[_LEASE], request[_SPOOLS] = lease, spools
        response = await handler(request)
        if isinstance(response, web.Response) and isinstance(response.body, bytes):
            lease.release()
            if len(response.body) > FREE_BYTES:
                lease.grow(len(response.body))
                await _send(request, response, response.body)
        return response


async def _send(request: web.Request, response: web.Response, body: bytes) -> None:
    await response.prepare(request)
    if request.method != hdrs.METH_HEAD and not response.compression:
        # In pieces: of what asyncio's TLS was given at once nobody is told that it is not read.
        for at in range(0, len(body), FREE_BYTES):
            await response.write(memoryview(body)[at : at + FREE_BYTES])
        response.body = None
    await response.write_eof()
    response.body = None  # aiohttp keeps the response until the next request of its connection


class Taken:
    """The bytes of one body, as they come."""

    def __init__(self, request: web.Request) -> None:
        self._lease, self._spools = request[_LEASE], request[_SPOOLS]
        self.bytes = 0

    def spool(self) -> Spool:
        """Where they go, or those of a part; let go of with the request."""
        spool = Spool()
        self._spools.callback(spool.close)
        return spool

    def more(self, count: int) -> None:
        """So many more are here.

        Raises:
            CapacityExceeded: all requests together would hold too many.
        """
        beyond = max(0, self.bytes + count - FREE_BYTES) - max(0, self.bytes - FREE_BYTES)
        if beyond:
            self._lease.grow(beyond)
        self.bytes += count


@asynccontextmanager
async def moving(request: web.Request) -> AsyncIterator[None]:
    """While a body is read: it has to come forward by 16 KiB within every `body_s`, or to end.

    Raises:
        Problem: 408, it does not.
    """
    limits, content, patience_s = request.app[LIMITS], request.content, request.app[LIMITS].config.body_s
    watch: asyncio.TimerHandle | None = None
    try:
        async with asyncio.timeout(None) as patience:
            loop = asyncio.get_running_loop()

            def look(seen: int) -> None:
                nonlocal watch
                if content.total_bytes - seen < PROGRESS_BYTES:
                    patience.reschedule(loop.time())
                else:
                    watch = loop.call_later(patience_s, look, content.total_bytes)

            watch = loop.call_later(patience_s, look, 0)
            yield
    except TimeoutError:
        if not patience.expired():
            raise
        limits.count("body_s")
        raise RequestRefused(408, f"less than 16 KiB of the body came within {patience_s:g} s") from None
    finally:
        if watch is not None:
            watch.cancel()
