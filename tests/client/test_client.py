"""The client against a WHEP server that shares no code with ours."""

import asyncio
import threading
from dataclasses import replace

import numpy as np
import pytest

from avatar_rtc.client.client import AvatarClient
from avatar_rtc.client.speech import EVENT_CAPACITY
from avatar_rtc.control.messages import control_from
from avatar_rtc.errors import InputError, NotFound, TooLarge, Unreachable
from avatar_rtc.media.addresses.ice import IceServers
from tests.waiting import until

COLOUR = (200, 100, 40)


async def test_pictures_come_with_straight_alpha_and_growing_times(server) -> None:
    async with AvatarClient(server.url) as avatar:
        seen = []
        async for t, rgba in avatar.frames_rgba():
            seen.append((t, rgba))
            if len(seen) == 10:
                break
    times = [t for t, _ in seen]
    assert times[0] == 0 and times == sorted(set(times)) and times[-1] == pytest.approx(9 / 30, abs=0.15)
    rgba = seen[-1][1]
    assert rgba.shape == (64, 64, 4) and rgba.dtype == np.uint8
    assert not rgba[4:60, 4:12].any(), "empty pixels are all zero"
    # 4 px off the edges: chroma is halved and the codec rings there.
    assert np.abs(rgba[4:60, 20:36, 3].astype(int) - 128).max() <= 6
    assert rgba[4:60, 44:60, 3].min() >= 252
    for columns, tolerance in ((slice(20, 36), 12), (slice(44, 60), 6)):
        error = rgba[4:60, columns, :3].astype(int) - COLOUR
        assert np.abs(error.mean(axis=(0, 1))).max() <= tolerance


async def test_a_matte_is_opaque_and_whole(server) -> None:
    async with AvatarClient(server.url, video="matte") as avatar:
        _, rgba = await anext(avatar.frames_rgba())
    assert rgba.shape == (128, 64, 4) and (rgba[..., 3] == 255).all()


async def test_sound_arrives_when_asked_for(server) -> None:
    async with AvatarClient(server.url, audio=True) as avatar:
        blocks = 0
        async for frame in avatar.audio():
            assert frame.sample_rate == 48_000 and frame.samples == 960
            blocks += 1
            if blocks == 5:
                break
    assert "m=audio" in server.offers[0]


async def test_without_audio_none_is_offered(server) -> None:
    async with AvatarClient(server.url):
        pass
    assert "m=audio" not in server.offers[0] and "m=application" in server.offers[0]


async def test_requests_carry_what_was_said_and_are_answered(server) -> None:
    async with AvatarClient(server.url) as avatar:
        await avatar.set_emotion("joy", intensity=0.5)
        await avatar.set_emotion({"joy": 0.5, "love": 0.2})
        await avatar.set_chain([["upscale", {"factor": 2.0}]])
        assert 0 < await avatar.ping() < 1
    told = [{k: v for k, v in m.items() if k != "id"} for m in server.control]
    assert told == [
        {"type": "emotion.set", "intensity": 0.5, "name": "joy"},
        {"type": "emotion.set", "intensity": 1.0, "weights": {"joy": 0.5, "love": 0.2}},
        {"type": "chain.set", "chain": [["upscale", {"factor": 2.0}]]},
        {"type": "ping"},
    ]
    assert len({m["id"] for m in server.control}) == 4


async def test_speech_requests_carry_what_was_said(server) -> None:
    server.answer = lambda m: {"type": "ok", "id": m["id"], "speech_id": "s1"}
    async with AvatarClient(server.url) as avatar:
        assert await avatar.say("Hi.") == "s1"
        await avatar.say(
            "Hé 😀\ud83d", voice="espeak:de", speed=1.5, emotion="auto", narration="speak", more=True
        )
        await avatar.append("s1", " there")
        await avatar.append("s1", "", more=False)
        await avatar.stop_speaking("s1")
        await avatar.stop_speaking()
    told = [{k: v for k, v in m.items() if k != "id"} for m in server.control]
    plain = {"voice": "", "speed": None, "emotion": None, "narration": None, "more": False}
    fancy = {"voice": "espeak:de", "speed": 1.5, "emotion": "auto", "narration": "speak", "more": True}
    assert told == [
        {"type": "speech.say", "text": "Hi.", **plain},
        {"type": "speech.say", "text": "Hé 😀?", **fancy},  # half a character cannot be sent
        {"type": "speech.append", "speech_id": "s1", "text": " there", "more": True},
        {"type": "speech.append", "speech_id": "s1", "text": "", "more": False},
        {"type": "speech.stop", "speech_id": "s1"},
        {"type": "speech.stop", "speech_id": None},
    ]
    for message in server.control:
        assert control_from(message)  # as the real server reads it


async def test_a_message_is_as_long_as_the_server_takes_it_and_no_longer(server) -> None:
    server.answer = lambda m: {"type": "ok", "id": m["id"], "speech_id": "s1"}
    async with AvatarClient(server.url) as avatar:
        # 20 000 characters may be said: of three bytes each here, and six each if they were escaped.
        assert await avatar.say("あ" * 20_000) == "s1"
        with pytest.raises(TooLarge, match="a message has at most 65536 characters, not 70"):
            await avatar.say("a" * 70_000)
    assert [len(m["text"]) for m in server.control] == [20_000]


async def test_speech_events_come_in_order_and_wait_for_who_takes_them(server) -> None:
    def spoken(number: int) -> dict:
        return {"type": "speech.word", "speech_id": "s1", "word": str(number)}

    async with AvatarClient(server.url) as avatar:
        await avatar.ping()
        for number in range(EVENT_CAPACITY + 2):
            server.send(spoken(number))
        server.send({"type": "state", "id": "main"})
        await until(lambda: avatar.state() == {"id": "main"})
        events = aiter(avatar.speech_events())
        assert [await anext(events) for _ in range(EVENT_CAPACITY)] == [
            spoken(number) for number in range(2, EVENT_CAPACITY + 2)
        ]
        waiting = asyncio.ensure_future(anext(events))
        server.send(spoken(-1))
        assert await waiting == spoken(-1)
        await server.peers["peer0"].close()
        with pytest.raises(Unreachable, match="is lost"):
            await anext(events)


async def test_answers_find_their_request_in_any_order(server) -> None:
    held: list[dict] = []

    def answer(message: dict) -> None:
        held.append(message)
        if len(held) == 2:
            for m in reversed(held):
                server.send({"type": "ok", "id": m["id"], "echo": m["value"]})

    server.answer = answer
    async with AvatarClient(server.url) as avatar:
        first, second = await asyncio.gather(avatar.request("x", value=1), avatar.request("x", value=2))
    assert (first, second) == ({"echo": 1}, {"echo": 2})


async def test_a_refusal_is_an_input_error_with_the_servers_words(server) -> None:
    server.answer = lambda m: {"type": "error", "id": m["id"], "detail": "did you mean 'joy'?"}
    async with AvatarClient(server.url) as avatar:
        with pytest.raises(InputError, match="did you mean 'joy'"):
            await avatar.set_emotion("joi")


async def test_a_server_that_does_not_answer_is_told_apart(server, monkeypatch) -> None:
    monkeypatch.setattr("avatar_rtc.client.control.ANSWER_TIMEOUT_S", 0.2)
    async with AvatarClient(server.url) as avatar:
        await avatar.ping()
        server.answer = lambda m: None
        with pytest.raises(Unreachable, match=r"ping: the server did not answer within 0\.2 s"):
            await avatar.ping()


async def test_cues_and_state(server) -> None:
    async with AvatarClient(server.url) as avatar:
        assert avatar.send_cue(0, {"aaa": 1.0}) in (True, False)  # may be too early; never an error
        await until(lambda: avatar.send_cue(20, {"ooo": 0.5}))
        await until(lambda: {"t_ms": 20, "visemes": {"ooo": 0.5}} in server.cues)
        await until(lambda: avatar.state())
        assert avatar.state() == {"id": "main", "state": "live"}
        server.send({"type": "state", "id": "main", "state": "starting"})
        await until(lambda: avatar.state()["state"] == "starting")


@pytest.mark.realtime
async def test_a_slow_consumer_gets_the_newest_and_the_rest_is_counted(server) -> None:
    async with AvatarClient(server.url) as avatar:
        times = []
        async for frame in avatar.frames():
            times.append(frame.time)
            if len(times) == 6:
                break
            await asyncio.sleep(0.2)
        assert avatar.received - avatar.dropped - 6 in range(3), "each is taken, held or counted"
    assert avatar.dropped >= 12 and np.diff(np.array(times, float)).mean() > 0.12


async def test_closing_deletes_the_resource_ends_iterations_and_leaves_nothing(server) -> None:
    def threads() -> set[threading.Thread]:
        """Those of the loop's own pool stay as long as it, and are as many as there was to do at once."""
        return {each for each in threading.enumerate() if not each.name.startswith("asyncio_")}

    before, threads_before = asyncio.all_tasks(), threads()
    client = AvatarClient(server.url, audio=True)
    async with client as avatar:
        async for _ in avatar.frames():
            break
        waiting = asyncio.ensure_future(anext(aiter(avatar.audio())))
        await client.close()
        assert [frame async for frame in avatar.frames()] == []
        assert [event async for event in avatar.speech_events()] == []
        await asyncio.wait([waiting], timeout=1)
        assert waiting.done()
        with pytest.raises(Unreachable):
            await avatar.ping()
    assert server.deleted == ["peer0"]
    await until(lambda: not [t for t in asyncio.all_tasks() - before if "client" in repr(t.get_coro())])
    await until(lambda: threads() <= threads_before)
    waiting.exception()


async def test_a_server_that_leaves_ends_pictures_and_requests_with_its_reason(server) -> None:
    server.answer = lambda m: None
    async with AvatarClient(server.url) as avatar:
        async for _ in avatar.frames():
            break
        request = asyncio.create_task(avatar.ping())
        await until(lambda: server.control)
        server.send({"type": "closing", "reason": "maintenance at noon"})
        await asyncio.sleep(0.1)
        await server.peers["peer0"].close()
        with pytest.raises(Unreachable, match="is lost: maintenance at noon"):
            async for _ in avatar.frames():
                pass
        with pytest.raises(Unreachable, match="is lost"):
            await request


async def test_silence_counts_as_a_lost_connection(server) -> None:
    async with AvatarClient(server.url, silence_timeout_s=2.0) as avatar:
        async for _ in avatar.frames():
            break
        pc = server.peers["peer0"]
        # Nothing leaves the server any more, as if its cable were cut.
        transport = pc.getTransceivers()[0].sender.transport.transport
        transport._send = lambda data: asyncio.sleep(0)
        transport._connection.send = lambda data: asyncio.sleep(0)
        async with asyncio.timeout(8):
            with pytest.raises(Unreachable, match="nothing came for 2 s"):
                async for _ in avatar.frames():
                    pass


async def test_a_token_is_sent(server) -> None:
    async with AvatarClient(server.url, token="secret"):
        pass
    assert server.tokens == ["Bearer secret"]


async def test_errors_before_the_connection_say_what_is_wrong(server) -> None:
    with pytest.raises(NotFound, match="no avatar 'nobody'"):
        async with AvatarClient(f"{server.url}/api/v1/avatars/nobody"):
            pass
    with pytest.raises(Unreachable, match="no WHEP endpoint"):
        async with AvatarClient(f"{server.url}/sdp-less"):
            pass
    with pytest.raises(Unreachable, match="cannot reach http://127.0.0.1:9/"):
        async with AvatarClient("http://127.0.0.1:9"):
            pass
    with pytest.raises(InputError, match="is not a URL"):
        AvatarClient("localhost:8080")


async def test_no_media_path_is_an_error_after_the_time_out(server) -> None:
    server.hidden = True
    with pytest.raises(Unreachable, match=r"no media path to it was found within 0\.5 s"):
        async with AvatarClient(server.url, connect_timeout_s=0.5):
            pass
    assert server.deleted == ["peer0"]


async def test_stun_and_turn_of_a_server_elsewhere_are_used(server, monkeypatch) -> None:
    asked: list[IceServers] = []
    monkeypatch.setattr("avatar_rtc.client.client.ask_servers", lambda pc, ice, guard: asked.append(ice))
    turn = {"urls": ["turn:127.0.0.1:9"], "username": "1:x", "credential": "y"}
    server.ice_servers = [{"urls": ["stun:127.0.0.1:9"]}, turn]
    async with AvatarClient(server.url):
        pass
    client = AvatarClient(server.url)
    client._endpoint = replace(client._endpoint, is_loopback=False)
    async with client:
        pass
    assert asked == [IceServers(), IceServers(("stun:127.0.0.1:9", "turn:127.0.0.1:9"), "1:x", "y")]
