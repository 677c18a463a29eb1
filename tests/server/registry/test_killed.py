"""Three real servers and a real Redis: the one that has an avatar is killed, and its viewers see it again."""

import asyncio
import contextlib
import itertools
import json
import time
import urllib.request
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis as redis_library
from aiohttp.test_utils import unused_port

from avatar_rtc.client.again import reconnecting
from avatar_rtc.client.remote import Remote
from avatar_rtc.client.server import Server as Api
from avatar_rtc.errors import Unreachable
from avatar_rtc.grants import Grant, Scope
from avatar_rtc.server.access.tokens import make_token
from tests.server.registry.conftest import Redis
from tests.waiting import wait_until
from tests.web.conftest import Server

SECRET = "east-south-south-east-north-north"
BACK_S = 10.0
_PREFIXES = itertools.count()


def run(main: Coroutine[Any, Any, Any]) -> Any:
    """On a thread of its own: Playwright has a loop on this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, main).result()


def token(scope: Scope, avatar: str | None = None) -> str:
    return make_token(SECRET.encode(), Grant(scope, avatar), time.time(), 600)


class Three:
    """The servers, and what is asked of them with a token."""

    def __init__(self, folder: Path, redis: Redis) -> None:
        (folder / "secret").write_text(SECRET)
        ports = [unused_port() for _ in range(3)]
        origins = tuple(f"http://127.0.0.1:{port}" for port in ports)
        self.all: dict[str, Server] = {}
        self._prefix, self._url = f"three{next(_PREFIXES)}", redis.url

        def start(number: int) -> Server:
            (own := folder / f"s{number}").mkdir()
            more = (
                f'state_file = "off"\n[access]\nsecret = "file:{folder}/secret"\n'
                f'[registry]\nurl = "{redis.url}"\naddress = "{origins[number]}"\nname = "s{number}"\n'
                f'prefix = "{self._prefix}"\n'
            )
            return Server(own, ports[number], origins, more)

        with ThreadPoolExecutor() as threads:
            for number, server in enumerate(threads.map(start, range(3))):
                self.all[f"s{number}"] = server

    def ask(self, at: str, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.all[at].url}/api/v1/{path}", data, method=method)
        request.add_header("Content-Type", "application/json")
        request.add_header("Authorization", f"Bearer {token('admin')}")
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def is_kept(self, word: str) -> bool:
        """Whether Redis holds it somewhere, in what these servers have told it."""
        with redis_library.from_url(self._url) as client:
            found = client.scan_iter(f"*{self._prefix}*")
            held = (client.hgetall(key) if client.type(key) == b"hash" else client.dump(key) for key in found)
            return any(word.encode() in repr(each).encode() for each in held)

    def close(self) -> None:
        for server in self.all.values():
            with contextlib.suppress(ValueError):
                server.close()


@pytest.fixture
def three(tmp_path: Path, redis: Redis) -> Iterator[Three]:
    servers = Three(tmp_path, redis)
    try:
        yield servers
    finally:
        servers.close()


@pytest.fixture
def told(three: Three) -> None:
    """An avatar on s0 that was told something."""
    three.ask("s0", "POST", "avatars?here=true", {"id": "ai", "settings": {"liveliness": 0.25}})
    three.ask("s0", "PUT", "avatars/ai/emotion", {"name": "joy"})
    three.ask("s0", "PUT", "avatars/ai/chain", {"chain": [["bloom", {}]]})
    wait_until(lambda: three.is_kept("bloom"))


def is_as_told(about: dict[str, Any]) -> bool:
    kept = about["emotion"]["weights"], about["settings"], [name for name, _ in about["chain"]]
    return kept == ({"joy": 1.0}, {"liveliness": 0.25}, ["bloom"])


@pytest.mark.realtime
def test_viewers_of_a_killed_server_see_its_avatar_again(three: Three, told: None) -> None:
    url = f"{three.all['s2'].url}/api/v1/avatars/ai"

    async def watched() -> float:
        killed_at = 0.0
        async with contextlib.aclosing(
            reconnecting(url, token=token("view"), silence_timeout_s=2.0)
        ) as viewers:
            async for avatar in viewers:
                with contextlib.suppress(Unreachable):
                    await anext(avatar.frames())
                    if killed_at:
                        return time.monotonic() - killed_at
                    killed_at = time.monotonic()
                    three.all["s0"].kill()
                    async for _ in avatar.frames():
                        pass
        raise AssertionError("the loop ended")

    took = run(watched())
    assert took <= BACK_S
    where = three.ask("s2", "GET", "avatars/ai/where")
    assert where["server"] in ("s1", "s2")
    assert is_as_told(three.ask(where["server"], "GET", "avatars/ai"))


@pytest.mark.browser
def test_so_does_a_page(three: Three, told: None, chromium: Any) -> None:
    tab = chromium.new_context().new_page()
    tab.goto(f"{three.all['s2'].url}/view/ai?access_token={token('view')}")
    seen = "document.querySelector('avatar-rtc')?.connection?.state"

    def becomes(state: str) -> None:
        wait_until(lambda: tab.evaluate(seen) == state, 20, lambda: tab.inner_text("body"))

    becomes("live")
    assert three.ask("s0", "GET", "avatars/ai")["viewers"] == 1
    begun = time.monotonic()
    three.all["s0"].kill()
    becomes("retrying")
    becomes("live")
    print(f"page live again after {time.monotonic() - begun:.2f} s")
    assert time.monotonic() - begun <= BACK_S
    where = three.ask("s2", "GET", "avatars/ai/where")["server"]
    about = three.ask(where, "GET", "avatars/ai")
    assert is_as_told(about) and about["viewers"] == 1
    tab.context.close()


@pytest.mark.realtime
def test_callers_with_a_token_get_through_every_door(three: Three) -> None:
    """Libraries drop it on the way to another server; our own client takes it along."""

    async def driven() -> None:
        entry = three.all["s2"].url
        async with Api(entry, token("admin")) as api:
            for _ in range(6):
                made = await api.create_avatar(character="placeholder")
            name = made["id"]
            where = three.ask("s2", "GET", f"avatars/{name}/where")["server"]
            elsewhere = next(each for each in three.all if each != where)
        async with Api(three.all[elsewhere].url, token("admin")) as api:
            assert (await api.avatar(name))["id"] == name
            assert "joy" in await api.emotions(name)
            async with Remote(api.address(name), token=token("control", name)) as remote:
                await remote.set_emotion("joy")
            assert three.ask(where, "GET", f"avatars/{name}")["emotion"]["weights"] == {"joy": 1.0}
            await api.delete_avatar(name)

    run(driven())
    listed = three.ask("s0", "GET", "avatars?everywhere=true")["everywhere"]
    assert len(listed) == 5 and len({each["server"] for each in listed}) >= 2
