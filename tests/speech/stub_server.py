"""A speech server of a few lines that answers as it is told, remembers what it was asked, and misbehaves."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
IMPATIENT: dict[str, Any] = dict(total_s=1.0, connect_s=0.5)
"""Time-outs for tests in which a server hangs."""


def tone(seconds: float, rate: int = 24_000) -> np.ndarray:
    """(samples,) int16: 440 Hz."""
    return np.rint(8000 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)).astype(np.int16)


def wav(pcm: np.ndarray, rate: int = 24_000) -> bytes:
    """A WAV of (samples,) or (samples, channels) int16."""
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1 if pcm.ndim == 1 else pcm.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.astype("<i2").tobytes())
    return data.getvalue()


def says(body: Any, content_type: str = "") -> Handler:
    """Answers with bytes, or with JSON of anything else."""

    async def answer(request: web.Request) -> web.Response:
        if isinstance(body, bytes):
            return web.Response(body=body, headers={"Content-Type": content_type or "audio/wav"})
        return web.json_response(body)

    return answer


async def hangs(request: web.Request) -> web.Response:
    await asyncio.sleep(2)
    return web.Response()


async def dies(request: web.Request) -> web.StreamResponse:
    """Promises more than it sends."""
    response = web.StreamResponse(headers={"Content-Length": "100000"})
    await response.prepare(request)
    await response.write(b"RIFF")
    assert request.transport is not None
    request.transport.abort()
    return response


async def fails(request: web.Request) -> web.Response:
    return web.Response(status=500, text="out of memory")


async def floods(request: web.Request) -> web.StreamResponse:
    """Never stops sending."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(bytes(1 << 20))


async def leads_elsewhere(request: web.Request) -> web.Response:
    """As one that was taken over: into a network that only the machine of the server reaches."""
    raise web.HTTPTemporaryRedirect("http://169.254.169.254/latest/meta-data")


TROUBLES: dict[str, tuple[Handler, str]] = {
    "hangs": (hangs, f"did not answer .* within {IMPATIENT['total_s']:g} s"),
    "dies": (dies, "broke off"),
    "fails": (fails, "answered 500 to .*: out of memory"),
    "leads elsewhere": (leads_elsewhere, "answered 307 to .*: it leads elsewhere"),
}
"""Ways to fail whatever is asked, and what the error says of it."""
NO_SOUND: dict[str, tuple[bytes, str]] = {
    "a web page": (b"<html>hello</html>", "looks like a web page"),
    "nothing": (b"", "no sound"),
    "its words as JSON": (b'{"audio": "none"}', "looks like JSON"),
    "half a header": (wav(tone(1.0))[:20], "cut off"),
    "an empty WAV": (wav(tone(0.0)), "holds no sound"),
    "eleven minutes": (wav(np.zeros(8000 * 660, np.int16), 8000), "more than 600 s of sound"),
    "an odd rate": (wav(tone(0.1), 100), "sample rate is 100"),
}
"""Answers that are not the sound of a sentence."""


@dataclass
class Stub:
    """The server while it runs."""

    url: str = ""
    asked: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    """Method, path, query and JSON of each request."""
    headers: list[Mapping[str, str]] = field(default_factory=list)

    def bodies(self, path: str) -> list[Any]:
        """The JSON of the requests to a path."""
        return [body for _, asked, _, body in self.asked if asked == path]


@asynccontextmanager
async def serving(routes: Mapping[str, Handler]) -> AsyncIterator[Stub]:
    """A server with these routes, such as {"GET /voices": says([])}; everything else is 404."""
    stub = Stub()

    @web.middleware
    async def remember(request: web.Request, handler: Handler) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else None
        stub.asked.append((request.method, request.path, dict(request.query), body))
        stub.headers.append(request.headers)
        return await handler(request)

    app = web.Application(middlewares=[remember])
    for route, handler in routes.items():
        method, path = route.split(" ")
        app.router.add_route(method, path, handler)
    async with TestServer(app) as server:
        stub.url = str(server.make_url("")).rstrip("/")
        yield stub


def nobody() -> str:
    """The URL of a port where nobody listens."""
    return f"http://127.0.0.1:{unused_port()}"
