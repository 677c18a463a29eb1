"""Sessions in rooms that are made up: whose avatar goes, how long, and what is left of it."""

import asyncio
import time
from collections.abc import Callable

import pytest

from avatar_rtc.config_outside import CompatConfig
from avatar_rtc.errors import AlreadyThere, NotFound, Unreachable, UnsuitableImage
from avatar_rtc.grants import Grant
from avatar_rtc.livekit.invitation import RoomInvitation
from avatar_rtc.server import app
from avatar_rtc.server.http.keys import AVATARS, GATE, LAUNCHES
from avatar_rtc.server.live import launches
from avatar_rtc.server.live.avatars import Avatars
from avatar_rtc.server.live.launches import Launch, Launches
from tests.server.http.agents.launch.fake_rooms import FakeRooms
from tests.server.http.agents.launch.tokens import room_token
from tests.waiting import until


@pytest.fixture
def rooms(monkeypatch) -> FakeRooms:
    made = FakeRooms()
    monkeypatch.setattr(app, "AgentRooms", lambda *_, **__: made)
    return made


@pytest.fixture
def config(config):
    return config.model_copy(update={"compat": CompatConfig(faces={"face-1": "rival"})})


@pytest.fixture
def launching(rooms, client) -> Launches:
    return client.app[LAUNCHES]


@pytest.fixture
def avatars(client) -> Avatars:
    return client.app[AVATARS]


def invited(**token) -> RoomInvitation:
    return RoomInvitation("wss://rooms.test", room_token(**token))


async def test_a_room_that_is_never_reached_lets_the_avatar_go(rooms, launching, avatars, monkeypatch):
    monkeypatch.setattr(launches, "LAUNCH_ANSWER_S", 0.01)
    monkeypatch.setattr(launches, "ROOM_JOIN_S", 0.05)
    rooms.mode = "on the way"
    session = await launching.launch(Launch(invited(), "face-1"))
    assert not session.is_over and len(avatars) == 2
    await until(lambda: session.is_over and len(avatars) == 1 and len(launching) == 0)
    assert rooms.calls[0].state == "ended"


async def test_whoever_asks_again_on_the_way_is_answered_as_the_first(rooms, launching, monkeypatch):
    monkeypatch.setattr(launches, "LAUNCH_ANSWER_S", 0.01)
    rooms.mode = "on the way"
    first, second = [await launching.launch(Launch(invited())) for _ in range(2)]
    assert first is second and len(rooms.invited) == 1


async def test_the_default_avatar_is_free_again_after_its_session(rooms, launching, avatars):
    first = await launching.launch(Launch(invited(room="a")))
    assert first.avatar.name == "main"
    second = await launching.launch(Launch(invited(room="b")))
    assert second.avatar.name != "main"
    await first.end()
    await until(lambda: len(launching) == 1)
    third = await launching.launch(Launch(invited(room="c")))
    assert third.avatar.name == "main" and len(avatars) == 2


async def test_an_avatar_that_is_deleted_ends_its_session(rooms, launching, avatars):
    session = await launching.launch(Launch(invited(), "face-1"))
    await avatars.delete(session.avatar.name)
    await until(lambda: session.is_over and len(launching) == 0)


async def test_a_session_ends_with_the_token_that_has_begun_it(rooms, launching, avatars, client):
    grant = Grant("control", until=time.time() + 0.2)
    session = await launching.launch(Launch(invited(), "face-1", grant=grant))
    assert len(client.app[GATE].tenures) == 1
    await until(lambda: session.is_over and len(avatars) == 1)
    assert len(client.app[GATE].tenures) == 0


async def test_a_picture_that_will_not_do_leaves_nothing(rooms, launching, avatars, client):
    async def none():
        raise UnsuitableImage("no picture")

    with pytest.raises(UnsuitableImage):
        await launching.launch(Launch(invited(), picture=none))
    assert (len(avatars), len(launching), len(client.app[GATE].tenures)) == (1, 0, 0)
    assert launching._beginning == {}


async def test_whoever_leaves_while_it_begins_finds_it_begun(rooms, launching, store):
    begins = asyncio.Event()

    async def slow():
        await begins.wait()
        return store.load_character("rival")

    asking = asyncio.create_task(launching.launch(Launch(invited(), picture=slow)))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    again = asyncio.create_task(launching.launch(Launch(invited())))
    begins.set()
    session = await again
    assert len(rooms.invited) == 1 and session.avatar.actor.character.name == "rival"


@pytest.mark.parametrize(
    ("mood", "shown"), [("happy_0", "neutral"), ("Happy", "joy"), ("sadness", "sadness"), ("", "neutral")]
)
async def test_an_emotion_to_begin_with(rooms, launching, mood, shown):
    session = await launching.launch(Launch(invited(), "face-1", mood))
    assert session.avatar.state.emotions == {shown: 1.0}


async def test_somebody_elses_session_is_neither_shared_nor_ended(rooms, launching):
    theirs = await launching.launch(Launch(invited(), grant=Grant("control", "main")))
    with pytest.raises(AlreadyThere):
        await launching.launch(Launch(invited()))
    with pytest.raises(NotFound):
        launching.find(theirs.id, Grant("control", "another"))
    with pytest.raises(NotFound):
        launching.find("guessed", Grant("control"))
    assert launching.find(theirs.id, Grant("control")) is theirs and not theirs.is_over


async def test_a_room_that_refuses_is_told_to_whoever_asks(rooms, launching, avatars):
    rooms.mode = "refused"
    with pytest.raises(Unreachable, match="refuses the token"):
        await launching.launch(Launch(invited(), "face-1"))
    rooms.mode = "in"
    await until(lambda: len(avatars) == 1)
    assert not (await launching.launch(Launch(invited(), "face-1"))).is_over


async def test_many_agents_at_once_have_an_avatar_each(rooms, serve: Callable, config):
    client = await serve(config.model_copy(update={"max_avatars": 40}))
    launching = client.app[LAUNCHES]
    wanted = [Launch(invited(room=f"room-{n % 12}"), "face-1") for n in range(36)]
    sessions = await asyncio.gather(*map(launching.launch, wanted))
    assert len({session.id for session in sessions}) == len(rooms.invited) == 12
    assert len({session.avatar.name for session in sessions}) == 12
    await asyncio.gather(*(session.end() for session in sessions))
    await until(lambda: len(client.app[AVATARS]) == 1 and len(launching) == 0)
