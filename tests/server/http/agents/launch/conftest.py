"""A server whose rooms are made up, and how agents find it."""

from collections.abc import Callable

import pytest
from aiohttp.test_utils import TestClient

from avatar_rtc.config import Config
from avatar_rtc.config_outside import CallsConfig, CompatConfig
from avatar_rtc.server import app
from tests.server.http.agents.launch.fake_rooms import FakeRooms

URL = "wss://rooms.test"


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> FakeRooms:
    """Where every server of this test sends its avatars."""
    made = FakeRooms()
    monkeypatch.setattr(app, "AgentRooms", lambda *_, **__: made)
    return made


@pytest.fixture
def config(config: Config) -> Config:
    return config.model_copy(
        update={
            "compat": CompatConfig(faces={"face-1": "rival"}),
            "calls": CallsConfig(destinations=(URL, "ws://rooms.test")),
        }
    )


@pytest.fixture
async def door(rooms: FakeRooms, serve: Callable, config: Config) -> TestClient:
    return await serve(config)
