"""A server whose plugins are let in, and plugins."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from avatar_rtc.config_outside import VtsConfig
from avatar_rtc.server.app import VTS_SITE
from avatar_rtc.server.http.keys import AVATARS
from avatar_rtc.server.live.avatar import Avatar

API = {"apiName": "VTubeStudioPublicAPI", "apiVersion": "1.0"}


class Plugin:
    """One that is connected, as the API's documentation has it: answers are told from events by their ids."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.events: list[dict[str, Any]] = []
        self._asked = 0

    async def send(self, kind: str, request_id: str, data: Any = None) -> None:
        message = {**API, "requestID": request_id, "messageType": f"{kind}Request", "data": data}
        await self.socket.send_str(json.dumps(message))

    async def next(self) -> dict[str, Any]:
        return json.loads(await self.socket.receive_str(timeout=10))

    async def ask(self, kind: str, **data: Any) -> dict[str, Any]:
        """The data of the answer; `errorID` is in it if it was refused."""
        self._asked += 1
        await self.send(kind, f"r{self._asked}", data)
        while (told := await self.next())["requestID"] != f"r{self._asked}":
            self.events.append(told)
        assert told["messageType"] in (f"{kind}Response", "APIError"), told
        return told["data"]

    async def event(self, kind: str) -> dict[str, Any]:
        """The data of the next event of a kind."""
        while True:
            for told in self.events:
                if told["messageType"] == kind:
                    self.events.remove(told)
                    return told["data"]
            self.events.append(await self.next())

    async def enter(self, name: str = "A plugin", developer: str = "Somebody") -> "Plugin":
        token = await self.ask("AuthenticationToken", pluginName=name, pluginDeveloper=developer)
        shown = {"pluginName": name, "pluginDeveloper": developer, **token}
        assert (await self.ask("Authentication", **shown))["authenticated"]
        return self


@pytest.fixture
def config(config):
    return config.model_copy(
        update={"vts": VtsConfig(enabled=True, port=0, auto_allow=True, discovery=False)}
    )


@pytest.fixture
def avatar(client) -> Avatar:
    return client.app[AVATARS]["main"]


@pytest.fixture
async def connect(client) -> AsyncIterator[Callable]:
    """A plugin that has connected, and shown nothing; `origin` is of a page."""
    async with aiohttp.ClientSession() as session:

        async def open_plugin(origin: str = "") -> Plugin:
            headers = {"Origin": origin} if origin else {}
            url = f"ws://127.0.0.1:{client.app[VTS_SITE].port}/"
            return Plugin(await session.ws_connect(url, headers=headers))

        yield open_plugin


@pytest.fixture
async def plugin(connect) -> Plugin:
    """One that is let in."""
    return await (await connect()).enter()
