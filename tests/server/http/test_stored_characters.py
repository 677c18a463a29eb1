"""Characters and avatars that come and go at once: no 500, no half of anything, nothing left behind."""

import asyncio
import json
import random

import aiohttp.test_utils
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.config import Config
from avatar_rtc.config_sections import LimitsConfig
from avatar_rtc.control.messages import control_from
from avatar_rtc.control.settings import check_settings
from avatar_rtc.errors import InputError
from avatar_rtc.grants import EVERYTHING
from avatar_rtc.link.orders import CloseAvatar, OpenAvatar
from avatar_rtc.server.app import create_app
from avatar_rtc.server.http.keys import AVATARS, GRANT, LIMITS
from tests.server.conftest import TEMPLATES, FakeRenderer

CHARACTERS, AVATARS_PATH = "/api/v1/characters", "/api/v1/avatars"
PNG = {"Content-Type": "image/png"}
FINE = {200, 201, 204, 400, 404, 409, 503}


async def detail(response) -> str:
    return (await response.json(content_type="application/problem+json"))["detail"]


async def test_number_and_bytes_are_refused_with_a_sentence_and_counted(serve, config, png) -> None:
    client = await serve(config.model_copy(update={"limits": LimitsConfig(characters=2)}))
    for name, status in (("a", 201), ("b", 201), ("c", 503), ("a", 201)):
        response = await client.post(f"{CHARACTERS}?name={name}", data=png(), headers=PNG)
        assert response.status == status
        if status == 503:
            assert "limit of 2 stored characters" in (said := await detail(response)) and "delete" in said
    assert client.app[LIMITS].refused == {"characters": 1}
    assert (await client.delete(f"{CHARACTERS}/b")).status == 204
    assert (await client.post(f"{CHARACTERS}?name=c", data=png(), headers=PNG)).status == 201


async def test_a_full_disk_is_told_without_a_path(client, store, png, tmp_path, monkeypatch) -> None:
    def full(*_):
        raise OSError(28, "No space left on device", str(tmp_path / "secret"))

    monkeypatch.setattr("avatar_rtc.characters.own.sync", full)
    response = await client.post(f"{CHARACTERS}?name=a", data=png(), headers=PNG)
    said = await detail(response)
    assert response.status == 503 and "No space left" in said and str(tmp_path) not in said
    assert store.names() == ["hero", "rival"] and not list((tmp_path / "own").glob(".*"))


@pytest.mark.parametrize("seed", range(2))
async def test_random_calls_at_once_are_never_500(serve, config, store, png, seed) -> None:
    """Two servers on one data folder, eight callers, every order of calls."""
    other = CharacterStore(store._shipped, store._own.root)
    clients = [await serve(config)]
    app = create_app(config, FakeRenderer(), other, TEMPLATES)
    async with aiohttp.test_utils.TestClient(aiohttp.test_utils.TestServer(app)) as second:
        clients.append(second)
        statuses: set[int] = set()

        async def call(number: int) -> None:
            dice = random.Random(100 * seed + number)
            for _ in range(25):
                client, name = dice.choice(clients), dice.choice(("x", "y"))
                match dice.randrange(9):
                    case 0 | 1:
                        sent = client.post(f"{CHARACTERS}?name={name}", data=png(), headers=PNG)
                    case 2:
                        sent = client.delete(f"{CHARACTERS}/{name}")
                    case 3:
                        sent = client.get(f"{CHARACTERS}/{name}")
                    case 4:
                        sent = client.get(CHARACTERS)
                    case 5:
                        sent = client.post(AVATARS_PATH, json={"id": name, "character": name})
                    case 6:
                        sent = client.delete(f"{AVATARS_PATH}/{name}")
                    case 7:
                        sent = client.patch(f"{AVATARS_PATH}/main", json={"character": name})
                    case 8:
                        sent = client.post(f"{AVATARS_PATH}/{name}/distillation", json={})
                async with sent as response:
                    await response.read()
                    statuses.add(response.status)

        monkey = pytest.MonkeyPatch()
        with monkey.context() as patch:
            patch.setattr("avatar_rtc.server.live.lessons.command_for", lambda *_: ["sleep", "60"])
            await asyncio.gather(*(call(number) for number in range(8)))
        assert statuses <= FINE | {202} and len(statuses) > 3


async def test_main_stays(client) -> None:
    refused = await client.delete(f"{AVATARS_PATH}/main")
    assert refused.status == 403 and "PATCH" in await detail(refused)
    old = await client.post("/api/avatar/unload", json={"instance_id": "main"})
    assert old.status == 403
    assert (await client.get(f"{AVATARS_PATH}/main")).status == 200
    gone = await client.post("/api/avatar/unload", json={"instance_id": "nobody"})
    assert gone.status == 200


async def test_an_avatar_outlives_its_character(client, store, renderer, png) -> None:
    store.save("cat", png())
    assert (await client.post(AVATARS_PATH, json={"id": "b", "character": "cat"})).status == 201
    assert (await client.delete(f"{CHARACTERS}/cat")).status == 204
    assert (await (await client.get(f"{AVATARS_PATH}/b")).json())["character"] == "cat"
    assert (await client.put(f"{AVATARS_PATH}/b/emotion", json={"name": "joy"})).status == 200
    assert renderer.opened["b"].rgba  # what a worker that takes over is told
    assert (await client.post(AVATARS_PATH, json={"id": "c", "character": "cat"})).status == 400


async def test_the_servers_own_character_may_go_too(serve, store, png, tmp_path) -> None:
    store.save("cat", png())
    client = await serve(Config(character="cat", animator="static"))
    store.delete("cat")
    response = await client.post(AVATARS_PATH, json={})
    said = await detail(response)
    assert response.status == 503 and "own character" in said and str(tmp_path) not in said


async def test_avatars_made_and_deleted_in_a_row_leave_nothing(client, renderer) -> None:
    for _ in range(200):
        assert (await client.post(AVATARS_PATH, json={"id": "b"})).status == 201
        assert (await client.delete(f"{AVATARS_PATH}/b")).status == 204
    assert list(client.app[AVATARS]) == ["main"]
    assert len(renderer.told(OpenAvatar)) == 201 and len(renderer.told(CloseAvatar)) == 200


async def test_callers_who_leave_in_the_middle_leave_nothing(client) -> None:
    body = json.dumps({"emotion": "joy"}).encode()
    head = f"POST {AVATARS_PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    request = (head + f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    dice = random.Random(4)
    for _ in range(60):
        _, writer = await asyncio.open_connection("127.0.0.1", client.server.port)
        writer.write(request[: dice.choice((len(request), dice.randrange(1, len(request))))])
        await writer.drain()
        writer.transport.abort()
    # Those that were too late to be noticed are full avatars, and expire like any that nobody uses.
    assert (await client.get("/healthz")).status == 200
    response = await client.post(AVATARS_PATH, json={"id": "after"})
    assert response.status in (201, 503)


async def test_a_creator_who_is_cancelled_leaves_no_avatar(client, renderer, monkeypatch) -> None:
    """At any await of the creation."""
    from avatar_rtc.server.http.routes.avatars import post_avatar
    from avatar_rtc.server.live.avatar import Avatar

    reached, apply = asyncio.Event(), Avatar.apply

    async def slow(self, message):
        reached.set()
        await asyncio.sleep(3600)
        return await apply(self, message)

    monkeypatch.setattr(Avatar, "apply", slow)
    request = aiohttp.test_utils.make_mocked_request("POST", AVATARS_PATH, app=client.app)
    request[GRANT] = EVERYTHING

    async def read(*_):
        from avatar_rtc.server.http.routes.avatars import AvatarCreate

        return AvatarCreate(id="half", emotion="joy")

    monkeypatch.setattr("avatar_rtc.server.http.routes.avatars.read_model", read)
    creation = asyncio.create_task(post_avatar(request))
    await asyncio.wait_for(reached.wait(), 5)
    creation.cancel()
    with pytest.raises(asyncio.CancelledError):
        await creation
    assert "half" not in client.app[AVATARS]
    assert renderer.told(CloseAvatar) == [CloseAvatar("half")]


async def test_a_part_that_cannot_be_closed_keeps_no_name(client, renderer, monkeypatch) -> None:
    assert (await client.post(AVATARS_PATH, json={"id": "b"})).status == 201
    avatar = client.app[AVATARS]["b"]

    async def broken():
        raise ZeroDivisionError

    monkeypatch.setattr(avatar.viewers, "close", broken)
    assert (await client.delete(f"{AVATARS_PATH}/b")).status == 204
    assert renderer.told(CloseAvatar) == [CloseAvatar("b")]
    assert (await client.post(AVATARS_PATH, json={"id": "b"})).status == 201


@given(st.integers(0, 70), st.text("abz_-09", min_size=1, max_size=64))
def test_own_emotions_are_bounded(count: int, name: str) -> None:
    emotions: dict[str, dict] = {f"{number}{name}"[:64]: {} for number in range(count)}
    message = {"type": "emotions.set", "emotions": emotions}
    if len(emotions) <= 64:
        control_from(message)
    else:
        with pytest.raises(InputError, match="64"):
            control_from(message)


@pytest.mark.parametrize("speeds", [{"x" * 65: 1}, {"": 1}, {f"e{n}": 1 for n in range(129)}])
def test_settings_name_emotions_that_can_be(speeds) -> None:
    with pytest.raises(InputError, match="emotion_speed"):
        check_settings({"emotion_speed": speeds})


async def test_a_state_stays_small_whatever_callers_say(client) -> None:
    """The largest of everything that is told with each state."""
    names = [f"{number:03d}".ljust(64, "漢") for number in range(64)]
    emotions = {name: {"pose": {"mouth_aaa": 0.123456789}} for name in names}
    path = f"{AVATARS_PATH}/main"
    assert (await client.put(f"{path}/emotions", json={"emotions": emotions})).status == 200
    speeds = {f"{number:03d}".ljust(64, "字"): 1.23456789 for number in range(128)}
    assert (await client.put(f"{path}/settings", json={"emotion_speed": speeds})).status == 200
    weights = {name: 0.123456789012 for name in names[:28]}
    assert (await client.put(f"{path}/emotion", json={"weights": weights})).status == 200
    about = await (await client.get(path)).read()
    assert len(about) < 32 * 1024
