"""HTTP connections: how many, how long a head may take, and how long an answer may stay unread.

    socket ──► Door ──► Connection (aiohttp's protocol, with deadlines)
                └─ too many: the oldest idle one of the address that has most makes room

aiohttp has an own deadline for connections that idle, but none for those who read nothing, and no number.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from avatar_rtc.server.addresses import address_of
from avatar_rtc.server.connections.arrivals import create_arrivals
from avatar_rtc.server.connections.crowd import OpenConnections
from avatar_rtc.server.connections.descriptors import connections_within
from avatar_rtc.server.http.keys import CONFIG, LIMITS
from avatar_rtc.server.limits import PROGRESS_BYTES, Limits

IDLE_S = 75.0
"""Between two requests; proxies drop theirs after 60, and browsers ask again by themselves."""
LINGER_S = 5.0
"""How long the rest of a body that was refused is still taken in, so that its sender reads why."""
MAX_HEAD_BYTES = 64 * 1024
MAX_QUEUED_BYTES = 256 * 1024
"""Requests that wait behind one that is being answered."""
_DETAIL = (
    b'{"type": "about:blank", "title": "Service Unavailable", "status": 503, '
    b'"detail": "too many connections are open; try again later"}'
)
_BUSY = b"\r\n".join(
    (
        b"HTTP/1.1 503 Service Unavailable",
        b"Content-Type: application/problem+json",
        b"Content-Length: %d" % len(_DETAIL),
        b"Retry-After: 5",
        b"Connection: close",
        b"",
        _DETAIL,
    )
)


class Connection(RequestHandler):
    """One connection; made by `Door`."""

    __slots__ = (
        "_farewells",
        "_head_bytes",
        "_head_timer",
        "_limits",
        "_queued_bytes",
        "_unread",
        "_unread_timer",
        "_wire",
    )

    def __init__(self, door: "Door", limits: Limits, **options: Any) -> None:
        super().__init__(door, **options)
        self._limits = limits
        self._wire: asyncio.Transport | None = None  # aiohttp forgets its own before all is sent
        self._farewells: set[Callable[[], None]] = set()
        self._head_bytes = self._queued_bytes = self._unread = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a request, or for the rest of a head."""
        return self._waiter is not None and not self._waiter.done()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol; one for which there is no room is closed again."""
        assert isinstance(transport, asyncio.Transport)
        if not isinstance(self._manager, Door) or not self._manager.admit(self, transport):
            transport.write(_BUSY)
            transport.close()
            return
        self._wire = transport
        # Whatever the system does not take at once counts as unread, so that its deadline runs. Not 0: that
        # of asyncio's TLS is reached by nothing at all, so a write paused it until the next one.
        transport.set_write_buffer_limits(high=1)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """See asyncio.Protocol."""
        if isinstance(self._manager, Door):
            self._manager.forget(self)
        for timer in (self._head_timer, self._unread_timer):
            if timer is not None:
                timer.cancel()
        self._head_timer = self._unread_timer = self._wire = None
        super().connection_lost(exc)
        for tell in tuple(self._farewells):
            tell()

    @contextmanager
    def when_lost(self, tell: Callable[[], None]) -> Iterator[None]:
        """Call `tell` if the connection is lost within this context."""
        self._farewells.add(tell)
        try:
            yield
        finally:
            self._farewells.discard(tell)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol; a head has to come in time, and so do those behind it wait within bounds."""
        if self._messages and len(data) + self._queued_bytes > MAX_QUEUED_BYTES:
            self.end("connections")
            return
        super().data_received(data)
        self._queued_bytes = self._queued_bytes + len(data) if self._messages else 0
        if not data or not self.is_idle:
            self._head_is_here()
            return
        self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES:
            self.end("headers_s")
        elif self._head_timer is None:
            limit = self._limits.config.headers_s
            self._head_timer = self._loop.call_later(limit, self.end, "headers_s")

    def pause_writing(self) -> None:
        """See asyncio.Protocol; from now on the caller has to read."""
        super().pause_writing()
        if self._unread_timer is None:
            self._await_reader()

    def resume_writing(self) -> None:
        """See asyncio.Protocol; all is read."""
        super().resume_writing()
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    def end(self, setting: str | None = None) -> None:
        """Close it now; what was not sent is lost.

        Args:
            setting: of the limit for whose sake; counted.
        """
        if setting is not None:
            self._limits.count(setting)
        if self._wire is not None:
            self._wire.abort()

    def _head_is_here(self) -> None:
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _await_reader(self) -> None:
        assert self._wire is not None
        self._unread = self._wire.get_write_buffer_size()
        self._unread_timer = self._loop.call_later(self._limits.config.body_s, self._look_at_reader)

    def _look_at_reader(self) -> None:
        self._unread_timer = None
        if self._wire is None:
            return
        if self._unread - self._wire.get_write_buffer_size() < PROGRESS_BYTES:
            self.end("body_s")
        else:
            self._await_reader()


class Door(web.Server):
    """Makes a `Connection` for each socket, and room for it."""

    def __init__(self, limits: Limits, most: int, handler: Any, **options: Any) -> None:
        """
        Args:
            most: how many connections there may be.
        """
        super().__init__(handler, **options)
        self._limits = limits
        self._crowd: OpenConnections[Connection] = OpenConnections(most)

    def __call__(self) -> Connection:
        """For `loop.create_server`."""
        return Connection(self, self._limits, loop=self._loop, **self._kwargs)

    def admit(self, connection: Connection, transport: asyncio.Transport) -> bool:
        """Whether there is room; another connection may have been closed for it."""
        peer = transport.get_extra_info("peername")
        address = address_of(peer[0] if isinstance(peer, tuple) else None)
        yielding = self._crowd.enter(connection, address)
        if yielding is None:
            return True
        self._limits.count("connections")
        if yielding is connection:
            return False
        yielding.end()
        return True

    def forget(self, connection: Connection) -> None:
        """It is closed."""
        self._crowd.leave(connection)

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """See web.Server; whoever is still there after that, perhaps reading nothing, is cut off."""
        await super().shutdown(timeout)
        for connection in self._crowd.all():
            connection.end()


class Runner(web.AppRunner):
    """An `AppRunner` whose connections come through a `Door`."""

    def __init__(self, app: web.Application, **options: Any) -> None:
        super().__init__(app, keepalive_timeout=IDLE_S, lingering_time=LINGER_S, **options)

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        config = self.app[CONFIG]
        return Door(
            self.app[LIMITS],
            connections_within(config.limits.connections, config.max_viewers),
            made.request_handler,
            request_factory=create_arrivals(made.request_factory, config),
            handler_cancellation=made.handler_cancellation,
            **made._kwargs,
        )
