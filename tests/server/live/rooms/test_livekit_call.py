"""How an avatar comes into a room, how long it stays, and why it leaves."""

import asyncio
import logging
from types import SimpleNamespace

import pytest

from avatar_rtc.bench.agent_scenes import AgentScene, StagedAvatar
from avatar_rtc.bench.made_room import MadeServer, room_token
from avatar_rtc.errors import CapacityExceeded, InputError
from avatar_rtc.livekit.invitation import RoomInvitation
from avatar_rtc.livekit.sdk_room import SdkRooms
from avatar_rtc.server.live.rooms.agent_rooms import AgentRooms
from avatar_rtc.server.live.rooms.livekit_call import AGENT_AWAITED_S, AGENT_GONE_S, REJOIN_S
from tests.virtual_time import run


@pytest.fixture(autouse=True)
def quiet():
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def played(play):
    """What `play(scene)` gives, of a scene whose agent and avatar are in the room."""

    async def main():
        scene = AgentScene(0)
        await scene.begin()
        try:
            return await play(scene)
        finally:
            await scene.avatar.close()

    return run(main())


def asked(play):
    """What `play(server, avatar, rooms)` gives, of rooms with nobody in them."""

    async def main():
        server, avatar = MadeServer(), StagedAvatar()
        rooms = AgentRooms(avatar.limits.speech, join=SdkRooms(server.library).join)
        try:
            return await play(server, avatar, rooms)
        finally:
            await avatar.close()
            await rooms.close()

    return run(main())


def invitation(identity="face", **told) -> RoomInvitation:
    return RoomInvitation("wss://rooms.example.org/secret?x=y", room_token(identity, **told))


async def over(call) -> float:
    """Seconds until a call is over."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while not call.is_over:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    return loop.time() - begun


def test_camera_and_microphone_are_shown_before_anybody_speaks():
    async def play(scene):
        rtc = scene.server.rtc
        tracks = scene.server.rooms[scene.face].local_participant.track_publications.values()
        return {(t.kind, t.options.source, t.options.simulcast) for t in tracks}, rtc, scene.call.state

    tracks, rtc, state = played(play)
    assert state == "live"
    assert {(kind, source) for kind, source, _ in tracks} == {
        (rtc.TrackKind.KIND_VIDEO, rtc.TrackSource.SOURCE_CAMERA),
        (rtc.TrackKind.KIND_AUDIO, rtc.TrackSource.SOURCE_MICROPHONE),
    }


def test_it_leaves_when_its_agent_has_been_gone_for_a_while_and_lets_go_of_all():
    async def play(scene):
        kept = [
            t.track.source
            for t in scene.server.rooms[scene.face].local_participant.track_publications.values()
        ]
        await scene.push(5.0)
        await scene.room.disconnect()
        took = await over(scene.call)
        return took, scene.call.told(), [k.is_closed for k in kept], scene.face in scene.server.rooms, scene

    took, told, closed, is_in, scene = played(play)
    assert AGENT_GONE_S - 0.2 <= took <= AGENT_GONE_S + 0.5
    assert (told["state"], told["detail"]) == ("ended", "the agent is not in the room")
    assert closed == [True, True] and not is_in
    assert scene.avatar.streams._opus.running is False


def test_one_whose_agent_comes_back_stays():
    async def play(scene):
        await scene.room.disconnect()
        await asyncio.sleep(AGENT_GONE_S - 1)
        await scene.room.connect("", room_token(scene.agent))
        await asyncio.sleep(60)
        return scene.call.state

    assert played(play) == "live"


def test_without_an_agent_it_leaves_after_a_minute():
    async def play(server, avatar, rooms):
        call = await rooms.join(avatar, invitation(lk__publish_on_behalf="agent"))
        return await over(call), call.told()

    took, told = asked(play)
    assert AGENT_AWAITED_S <= took <= AGENT_AWAITED_S + 2 and told["state"] == "ended"


def test_the_first_agent_is_heard_where_none_is_named():
    async def main():
        scene = AgentScene(0)
        await scene.begin(names_agent=False)
        await scene.push(0.5)
        scene.output.flush()
        event = await scene.output.wait_for_playout()
        await scene.avatar.close()
        return event.playback_position

    assert run(main()) == pytest.approx(0.5, abs=0.002)


@pytest.mark.parametrize(
    "reason", ["ROOM_DELETED", "PARTICIPANT_REMOVED", "DUPLICATE_IDENTITY", "ROOM_CLOSED"]
)
def test_a_room_that_is_closed_is_left_for_good(reason):
    async def play(scene):
        await scene.server.drop(scene.face, scene.server.rtc.DisconnectReason.Value(reason))
        await asyncio.sleep(0.1)
        return scene.call.told()

    told = played(play)
    assert told["state"] == "ended" and reason.lower().replace("_", " ") in told["detail"]


def test_a_room_that_is_lost_is_joined_again_and_the_agent_is_told_then():
    async def play(scene):
        await scene.push(5.0)
        scene.output.flush()
        await asyncio.sleep(1.5)
        await scene.server.drop(scene.face)
        await asyncio.sleep(0.1)
        between = scene.call.state
        await asyncio.sleep(3.0)
        after, pending = scene.call.state, scene.output._pending_playback_count
        await scene.push(0.5)
        scene.output.flush()
        event = await scene.output.wait_for_playout()
        return between, after, pending, event

    between, after, pending, event = played(play)
    assert (between, after, pending) == ("retrying", "live", 0)
    assert event.playback_position == pytest.approx(0.5, abs=0.002) and not event.interrupted


def test_one_that_cannot_be_joined_again_is_given_up():
    async def play(scene):
        scene.server.refuses = "signal failure: 503"
        await scene.server.drop(scene.face)
        return await over(scene.call), scene.call.told()

    took, told = played(play)
    assert sum(REJOIN_S) <= took <= sum(REJOIN_S) + 2
    assert told["state"] == "failed" and "cannot be reached" in told["detail"]


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        (
            "engine: signal failure: http error: 401 Unauthorized at wss://secret/path?access_token=eyJ",
            "the token",
        ),
        ("engine: transport connection error: Connection refused to 10.0.0.7", "cannot be reached"),
    ],
)
def test_why_a_room_cannot_be_joined_is_told_without_what_its_server_has_said(refusal, sentence):
    async def play(server, avatar, rooms):
        server.refuses = refusal
        call = await rooms.join(avatar, invitation())
        await call.settled()
        return call.told()

    told = asked(play)
    assert told["state"] == "failed" and sentence in told["detail"]
    assert "eyJ" not in str(told) and "secret" not in str(told) and "10.0" not in str(told)
    assert told["to"] == "wss://rooms.example.org"


def test_the_same_participant_is_one_call_and_what_the_second_held_is_let_go():
    async def play(server, avatar, rooms):
        gone = []

        def letting_go(name):
            async def let_go():
                gone.append(name)

            return let_go

        first = await rooms.join(avatar, invitation(), letting_go("first"))
        second = await rooms.join(StagedAvatar(), invitation(), letting_go("second"))
        other = await rooms.join(avatar, invitation("other"))
        await first.settled()
        assert gone == ["second"]
        await first.end()
        await asyncio.sleep(0)
        third = await rooms.join(avatar, invitation())
        return first is second, other is first, third is first, gone

    assert asked(play) == (True, False, False, ["second", "first"])


def test_who_lets_go_of_the_avatar_may_end_all_of_its_calls():
    async def play(server, avatar, rooms):
        call = await rooms.join(avatar, invitation(), avatar.close)
        await call.settled()
        await call.end()
        await asyncio.sleep(1)
        return call.state, rooms._letting_go

    assert asked(play) == ("ended", set())


def test_no_token_starts_nothing():
    async def play(server, avatar, rooms):
        for token in ("", "a.b.c"):
            with pytest.raises(InputError):
                await rooms.join(avatar, RoomInvitation("ws://h", token))
        for n in range(40):
            try:
                await rooms.join(avatar, invitation(f"face-{n}"))
            except CapacityExceeded:
                return n, len(avatar.calls)
        return None

    assert asked(play) == (16, 16)


def test_leaving_at_the_agents_word_and_when_its_time_is_over():
    async def by_message(scene):
        data = SimpleNamespace(
            data=b'{"type":"END_CALL"}', topic="", participant=scene.room.local_participant
        )
        scene.server.rooms[scene.face].emit("data_received", data)
        return await over(scene.call), scene.call.told()["detail"]

    took, detail = played(by_message)
    assert took < 1 and detail == "the agent has ended it"

    async def by_time(server, avatar, rooms):
        limited = RoomInvitation("ws://h", room_token("face"), most_s=20.0)
        call = await rooms.join(avatar, limited)
        return await over(call), call.detail

    took, detail = asked(by_time)
    assert took == pytest.approx(20, abs=0.3) and "time" in detail
