"""Simli's doors by hand: the protocol, its ends, and what nobody should send."""

import asyncio

import aiohttp
import numpy as np
import pytest

from avatar_rtc.config_outside import CompatConfig
from avatar_rtc.config_sections import AccessConfig, AccessKey
from avatar_rtc.link.orders import Hush, Say
from avatar_rtc.server.http.agents import simli, simli_talk
from avatar_rtc.server.http.keys import AVATARS, LIMITS
from tests.server.http.agents.conftest import ROOT, RawSession
from tests.server.http.agents.made_sound import hum, is_audible
from tests.waiting import until

KEYS = {"one": ("a-key-of-some-length-for-main-1", "main"), "any": ("a-key-of-some-length-for-all-2", None)}


@pytest.fixture
def guarded(config, monkeypatch):
    """A server whose keys are those above, and one to watch only."""
    for name, (key, _) in KEYS.items():
        monkeypatch.setenv(name.upper(), key)
    monkeypatch.setenv("WATCH", "a-key-of-some-length-to-watch-3")
    keys = {
        name: AccessKey(key=f"env:{name.upper()}", scope="control", avatar=avatar)
        for name, (_, avatar) in KEYS.items()
    }
    keys["watch"] = AccessKey(key="env:WATCH", scope="view")
    return config.model_copy(update={"access": AccessConfig(keys=keys)})


def speech_of(client, name: str = "main"):
    return client.app[AVATARS][name].speech.queue


async def test_sound_is_said_and_told_of(client, raw, renderer):
    session = await raw(client).connect(faceId="main")
    await session.socket.send_bytes(bytes(6_000))  # as its client begins: nothing to be said
    await session.socket.send_bytes(hum(0.5))
    await session.until_told("SPEAK")
    assert speech_of(client).current is not None
    await session.until_told("SILENT")
    assert session.told == [] and speech_of(client).is_silent
    assert renderer.told(Say)


async def test_its_sound_and_picture_come_back(client, raw):
    session = await raw(client).connect(faceId="main")
    audio, video = (receiver.track for receiver in session.pc.getReceivers())
    assert (await asyncio.wait_for(video.recv(), 5)).width > 0
    await session.socket.send_bytes(hum(0.6))

    async def heard() -> float:
        seconds = 0.0
        while True:
            block = await audio.recv()
            if is_audible(block.to_ndarray()):
                seconds += 0.02
            elif seconds > 0.4:
                return seconds

    assert 0.5 < await asyncio.wait_for(heard(), 8) < 0.8


async def test_a_pause_ends_an_utterance_and_zeros_are_one(client, raw):
    session = await raw(client).connect()
    for _ in range(2):
        await session.socket.send_bytes(hum(0.2))
        await session.until_told("SILENT")
    await session.socket.send_bytes(hum(0.2) + bytes(3 * 32_000) + hum(0.2))
    await session.until_told("SILENT", within=8)
    assert session.told.count("SPEAK") >= 3


@pytest.mark.parametrize("word", ["SKIP", b"SKIP"])
async def test_skip_silences_what_is_said_and_what_waits(client, raw, renderer, word):
    session = await raw(client).connect()
    await session.socket.send_bytes(hum(15))
    await session.until_told("SPEAK")
    send = session.socket.send_str if isinstance(word, str) else session.socket.send_bytes
    await send(word)
    await session.until_told("SILENT", within=3)
    assert speech_of(client).is_silent and renderer.told(Hush)


async def test_immediately_is_in_place_of_all_before(client, raw, renderer):
    session = await raw(client).connect()
    await session.socket.send_bytes(hum(15))
    await session.until_told("SPEAK")
    await session.socket.send_bytes(b"PLAY_IMMEDIATE" + hum(0.3))
    began = asyncio.get_running_loop().time()
    await session.until_told("SILENT")
    assert asyncio.get_running_loop().time() - began < 3 and renderer.told(Hush)


async def test_more_than_two_minutes_at_once_can_be_skipped(client, raw):
    session = await raw(client).connect()
    sound = hum(15)
    for _ in range(9):
        await session.socket.send_bytes(sound)
    await session.socket.send_str("SKIP")
    await session.until_told("ACK", within=5)
    await until(lambda: speech_of(client).is_silent, 5)
    await until(lambda: client.app[LIMITS].speech.taken < 2, 5)


async def test_a_flood_is_read_no_further(client, raw, monkeypatch):
    monkeypatch.setattr(simli_talk, "_MOST_SLICES", 10)
    session = await raw(client).connect()
    sound = hum(15)

    async def flood() -> None:
        while True:
            await session.socket.send_bytes(sound)

    flooding = asyncio.create_task(flood())
    await until(lambda: client.app[LIMITS].speech.taken > 50)
    await asyncio.sleep(0)
    assert client.app[LIMITS].speech.taken < 62
    flooding.cancel()
    await session.close()
    await until(lambda: speech_of(client).is_silent and client.app[LIMITS].speech.taken == 0)


@pytest.mark.parametrize("hint", [b"CAM_CLOSE", "BG_blue", "FG_x", "whatever else", "{", b"FG_9"])
async def test_hints_and_unknown_words_change_nothing(client, raw, hint):
    session = await raw(client).connect()
    send = session.socket.send_str if isinstance(hint, str) else session.socket.send_bytes
    await send(hint)
    await session.socket.send_bytes(hum(0.2))
    await session.until_told("SILENT")
    assert session.told == ["SPEAK"]


async def test_garbage_is_heard_or_passed_over(client, raw):
    session = await raw(client).connect()
    random = np.random.default_rng(0)
    for size in random.integers(1, 3_000, 40):
        await session.socket.send_bytes(random.bytes(int(size)))
        await session.socket.send_str(str(random.bytes(20)))
    await session.until_told("SPEAK")
    await session.socket.send_str("SKIP")
    await session.until_told("ACK")


@pytest.mark.parametrize("word", ["DONE", b"DONE", None])
async def test_the_end_silences_and_frees(client, raw, word):
    session = await raw(client).connect()
    await session.socket.send_bytes(hum(10))
    await session.until_told("SPEAK")
    if word is None:
        await session.socket.close()
    else:
        send = session.socket.send_str if isinstance(word, str) else session.socket.send_bytes
        await send(word)
        await session.ended()
    avatar = client.app[AVATARS]["main"]
    await until(lambda: avatar.speech.queue.is_silent and not len(avatar.viewers), 5)
    assert (await raw(client).connect()).socket.closed is False


async def test_a_socket_that_breaks_frees_the_avatar(client, raw):
    session = await raw(client).connect(faceId="somebody")
    await session.socket.send_bytes(hum(10))
    await session.until_told("SPEAK")
    session.socket._writer.transport.abort()
    avatar = client.app[AVATARS]["main"]
    await until(lambda: avatar.speech.queue.is_silent and not len(avatar.viewers), 5)


async def test_the_end_of_the_picture_ends_the_session(client, raw):
    session = await raw(client).connect()
    await until(lambda: session.pc.connectionState == "connected")
    await session.pc.close()
    await session.ended()
    assert session.told[-1] == "STOP" and session.told[-2].startswith("CLOSING REASON: ")


async def test_it_ends_after_silence_and_not_while_it_speaks(client, raw, monkeypatch):
    monkeypatch.setattr(simli, "IDLE_MORE_S", 0.2)
    session = await raw(client).connect(maxIdleTime=0.1)
    await session.socket.send_bytes(hum(1.0))
    await session.until_told("SILENT")
    assert session.told == ["SPEAK"]
    assert "nothing was said for 0.3 s" in await session.until_told("CLOSING")
    await session.ended()


async def test_it_ends_when_its_time_is_over(client, raw):
    session = await raw(client).connect(maxSessionLength=0.5)
    await session.socket.send_bytes(hum(5))
    assert "at most 0.5 s" in await session.until_told("CLOSING", within=5)


async def test_an_emotion_stands_behind_the_slash(client, raw):
    for asked, shown in (("happy", "joy"), ("sadness", "sadness"), ("92f24a0c-f046", "sadness")):
        session = await raw(client).connect(faceId=f"main/{asked}")
        assert client.app[AVATARS]["main"].state.emotions == {shown: 1.0}
        await session.close()


async def test_two_sessions_have_two_faces_and_one_goes_with_its_own(client, raw):
    first, second = await raw(client).connect(faceId="x"), await raw(client).connect(faceId="y")
    await until(lambda: len(client.app[AVATARS]) == 2)
    (own,) = set(client.app[AVATARS]) - {"main"}
    await second.socket.send_bytes(hum(5))
    await second.until_told("SPEAK")
    assert speech_of(client).is_silent and not speech_of(client, own).is_silent
    await second.close()
    await until(lambda: set(client.app[AVATARS]) == {"main"}, 5)
    assert first.socket.closed is False


async def test_ids_of_faces_lead_to_characters(serve, config, raw):
    faces = CompatConfig(faces={"5514e24d": "rival", "lost": "avatar/nobody"})
    client = await serve(config.model_copy(update={"compat": faces}))
    await raw(client).connect(faceId="5514e24d/sad")
    avatars = client.app[AVATARS]
    (own,) = set(avatars) - {"main"}
    assert avatars[own].actor.character.name == "rival" and avatars[own].state.emotions == {"sadness": 1.0}
    token = await raw(client).token(faceId="lost")
    with pytest.raises(aiohttp.WSServerHandshakeError) as told:
        await client.ws_connect(f"{ROOT}/compose/webrtc/p2p?session_token={token}")
    assert told.value.status == 404


@pytest.mark.parametrize(
    "offer, why",
    [
        ("garbage", "not JSON"),
        ('{"sdp": "v=0", "type": "answer"}', "type"),
        ('{"sdp": "v=0", "type": "offer"}', "media section"),
        ('{"sdp": 7, "type": "offer"}', "sdp"),
        ("x" * 200_000, "at most"),
        (b"\xff\xfe", "not JSON"),
    ],
)
async def test_bad_offers_are_told_and_free_the_avatar(client, raw, offer, why):
    session: RawSession = raw(client)
    token = await session.token(faceId="z")
    session.socket = await client.ws_connect(f"{ROOT}/compose/webrtc/p2p?session_token={token}")
    await (session.socket.send_str if isinstance(offer, str) else session.socket.send_bytes)(offer)
    told = await session.until_told("ERROR: ")
    assert why.lower() in told.lower() and len(told) < 400
    await session.ended()
    assert (await raw(client).connect(faceId="z")).socket.closed is False
    assert set(client.app[AVATARS]) == {"main"}


async def test_who_makes_no_offer_is_sent_away(client, raw, monkeypatch):
    monkeypatch.setattr(simli, "OFFER_S", 0.1)
    session: RawSession = raw(client)
    token = await session.token()
    session.socket = await client.ws_connect(f"{ROOT}/compose/webrtc/p2p?session_token={token}")
    assert "no offer" in await session.until_told("ERROR")


@pytest.mark.parametrize(
    "body, status",
    [
        ({"faceId": "x" * 300}, 400),
        ({"maxIdleTime": -1}, 400),
        ({"maxSessionLength": 1e9}, 400),
        ({"faceId": 7}, 400),
        ([], 400),
        ({"faceId": "", "handleSilence": True, "model": "fasttalk", "apiVersion": "v2"}, 200),
    ],
)
async def test_what_may_be_asked_for(client, body, status):
    answer = await client.post(f"{ROOT}/compose/token", json=body)
    told = await answer.json(content_type=None)
    assert answer.status == status
    assert isinstance(told["session_token" if status == 200 else "detail"], str)


async def test_no_servers_for_ice_on_this_machine(client):
    answer = await client.get(f"{ROOT}/compose/ice")
    assert await answer.json() == []


async def test_servers_for_ice_elsewhere(serve, config, monkeypatch):
    monkeypatch.setattr(simli, "_is_here", lambda remote: False)
    client = await serve(config.model_copy(update={"stun_urls": ("stun:stun.example.org:3478",)}))
    answer = await client.get(f"{ROOT}/compose/ice")
    assert await answer.json() == [{"urls": ["stun:stun.example.org:3478"]}]


@pytest.mark.parametrize("token", ["", "?session_token=", "?session_token=guessed"])
async def test_without_a_token_no_socket(client, token):
    with pytest.raises(aiohttp.WSServerHandshakeError) as told:
        await client.ws_connect(f"{ROOT}/compose/webrtc/p2p{token}")
    assert told.value.status == 401
    plain = await client.get(f"{ROOT}/compose/webrtc/p2p{token}")
    assert plain.status == 400 and "WebSocket" in (await plain.json(content_type=None))["detail"]


async def test_a_token_of_another_or_to_watch_asks_for_nothing(serve, guarded, raw):
    client = await serve(guarded)
    for key in (None, "wrong", "a-key-of-some-length-to-watch-3"):
        headers = {} if key is None else {"x-simli-api-key": key}
        answer = await client.post(f"{ROOT}/compose/token", json={}, headers=headers)
        assert answer.status in (401, 403)
        assert "session_token" not in await answer.json(content_type=None)


async def test_a_key_for_one_avatar_gets_that_one(serve, guarded, raw):
    client = await serve(guarded)
    key, _ = KEYS["one"]
    session = await raw(client).connect({"x-simli-api-key": key}, faceId="rival/happy")
    avatars = client.app[AVATARS]
    assert set(avatars) == {"main"} and avatars["main"].state.emotions == {"joy": 1.0}
    assert len(avatars["main"].viewers) == 1
    await session.close()


async def test_a_session_ends_with_its_key(serve, guarded, raw):
    from avatar_rtc.server.http.keys import GATE

    client = await serve(guarded)
    session = await raw(client).connect({"x-simli-api-key": KEYS["any"][0]}, faceId="main")
    for tenure in tuple(client.app[GATE].tenures._open):
        tenure.close()
        tenure._end("its token was taken back")
    assert "taken back" in await session.until_told("CLOSING")
    await session.ended()


async def test_the_end_of_the_server_ends_it(client, raw):
    session = await raw(client).connect()
    ending = asyncio.create_task(client.server.close())
    await session.ended()
    await ending
