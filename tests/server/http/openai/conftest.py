"""A server before a scripted upstream, and OpenAI's own client, as anybody installs it."""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from openai import AsyncOpenAI

from avatar_rtc.bench.scripted_upstream import ScriptedUpstream
from avatar_rtc.config import Config
from avatar_rtc.config_sections import OpenAiConfig, SpeechConfig
from avatar_rtc.server.http.keys import AVATARS
from avatar_rtc.server.live.avatar import Avatar

QUICK = SpeechConfig(speed=2.0)
"""What is waited for until it has been said."""


@pytest.fixture
async def upstream() -> AsyncIterator[ScriptedUpstream]:
    scripted = ScriptedUpstream()
    runner = web.AppRunner(scripted.application(), handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    scripted.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield scripted
    await runner.cleanup()


@pytest.fixture
def openai_config(config: Config, upstream: ScriptedUpstream) -> Callable[..., Config]:
    """(settings of [openai]) → settings with this upstream."""

    def make(**settings: Any) -> Config:
        openai = OpenAiConfig(**{"upstream": upstream.url, **settings})
        return config.model_copy(update={"openai": openai, "speech": QUICK})

    return make


@pytest.fixture
async def door(serve: Callable, openai_config: Callable[..., Config]) -> TestClient:
    return await serve(openai_config())


@pytest.fixture
def main(door: TestClient) -> Avatar:
    return door.app[AVATARS]["main"]


@pytest.fixture
async def ask_as() -> AsyncIterator[Callable[..., AsyncOpenAI]]:
    """(client of a server, options) → OpenAI's client for it."""
    async with contextlib.AsyncExitStack() as stack:

        def make(client: TestClient, **options: Any) -> AsyncOpenAI:
            options = {"api_key": "nothing", "base_url": str(client.make_url("/v1")), **options}
            made = AsyncOpenAI(**options)
            stack.push_async_callback(made.close)
            return made

        yield make


@pytest.fixture
def client_of_openai(door: TestClient, ask_as: Callable[..., AsyncOpenAI]) -> AsyncOpenAI:
    return ask_as(door)


class Ear:
    """What viewers of an avatar are told."""

    def __init__(self, avatar: Avatar) -> None:
        self.events: list[dict[str, Any]] = []
        tell = avatar.events.tell

        def told(event: Any) -> None:
            self.events.append(dict(event))
            tell(event)

        avatar.speech.queue._tell = told

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]

    @property
    def said(self) -> str:
        return " ".join(event["text"] for event in self.of("speech.subtitle"))


@pytest.fixture
def ear(main: Avatar) -> Ear:
    return Ear(main)
