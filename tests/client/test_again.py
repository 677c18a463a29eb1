"""A viewer that comes back: after a loss, a restart, and while there is no server yet."""

import asyncio
import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc import AvatarClient, reconnecting
from avatar_rtc.client import again, returning
from avatar_rtc.errors import InputError, NotFound, Unreachable
from tests.documents import ROOT


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(returning, "WAIT_S", 0.02)


async def lost(viewer: Any) -> None:
    """Watch until the connection is lost."""
    with contextlib.suppress(Unreachable):
        async for _ in viewer.frames():
            pass


async def test_it_comes_back_whenever_it_was_lost(server: Any) -> None:
    seen = []
    async with asyncio.timeout(30):
        async for avatar in reconnecting(server.url, token="k"):
            await anext(avatar.frames())
            seen.append(avatar)
            if len(seen) == 3:
                break
            server.send({"type": "closing", "reason": "a restart"})
            await server.peers[f"peer{len(seen) - 1}"].close()
            await lost(avatar)
    assert len(server.offers) == 3 and server.tokens == ["Bearer k"] * 3
    with pytest.raises(Unreachable):
        await seen[0].ping()


async def test_an_end_of_the_loop_closes_the_viewer(server: Any) -> None:
    async for avatar in reconnecting(server.url):
        await anext(avatar.frames())
        break
    async with asyncio.timeout(5):
        while server.deleted != ["peer0"]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_server_that_is_away_is_waited_for_and_one_that_refuses_is_not(
    server: Any, unused_tcp_port: int
) -> None:
    async def first(url: str) -> Any:
        async for avatar in reconnecting(url):
            return avatar

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await first(f"http://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(NotFound):
        await first(f"{server.url}/api/v1/avatars/nobody")
    with pytest.raises(InputError):
        await first("nothing")


async def test_an_avatar_that_was_there_is_missed_for_a_while(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(returning, "MISSED_S", 0.3)
    tries = 0

    def elsewhere(_: str, **options: Any) -> AvatarClient:
        return AvatarClient(f"{server.url}/api/v1/avatars/nobody", **options)

    with pytest.raises(NotFound):
        async for avatar in reconnecting(server.url):
            tries += 1
            await anext(avatar.frames())
            monkeypatch.setattr(again, "AvatarClient", elsewhere)
    assert tries == 1


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1))
def test_waits_grow_with_the_time_away_and_are_bounded(one: float, other: float, chance: float) -> None:
    low, high = sorted((one, other))
    assert 0.01 <= returning.wait_s(low, chance) <= returning.wait_s(high, chance) <= 5.0
    assert returning.wait_s(high, 0.0) >= returning.wait_s(high, 1.0) / 2


def test_the_law_is_the_pages() -> None:
    """As tests/web/test_faults.py has it in numbers."""
    text = (ROOT / "web" / "faults.js").read_text()
    assert "BACKOFF_MAX_MS = 5_000;" in text and returning.WAIT_MAX_S == 5.0
    assert "BACKOFF_SHARE = 1 / 6;" in text and returning.WAIT_SHARE == 1 / 6
