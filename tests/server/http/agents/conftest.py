"""Servers for clients of other services."""

import contextlib
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp.test_utils import TestClient
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

ROOT = "/compat/simli"


class RawSession:
    """A session as Simli's protocol has it, by hand."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.socket: aiohttp.ClientWebSocketResponse
        self.told: list[str] = []

    async def token(self, headers: dict | None = None, **wanted) -> str:
        answer = await self.client.post(f"{ROOT}/compose/token", json=wanted, headers=headers)
        assert answer.status == 200, await answer.text()
        return (await answer.json())["session_token"]

    async def connect(self, headers: dict | None = None, **wanted) -> "RawSession":
        """To the end of the exchange: START has come."""
        token = await self.token(headers, **wanted)
        self.socket = await self.client.ws_connect(f"{ROOT}/compose/webrtc/p2p?session_token={token}")
        for kind in ("audio", "video"):
            self.pc.addTransceiver(kind, direction="recvonly")
        await self.pc.setLocalDescription(await self.pc.createOffer())
        await self.socket.send_json({"sdp": self.pc.localDescription.sdp, "type": "offer"})
        answer = await self.socket.receive_json(timeout=5)
        assert await self.socket.receive_str(timeout=5) == "START"
        await self.pc.setRemoteDescription(RTCSessionDescription(**answer))
        return self

    async def until_told(self, text: str, within: float = 10.0) -> str:
        """The next text that begins so; those before it are kept in `told`."""
        while not (told := await self.socket.receive_str(timeout=within)).startswith(text):
            self.told.append(told)
        return told

    async def ended(self, within: float = 10.0) -> None:
        """Until the server has closed the socket."""
        while not self.socket.closed:
            message = await self.socket.receive(timeout=within)
            if message.type is aiohttp.WSMsgType.TEXT:
                self.told.append(message.data)

    async def close(self) -> None:
        await self.pc.close()
        if hasattr(self, "socket"):
            await self.socket.close()


@pytest.fixture
async def raw() -> AsyncIterator[Callable[[TestClient], RawSession]]:
    """(client) → a session at its server."""
    async with contextlib.AsyncExitStack() as stack:

        def make(client: TestClient) -> RawSession:
            session = RawSession(client)
            stack.push_async_callback(session.close)
            return session

        yield make
