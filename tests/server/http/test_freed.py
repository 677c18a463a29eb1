"""What an avatar held is free as soon as it has ended, without waiting for the collector of cycles."""

import asyncio
import gc
import weakref

import pytest

from avatar_rtc.link.orders import AvatarFailed, OpenAvatar
from avatar_rtc.server.http.keys import AVATARS
from avatar_rtc.server.rendering.supervisor import Rendering
from tests.server.rendering.test_supervisor import Workshop, opened, settle

AVATAR = "/api/v1/avatars/short"


@pytest.fixture(autouse=True)
def no_collector():
    """Nothing but counted references frees memory."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def nothing(client, watch_on, renderer) -> None:
    """Somebody only made it."""


async def controlled(client, watch_on, renderer) -> None:
    await client.put(f"{AVATAR}/emotion", json={"name": "joy", "hold_ms": 60_000})
    await client.put(f"{AVATAR}/overrides", json={"head_x": 0.5})
    await client.patch(AVATAR, json={"character": "rival"})
    assert (await client.put(f"{AVATAR}/emotion", json={"name": "joi"})).status == 400


async def watched(client, watch_on, renderer) -> None:
    watcher = await watch_on(client, avatar="short")
    await watcher.frame()
    await watcher.request({"type": "emotion.set", "id": "1", "name": "joy"})


async def failed(client, watch_on, renderer) -> None:
    renderer.on_up["short"](AvatarFailed("short", "out of memory", may_pass=True))
    assert (await client.get(f"{AVATAR}/snapshot.png")).status == 409


@pytest.mark.parametrize("use", [nothing, controlled, watched, failed])
async def test_a_deleted_avatar_is_free_at_once(client, watch_on, renderer, use):
    assert (await client.post("/api/v1/avatars", json={"id": "short"})).status == 201
    avatar = client.app[AVATARS]["short"]
    parts = [weakref.ref(part) for part in (avatar, avatar.actor)]
    await use(client, watch_on, renderer)
    del avatar
    assert (await client.delete(AVATAR)).status == 204
    # The stand-in remembers all it was told; the real one forgets.
    for book in (renderer.sent, renderer.opened, renderer.on_up):
        book.clear()
    async with asyncio.timeout(10):
        while any(part() is not None for part in parts):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_the_service_forgets_characters_that_are_gone():
    class Character(OpenAvatar):
        """One that can be followed."""

    workshop = Workshop()
    async with Rendering(workshop.spawn, spare=False, opens_per_s=1.0) as service:
        await settle()
        followed = []
        for n in range(50):
            message = Character(f"a{n % 5}", bytes(1000), 0.0, opened().state, "static", seed=n)
            followed.append(weakref.ref(message))
            service.open(message, lambda _: None)
        del message
        assert sum(ref() is not None for ref in followed) <= 6
        for n in range(5):
            service.close_avatar(f"a{n}")
        await settle()
        for worker in workshop.workers:
            worker.told.clear()
        assert [ref() for ref in followed if ref() is not None] == []
