"""Avatars that are made and deleted while the server runs."""

import asyncio
import contextlib

import pytest

from avatar_rtc.config import Config
from avatar_rtc.link.orders import (
    AvatarFailed,
    CloseAvatar,
    OpenAvatar,
    SetState,
    StartRendition,
    StopRendition,
)
from avatar_rtc.server.http.keys import AVATARS as AVATARS_KEY
from tests.server.conftest import TEMPLATES

AVATARS = "/api/v1/avatars"


async def made(client, **body) -> dict:
    response = await client.post(AVATARS, json=body)
    about = await response.json()
    assert response.status == 201, about
    assert response.headers["Location"] == f"{AVATARS}/{about['id']}"
    return about


async def names(client) -> list[str]:
    return [about["id"] for about in (await (await client.get(AVATARS)).json())["avatars"]]


async def test_an_avatar_is_made_shown_and_deleted(client, renderer):
    about = await made(client, id="guide", character="rival", emotion="joy", settings={"liveliness": 0.25})
    assert (about["id"], about["character"], about["emotion"]["weights"]) == ("guide", "rival", {"joy": 1.0})
    assert about["settings"] == {"liveliness": 0.25}
    opened = renderer.opened["guide"]
    assert isinstance(opened, OpenAvatar) and opened.animator == "static"
    await asyncio.sleep(0)
    assert (await (await client.get(f"{AVATARS}/guide")).json())["state"] == "live"
    assert await names(client) == ["main", "guide"]
    response = await client.delete(f"{AVATARS}/guide")
    assert (response.status, await response.read()) == (204, b"")
    assert renderer.told(CloseAvatar) == [CloseAvatar("guide")]
    assert await names(client) == ["main"]
    assert (await client.get(f"{AVATARS}/guide")).status == 404
    assert (await client.delete(f"{AVATARS}/guide")).status == 404


async def test_without_a_name_it_gets_one_and_the_servers_character(client):
    one, other = await made(client), await made(client)
    assert one["id"] != other["id"] and len(one["id"]) >= 16
    assert one["character"] == "hero" and one["emotion"]["weights"] == {"neutral": 1.0}


async def test_an_animator_of_its_own(client, renderer):
    await made(client, id="slow", animator="tha3")
    assert renderer.opened["slow"].animator == "tha3" and renderer.opened["main"].animator == "static"


async def test_each_has_a_state_of_its_own(client, renderer):
    for name in ("a", "b"):
        await made(client, id=name)
    await client.put(f"{AVATARS}/a/emotion", json={"name": "anger"})
    await client.put(f"{AVATARS}/b/overrides", json={"head_x": 0.5})
    last = {message.avatar: message.state for message in renderer.told(SetState)}
    assert last["a"].emotions == {"anger": 1.0} and not last["a"].overrides
    assert last["b"].overrides == {"head_x": 0.5} and last["b"].emotions == {"neutral": 1.0}
    assert "main" not in last


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"id": "main"}, 409, "already"),
        ({"id": "No Name"}, 400, "id"),
        ({"id": ""}, 400, "id"),
        ({"character": "heroo"}, 400, "did you mean 'hero'"),
        ({"character": "../hero"}, 400, "cannot be a name"),
        ({"animator": "magic"}, 400, "animator"),
        ({"emotion": "joi"}, 400, "did you mean 'joy'"),
        ({"settings": {"livelines": 1}}, 400, "did you mean 'liveliness'"),
        ({"caracter": "hero"}, 400, "caracter"),
    ],
)
async def test_what_cannot_be_made_leaves_nothing_behind(client, renderer, body, status, says):
    response = await client.post(AVATARS, json=body)
    assert response.status == status and says in (await response.json())["detail"]
    assert await names(client) == ["main"]
    opened = {message.avatar for message in renderer.told(OpenAvatar)} - {"main"}
    assert opened == {message.avatar for message in renderer.told(CloseAvatar)}


async def test_beyond_the_limit_it_is_503_until_one_goes(serve):
    client = await serve(Config(character="hero", animator="static", max_avatars=3))
    for name in ("a", "b"):
        await made(client, id=name)
    response = await client.post(AVATARS, json={})
    assert response.status == 503 and int(response.headers["Retry-After"]) > 0
    assert "3 avatars" in (await response.json())["detail"]
    await client.delete(f"{AVATARS}/a")
    await made(client, id="a")


async def test_viewers_of_a_deleted_avatar_are_told_and_others_are_not(client, watch_on):
    await made(client, id="watched")
    watcher = await watch_on(client, avatar="watched")
    await watcher.frame()
    await watcher.event(lambda event: event["type"] == "state")
    await made(client, id="other")
    await client.delete(f"{AVATARS}/other")
    await watcher.frame()
    await client.delete(f"{AVATARS}/watched")
    await watcher.event(lambda event: event["type"] == "closing")
    # The name is free at once.
    await made(client, id="watched")


async def test_all_pictures_of_a_deleted_avatar_end(client, renderer, watch_on):
    await made(client, id="watched")
    await (await watch_on(client, avatar="watched")).frame()
    await client.delete(f"{AVATARS}/watched")
    assert len(renderer.told(StopRendition)) == len(renderer.told(StartRendition)) == 1


async def test_nobody_uses_it_and_it_is_gone(serve):
    client = await serve(Config(character="hero", animator="static", avatar_expiry_s=1.5))
    await made(client, id="left")
    await made(client, id="used")
    async with asyncio.timeout(20):
        while "left" in await names(client):
            assert (await client.put(f"{AVATARS}/used/emotion", json={"name": "joy"})).status == 200
            await asyncio.sleep(0.05)
    assert await names(client) == ["main", "used"]
    async with asyncio.timeout(5):
        while "used" in await names(client):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert await names(client) == ["main"]  # the one from the start stays


async def test_who_watches_uses_it(serve, watch_on):
    client = await serve(Config(character="hero", animator="static", avatar_expiry_s=0.4))
    await made(client, id="seen")
    watcher = await watch_on(client, avatar="seen")
    await watcher.frame()
    await asyncio.sleep(1.0)
    assert "seen" in await names(client)
    await watcher.pc.close()
    async with asyncio.timeout(20):
        while "seen" in await names(client):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_without_an_expiry_they_stay(serve):
    client = await serve(Config(character="hero", animator="static", avatar_expiry_s=0))
    await made(client, id="kept")
    await asyncio.sleep(0.3)
    assert await names(client) == ["main", "kept"]


async def test_nothing_of_deleted_avatars_stays_on_the_loop(client):
    def tasks() -> int:
        return len(asyncio.all_tasks())

    await made(client, id="warm")
    await client.delete(f"{AVATARS}/warm")
    before = tasks()
    for _ in range(5):
        await asyncio.gather(*(made(client, id=f"a{n}") for n in range(10)))
        await asyncio.gather(*(client.delete(f"{AVATARS}/a{n}") for n in range(10)))
    async with asyncio.timeout(5):
        while tasks() > before + 12:  # noqa: ASYNC110 – connections the client keeps open have one each
            await asyncio.sleep(0.05)


async def test_creations_in_parallel_never_pass_the_limit(serve):
    client = await serve(Config(character="hero", animator="static", max_avatars=4))
    responses = await asyncio.gather(*(client.post(AVATARS, json={}) for _ in range(12)))
    assert sorted(response.status for response in responses) == [201] * 3 + [503] * 9
    assert len(await names(client)) == 4


async def test_a_deletion_ends_the_clients_speech_and_feed(client):
    await made(client, id="talker")
    feed = asyncio.create_task(client.get("/api/avatar/result_feed?instance_id=talker"))
    response = await feed
    assert response.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=frame"
    await client.delete(f"{AVATARS}/talker")
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(5):
            await response.read()


@pytest.mark.parametrize("name", ["hero", "nobody", "..%2fhero"])
async def test_characters_that_cannot_be_deleted(client, store, name):
    response = await client.delete(f"/api/v1/characters/{name}")
    assert response.status == (403 if name == "hero" else 404)
    assert store.names() == ["hero", "rival"]


async def test_an_uploaded_character_is_deleted_and_its_avatar_goes_on(client, store, png):
    await client.post("/api/v1/characters?name=mine", data=png(), headers={"Content-Type": "image/png"})
    await made(client, id="a", character="mine")
    assert (await client.delete("/api/v1/characters/mine")).status == 204
    assert store.names() == ["hero", "rival"] and not list(store._own.root.iterdir())
    assert (await (await client.get(f"{AVATARS}/a")).json())["character"] == "mine"
    response = await client.patch(f"{AVATARS}/a", json={"character": "mine"})
    assert response.status == 400


@pytest.fixture
def smug(tmp_path, store, png):
    """A character whose default is an emotion of its own, and who is calm."""
    folder = tmp_path / "shipped" / "smug"
    folder.mkdir()
    (folder / "character.png").write_bytes(png())
    (folder / "character.toml").write_text(
        'default_emotion = "smirk"\n[own_emotions.smirk.pose]\nmouth_smirk = 1.0\n'
        "[settings]\nliveliness = 0.5"
    )


async def test_a_character_brings_emotions_and_settings_of_its_own(client, smug, renderer):
    about = await made(client, id="a", character="smug")
    assert about["default_emotion"] == "smirk" and about["emotion"]["weights"] == {"smirk": 1.0}
    assert about["settings"] == {"liveliness": 0.5} and "smirk" in about["emotions"]
    opened = renderer.opened["a"]
    assert opened.own_emotions["smirk"].pose == {"mouth_smirk": 1.0}
    assert opened.state.emotions == {"smirk": 1.0}


async def test_the_worker_never_hears_of_an_emotion_it_does_not_know(client, smug, renderer):
    """Swaps to and from a character with an emotion of its own, in the order in which the worker hears."""
    for character in ("smug", "rival", "smug", "hero"):
        await client.patch(f"{AVATARS}/main", json={"character": character})
        if character == "smug":
            assert renderer.opened["main"].state.emotions.keys() <= {"neutral", "smirk"}
            await client.put(f"{AVATARS}/main/emotion", json={"name": "smirk"})
    known: set[str] = set()
    for message in renderer.sent:
        if isinstance(message, OpenAvatar):
            known = {*TEMPLATES, *message.own_emotions}
        if isinstance(message, OpenAvatar | SetState):
            assert message.state.emotions.keys() <= known | message.state.templates.keys()
    assert renderer.state.emotions == {"neutral": 1.0}


@pytest.mark.parametrize("path", [f"{AVATARS}/main/snapshot.png", "/api/avatar/result_feed?instance_id=main"])
async def test_of_an_avatar_that_has_failed_there_is_no_picture_to_wait_for(client, renderer, path):
    renderer.on_up["main"](AvatarFailed("main", "no weights"))
    response = await client.get(path)
    assert response.status == 409 and "no weights" in (await response.json())["detail"]


async def test_an_ending_that_fails_in_part_ends_all_the_rest(client, renderer, monkeypatch):
    await made(client, id="odd")
    avatar = client.app[AVATARS_KEY]["odd"]
    for part in (avatar.viewers, avatar.distillation, avatar.speech.queue):

        async def close() -> None:
            raise RuntimeError("no")

        monkeypatch.setattr(part, "close", close)
    monkeypatch.setattr(avatar.streams, "close", lambda: 1 / 0)
    assert (await client.delete(f"{AVATARS}/odd")).status == 204
    assert CloseAvatar("odd") in renderer.sent
    await made(client, id="odd")
