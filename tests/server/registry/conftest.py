"""A real Redis on a socket file, and servers that share it."""

import asyncio
import contextlib
import itertools
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, unused_port

from avatar_rtc.config_outside import RegistryConfig
from avatar_rtc.server.app import create_app
from avatar_rtc.server.http.keys import REGISTRY
from tests.server.conftest import TEMPLATES, FakeRenderer, Served
from tests.waiting import wait_until

HEARTBEAT_S = 0.3
_PREFIXES = itertools.count()


class Redis:
    """One process; it can be ended and come back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = f"unix://{folder}/redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["redis-server", "--port", "0", "--unixsocket", f"{self._folder}/redis.sock", "--save", ""]
        self._process = subprocess.Popen(command, cwd=self._folder, stdout=subprocess.DEVNULL)
        wait_until((self._folder / "redis.sock").exists, 10)

    def stop(self) -> None:
        """With all it knows."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        (self._folder / "redis.sock").unlink(missing_ok=True)

    def pause(self, signal: int) -> None:
        assert self._process is not None
        self._process.send_signal(signal)


@contextlib.contextmanager
def _running(folder: Path) -> Iterator[Redis]:
    if shutil.which("redis-server") is None:
        pytest.skip("there is no redis-server on this machine")
    redis = Redis(folder)
    try:
        redis.start()
        yield redis
    finally:
        redis.stop()


@pytest.fixture(scope="session")
def lasting_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """One for all tests that leave it alone."""
    with _running(tmp_path_factory.mktemp("redis")) as redis:
        yield redis


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Redis]:
    """One for a test that ends it."""
    (tmp_path / "redis").mkdir()
    with _running(tmp_path / "redis") as redis:
        yield redis


@pytest.fixture
def redis(lasting_redis: Redis) -> Redis:
    return lasting_redis


@pytest.fixture
def make_registry(redis: Redis) -> Callable[..., RegistryConfig]:
    """(settings) → those of one server of this test's own registry."""
    prefix = f"test{next(_PREFIXES)}"

    def make(**settings: Any) -> RegistryConfig:
        about = {
            "url": redis.url,
            "address": "http://127.0.0.1:1",
            "heartbeat_s": HEARTBEAT_S,
            "prefix": prefix,
        }
        return RegistryConfig(**{**about, **settings})

    return make


@pytest.fixture
async def join(make_registry: Any, config: Any, store: Any) -> AsyncIterator[Callable]:
    """(name, settings) → a client of a server of the registry that renders nothing."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(name: str, registry: dict[str, Any] | None = None, **settings: Any) -> TestClient:
            port = unused_port()
            about = make_registry(name=name, address=f"http://127.0.0.1:{port}", **(registry or {}))
            given = config.model_copy(update={"registry": about, **settings})
            app = create_app(given, FakeRenderer(), settings.get("store", store), TEMPLATES)
            return await stack.enter_async_context(TestClient(Served(app, port=port)))

        yield start


def kill(client: TestClient) -> None:
    """Its heart stands still, as that of a process that was killed; what it had open goes on, as it may."""
    member = client.app[REGISTRY]
    for task in (member._task, member._adopting):
        if task is not None:
            task.cancel()
    member.is_away = True


async def owner(client: TestClient, name: str) -> str:
    """The server that has an avatar, by what another says; "" for none."""
    async with client.get(f"/api/v1/avatars/{name}/where") as answer:
        return (await answer.json())["server"] if answer.status == 200 else ""


async def moved(client: TestClient, name: str, to: set[str], within_s: float = 30.0) -> str:
    async with asyncio.timeout(within_s):
        while (now := await owner(client, name)) not in to:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return now
