"""Connections, sockets and feeds end with their token; a newer one keeps them."""

import asyncio
import time

import aiohttp
import pytest

from avatar_rtc.config_sections import AccessConfig
from avatar_rtc.grants import Grant
from avatar_rtc.server.access.tokens import make_token
from avatar_rtc.server.http.keys import AVATARS, GATE
from tests.waiting import until

SECRET = "north-north-west-north-north-west"
MAIN = "/api/v1/avatars/main"
WITHIN_S = 1.0
"""What a revoked token has opened ends."""


@pytest.fixture
def revoked(tmp_path):
    file = tmp_path / "revoked.txt"
    file.touch()
    return file


@pytest.fixture
def config(config, monkeypatch, revoked):
    monkeypatch.setenv("SECRET", SECRET)
    access = AccessConfig(secret="env:SECRET", leeway_s=0.0, revoked=revoked)
    return config.model_copy(update={"access": access})


def bearer(scope="control", avatar=None, token_id="", seconds=600.0) -> dict[str, str]:
    grant = Grant(scope, avatar, token_id=token_id)
    return {"Authorization": f"Bearer {make_token(SECRET.encode(), grant, time.time(), seconds)}"}


class Opened:
    """One of each thing that a token opens."""

    def __init__(self, client, watcher, socket, feed) -> None:
        self.client, self.watcher, self.socket, self.feed = client, watcher, socket, feed

    async def has_ended(self, why: str) -> None:
        closing = await self.watcher.event(lambda event: event["type"] == "closing", within=15)
        assert closing["reason"] == why
        message = await self.socket.receive(timeout=5)
        assert (message.type, message.data, message.extra) == (aiohttp.WSMsgType.CLOSE, 1008, why)
        async with asyncio.timeout(5):
            await self.feed.content.read()  # to its end
        await until(lambda: not self.client.app[AVATARS]["main"].viewers.all())
        assert len(self.client.app[GATE].tenures) == 0

    async def goes_on(self) -> None:
        assert (await self.watcher.request({"type": "ping", "id": 7}))["type"] == "ok"
        assert not self.socket.closed
        assert b"--frame" in await self.feed.content.readuntil(b"--frame")


@pytest.fixture
async def open_all(client, watch_on):
    """Headers with a token → a viewer, a WebSocket and a feed that it opens."""

    async def open_them(headers) -> Opened:
        client.session.headers.update(headers)
        watcher = await watch_on(client)
        client.session.headers.clear()
        await watcher.event(lambda event: event["type"] == "state")
        socket = await client.ws_connect(f"{MAIN}/audio", headers=headers)
        feed = await client.get("/api/avatar/result_feed?instance_id=main", headers=headers)
        assert feed.status == 200
        await feed.content.readexactly(7)
        await until(lambda: len(client.app[GATE].tenures) == 3)
        return Opened(client, watcher, socket, feed)

    return open_them


async def test_what_an_expired_token_has_opened_ends(open_all):
    opened = await open_all(bearer(seconds=6))  # in which all of it is opened, on a busy machine too
    await opened.has_ended("its token has expired")


async def test_what_a_revoked_token_has_opened_ends_within_a_second_and_it_opens_nothing(
    open_all, client, revoked
):
    lost, kept = bearer(token_id="alice"), bearer(token_id="bob")
    opened = await open_all(lost)
    began = time.monotonic()
    revoked.write_text("alice\n")
    client.app[GATE].read_revoked()
    await opened.has_ended("its token was taken back")
    assert time.monotonic() - began < WITHIN_S
    answer = await client.get(MAIN, headers=lost)
    assert answer.status == 401 and "taken back" in (await answer.json(content_type=None))["detail"]
    assert (await client.get(MAIN, headers=kept)).status == 200
    revoked.write_text("")
    client.app[GATE].read_revoked()
    assert (await client.get(MAIN, headers=lost)).status == 200


async def test_others_go_on(open_all, client, revoked):
    opened = await open_all(bearer(token_id="bob"))
    revoked.write_text("alice\n")
    client.app[GATE].read_revoked()
    await opened.goes_on()


async def test_a_newer_token_keeps_a_viewer(client, watch_on):
    client.session.headers.update(bearer("view", seconds=600))
    watcher = await watch_on(client)
    client.session.headers.clear()
    await watcher.event(lambda event: event["type"] == "state")
    (viewer,) = client.app[AVATARS]["main"].viewers.all()
    ends = viewer.tenure.grant.until

    async def show(**told) -> int:
        return (await client.patch(watcher.location, headers=bearer(**told))).status

    assert await show(scope="view", avatar="guest") == 403
    assert await show(scope="view", seconds=60) == 403  # sooner than the one that counts
    assert viewer.tenure.grant.until == ends
    assert await show(scope="control", seconds=1200) == 204
    assert await show(scope="view", seconds=2400) == 403  # for less
    assert viewer.tenure.grant.until == pytest.approx(ends + 600, abs=30)
    # It may do now what the newer one grants.
    assert (await watcher.request({"type": "emotion.set", "name": "joy", "id": 1}))["type"] == "ok"
    assert (await client.patch(watcher.location)).status == 401


async def test_a_token_that_is_taken_back_after_it_was_renewed_counts_no_more(client, watch_on, revoked):
    """The token that counts is the newest."""
    client.session.headers.update(bearer(token_id="old", seconds=60))
    watcher = await watch_on(client)
    client.session.headers.clear()
    await watcher.event(lambda event: event["type"] == "state")
    assert (await client.patch(watcher.location, headers=bearer(token_id="new"))).status == 204
    revoked.write_text("old\n")
    client.app[GATE].read_revoked()
    assert (await watcher.request({"type": "ping", "id": 1}))["type"] == "ok"
    revoked.write_text("old\nnew\n")
    client.app[GATE].read_revoked()
    await watcher.event(lambda event: event["type"] == "closing")


async def test_without_tokens_nothing_ends(serve, config, watch_on):
    client = await serve(config.model_copy(update={"access": AccessConfig()}))
    watcher = await watch_on(client)
    assert (await client.patch(watcher.location)).status == 204
    (viewer,) = client.app[AVATARS]["main"].viewers.all()
    assert viewer.tenure.grant.until == float("inf")
