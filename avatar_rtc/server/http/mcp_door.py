"""The tools of language models behind aiohttp: an ASGI application, and what carries requests to it and back.

The library is an extra. It is loaded, and its server begun, when the first caller comes.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from importlib.util import find_spec
from typing import Any

from aiohttp import hdrs, web

from avatar_rtc.server.http.mcp_faces import OwnFaces
from avatar_rtc.server.http.problems import RequestRefused

AsgiMessage = MutableMapping[str, Any]
AsgiApp = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[AsgiMessage]],
        Callable[[AsgiMessage], Awaitable[None]],
    ],
    Awaitable[None],
]
MCP_PATH = "/mcp"
MOST_MCP_BYTES = 4 * 1024 * 1024
"""Of a request; the library takes no more either."""
_REQUEST = "avatar_rtc.request"
"""Where a scope holds aiohttp's request."""
_OURS = (hdrs.CONTENT_LENGTH, hdrs.TRANSFER_ENCODING, hdrs.CONNECTION)
"""Headers that follow from how a body is carried."""


class McpDoor:
    """The one server of tools. Made and used on the event loop; the application closes it."""

    def __init__(self) -> None:
        self._app: AsgiApp | None = None
        self._running: asyncio.Task[None] | None = None
        self._is_up, self._is_over = asyncio.Event(), asyncio.Event()

    async def app(self) -> AsgiApp:
        """The application, up and running.

        Raises:
            RequestRefused: 404, the extra is not installed; says how it is.
        """
        if self._app is None:
            if find_spec("mcp") is None:
                raise RequestRefused(
                    404, "the tools of the Model Context Protocol are an extra: pip install 'avatar-rtc[mcp]'"
                )
            # The library takes half a second to load.
            create = await asyncio.to_thread(_loaded)
            if self._app is None:
                self._app, run = create(
                    lambda ctx: OwnFaces(ctx.request_context.request.scope[_REQUEST]), MCP_PATH
                )
                self._running = asyncio.create_task(self._run(run), name="the server of tools")
        await self._is_up.wait()
        return self._app

    async def close(self) -> None:
        """End it, and the requests that it still answers."""
        self._is_over.set()
        if self._running is not None:
            await self._running

    async def _run(self, run: Callable[[], contextlib.AbstractAsyncContextManager[None]]) -> None:
        # In one task from its beginning to its end, as its task group wants it.
        async with run():
            self._is_up.set()
            await self._is_over.wait()


MCP = web.AppKey("MCP", McpDoor)


def _loaded() -> Any:
    from avatar_rtc.mcp.serving import create_asgi

    return create_asgi


async def carried(request: web.Request, body: bytes, app: AsgiApp) -> web.StreamResponse:
    """What an ASGI application answers to a request whose body is here; written to the caller as it comes."""
    response: web.StreamResponse | None = None
    parts = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> AsgiMessage:
        if parts:
            return parts.pop()
        await asyncio.Event().wait()  # for ever: whoever leaves, cancels this
        raise AssertionError("nobody sets it")

    async def send(message: AsgiMessage) -> None:
        nonlocal response
        if message["type"] == "http.response.start":
            response = web.StreamResponse(status=message["status"])
            for name, value in message.get("headers", ()):
                if name.decode("latin-1").title() not in _OURS:
                    response.headers.add(name.decode("latin-1"), value.decode("latin-1"))
            await response.prepare(request)
        elif message["type"] == "http.response.body" and response is not None:
            if content := message.get("body", b""):
                await response.write(content)
            if not message.get("more_body", False):
                await response.write_eof()

    await app(_scope_of(request), receive, send)
    if response is None:
        raise RuntimeError("the application gave no answer")
    return response


def _scope_of(request: web.Request) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.scheme,
        "path": MCP_PATH,
        "raw_path": MCP_PATH.encode(),
        "query_string": request.query_string.encode(),
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.raw_headers],
        "client": None,
        "server": None,
        _REQUEST: request,
    }
