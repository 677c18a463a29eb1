"""A server that takes WHIP, by aiortc, as well or badly as a test wants it."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.test_utils import TestServer
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

Behaviour = Callable[["WhipStand", web.Request], Awaitable[web.StreamResponse]]


class WhipStand:
    """Counts what it is asked, and what it sees."""

    def __init__(self) -> None:
        self.behaviours: list[Behaviour] = []
        """Of the next POSTs, one after the other; then it does as it should."""
        self.asked: list[tuple[str, str, str | None]] = []
        """Method, path and `Authorization` of each request."""
        self.pcs: list[RTCPeerConnection] = []
        self.frames, self.sounds = 0, 0
        self.offers: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self.server = TestServer(app)

    async def __aenter__(self) -> "WhipStand":
        await self.server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        for pc in self.pcs:
            await pc.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.server.close()

    def url(self, path: str = "/live/K3Y/whip") -> str:
        return str(self.server.make_url(path))

    def methods(self) -> list[str]:
        """What was asked, but for what is only to find out."""
        return [method for method, _, _ in self.asked if method != "OPTIONS"]

    async def take(self, offer: str) -> str:
        """The answer to an offer; it is watched from then on."""
        self.offers.append(offer)
        pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.pcs.append(pc)
        pc.on("track", self._watch)
        await pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await pc.setLocalDescription(await pc.createAnswer())
        return pc.localDescription.sdp

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, request.path, request.headers.get("Authorization")))
        if request.method != "POST":
            return web.Response(status=200 if request.method == "DELETE" else 204)
        if self.behaviours:
            return await self.behaviours.pop(0)(self, request)
        return await well(self, request)

    def _watch(self, track) -> None:
        async def watch() -> None:
            try:
                while True:
                    await track.recv()
                    self.frames += track.kind == "video"
                    self.sounds += track.kind == "audio"
            except MediaStreamError:
                pass

        task = asyncio.create_task(watch())
        self._tasks.add(task)


async def well(stand: WhipStand, request: web.Request) -> web.StreamResponse:
    answer = await stand.take(await request.text())
    headers = {"Location": f"../session-{len(stand.pcs)}"}
    return web.Response(status=201, body=answer.encode(), content_type="application/sdp", headers=headers)


def says(status: int, text: str = "", **headers: str) -> Behaviour:
    """Answers so."""

    async def answer(stand: WhipStand, request: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, text=text, headers=named)

    return answer
