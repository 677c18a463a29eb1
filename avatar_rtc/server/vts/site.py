"""The door of VTube Studio's plugins: a port of its own, for this machine alone unless told otherwise.

There is no look at Origin or Host here: plugins in browsers come from anywhere, as they do to VTube Studio
itself. What keeps strangers out is the token, which somebody at this machine has to allow.
"""

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Callable

from aiohttp import hdrs, web

from avatar_rtc.config import LOOPBACK
from avatar_rtc.config_outside import VtsConfig
from avatar_rtc.errors import CapacityExceeded
from avatar_rtc.media.bounds import Rate
from avatar_rtc.server.limits import Limits
from avatar_rtc.server.vts.api import VtsApi
from avatar_rtc.server.vts.connection import MAX_VTS_BYTES, VTS_HEARTBEAT_S, VtsConnection, close_quietly
from avatar_rtc.server.vts.discovery import DISCOVERY_PORT, Discovery, broadcast_address

log = logging.getLogger(__name__)

PORTS_TRIED = 10
"""From the wanted one upwards, where VTube Studio itself or another server has it."""
_MAX_ORIGIN = 200
_END_S = 1.0


class VtsSite:
    """Made and used on the event loop."""

    def __init__(self, config: VtsConfig, limits: Limits, api: VtsApi) -> None:
        self._config, self._limits, self.api = config, limits, api
        self.port: int | None = None
        """On which it listens; None while it does not."""
        self.connections: set[VtsConnection] = set()
        self._sockets: set[web.WebSocketResponse] = set()
        self._runner: web.AppRunner | None = None
        self._discovery: Discovery | None = None

    async def open(
        self,
        create_runner: Callable[[web.Application], web.AppRunner] = web.AppRunner,
        discovery_port: int = DISCOVERY_PORT,
    ) -> None:
        """Listen; where no port is free, it says so in the log, and everything else goes on.

        Args:
            create_runner: makes what runs the application.
            discovery_port: on which plugins hear where it is.
        """
        app = web.Application()
        app.add_routes([web.get("/{path:.*}", self._meet)])
        self._runner = create_runner(app)
        await self._runner.setup()
        try:
            listening = _listening_socket(self._config.host, self._config.port)
            await web.SockSite(self._runner, listening).start()
        except OSError as error:
            log.error(
                "plugins cannot connect: no port from %d on can be listened on at %s: %s",
                self._config.port,
                self._config.host,
                error.strerror,
            )
            return
        self.port = self.api.plugins.port = listening.getsockname()[1]
        if self._config.port not in (0, self.port):
            log.warning(
                "port %d is taken, perhaps by VTube Studio itself; plugins find this server on port %d",
                self._config.port,
                self.port,
            )
        log.info("plugins of VTube Studio may connect to ws://%s:%d", self._config.host, self.port)
        if self._config.discovery:
            to = broadcast_address(self._config.host in LOOPBACK)
            self._discovery = Discovery(self.port, (to, discovery_port)).start()

    async def close(self) -> None:
        """Tell plugins that it is over; may be called without `open`."""
        if self._discovery is not None:
            self._discovery.close()
        try:
            async with asyncio.timeout(_END_S):
                await asyncio.gather(
                    *(close_quietly(each, "the server ends") for each in tuple(self._sockets))
                )
        except TimeoutError:
            log.info("some plugins did not hear that the server ends")
        if self._runner is not None:
            await self._runner.cleanup()
        await self.api.close()
        self.port = self.api.plugins.port = None

    async def _meet(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(heartbeat=VTS_HEARTBEAT_S, max_msg_size=MAX_VTS_BYTES, compress=False)
        if not socket.can_prepare(request).ok:
            return web.Response(status=426, text="This port speaks VTube Studio's API over a WebSocket.\n")
        most = self._limits.config.plugins
        if len(self._sockets) >= most:
            refusal: CapacityExceeded = self._limits.refuse("plugins", "plugins at once", most)
            return web.Response(status=503, text=f"{refusal}\n", headers={hdrs.RETRY_AFTER: "5"})
        connection = VtsConnection(
            self.api,
            socket,
            request.headers.get(hdrs.ORIGIN, "")[:_MAX_ORIGIN],
            Rate(self._limits.config.messages_per_s),
            lambda: self._limits.count("messages_per_s"),
        )
        self._sockets.add(socket)
        self.connections.add(connection)
        try:
            await socket.prepare(request)
            await connection.serve()
        finally:
            self._sockets.discard(socket)
            self.connections.discard(connection)
        return socket


def _listening_socket(host: str, port: int) -> socket.socket:
    """A socket on the port, or on the next one that is free.

    Raises:
        OSError: none of them is, or there is no such address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    tried = range(port, min(port + PORTS_TRIED, 65_536)) if port else (0,)
    for number in tried:
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            if os.name == "posix":  # elsewhere it would take the port from who has it
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, number))
            listening.setblocking(False)
            return listening
        except OSError as error:
            listening.close()
            if error.errno not in (errno.EADDRINUSE, errno.EACCES) or number == tried[-1]:
                raise
    raise OSError(errno.EADDRINUSE, "no port is free")
