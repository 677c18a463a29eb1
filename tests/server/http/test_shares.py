"""What each caller may ask for: beyond it 429, in the words of each door, while others go on."""

import asyncio
import json
import time

import aiohttp
import jwt

from avatar_rtc.config import Config
from avatar_rtc.config_sections import AccessConfig, LimitsConfig
from avatar_rtc.server.http.keys import LIMITS, SOUND_FILES
from tests.waiting import until

MAIN = "/api/v1/avatars/main"
SECRET = "north-north-west-north-north-west"
SAID = "Hello there. " * 12
"""10 s of speech."""


def shares(**limits) -> Config:
    return Config(
        character="hero", animator="static", framing="whole", trusted_proxies=("127.0.0.1",),
        limits=LimitsConfig(**limits),
    )  # fmt: skip


def of(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


async def picture(client, path: str, png: bytes, headers, **fields: str):
    form = aiohttp.FormData()
    form.add_field("file", png, filename="a.png")
    for name, value in fields.items():
        form.add_field(name, value)
    return await client.post(path, data=form, headers=headers)


async def test_each_share_is_of_one_caller_and_is_told_in_the_words_of_its_door(serve, png, offer):
    client = await serve(
        shares(speech_s_per_minute=4, uploads_per_minute=1, snapshots_per_minute=1, offers_per_minute=1)
    )
    sdp = await offer("video")
    whep = {"Content-Type": "application/sdp"}
    doors = {
        "speech_s_per_minute": [
            lambda who: client.post(f"{MAIN}/speech", json={"text": SAID}, headers=who),
            lambda who: client.post("/api/tts/speak", json={"text": SAID}, headers=who),
            lambda who: client.post("/v1/audio/speech", json={"input": SAID}, headers=who),
        ],
        "uploads_per_minute": [
            lambda who: picture(client, "/api/imagefx/process", png(), who, json='{"filters": []}'),
            lambda who: client.post(
                "/api/v1/characters?name=me", data=png(), headers={**who, "Content-Type": "image/png"}
            ),
        ],
        "snapshots_per_minute": [lambda who: client.get(f"{MAIN}/snapshot.png", headers=who)],
        "offers_per_minute": [
            lambda who: client.post(f"{MAIN}/whep", data=sdp, headers={**who, **whep}),
            lambda who: client.post("/offer", json={"sdp": sdp, "type": "offer"}, headers=who),
        ],
    }
    for setting, ways in doors.items():
        # Three minutes' worth at once: of speech 12 s, of the rest three.
        for ask in ways:
            who = of(f"192.0.2.{len(setting) + ways.index(ask)}")
            before = client.app[LIMITS].refused[setting]
            answers = [await ask(who) for _ in range(4)]
            statuses = [answer.status for answer in answers]
            assert statuses[0] < 300 and statuses[-1] == 429, (setting, statuses)
            assert client.app[LIMITS].refused[setting] - before == statuses.count(429)
            assert 1 <= int(answers[-1].headers["Retry-After"]) <= 180
            told = json.loads(await answers[-1].text())
            path = answers[-1].url.path
            if path.startswith("/v1/"):
                assert told["error"]["code"] == "rate_limit_exceeded"
                assert "a minute; try again in" in told["error"]["message"]
                continue
            assert told["status"] == 429 and "a minute; try again in" in told["detail"]
            if path.startswith("/api/") and not path.startswith("/api/v1/"):
                assert told["error"] == f"429: {told['detail']}"
            assert (await ask(of(f"203.0.113.{ways.index(ask)}"))).status < 300  # others go on
    refused = (await (await client.get("/healthz")).json())["refused"]
    assert set(doors) <= set(refused)


async def test_data_channels_have_the_share_of_their_caller(serve, watch_on):
    client = await serve(shares(speech_s_per_minute=4))
    watcher = await watch_on(client)
    await watcher.event(lambda event: event["type"] == "state")
    said = [await watcher.request({"type": "speech.say", "text": SAID, "id": n}) for n in range(3)]
    assert [each["type"] for each in said] == ["ok", "error", "error"]
    assert "4 seconds of speech a minute" in said[-1]["detail"]
    begun = await watcher.request({"type": "speech.say", "text": "", "more": True, "id": 7})
    more = {"type": "speech.append", "speech_id": begun["speech_id"], "text": SAID, "id": 8}
    assert (await watcher.request(more))["type"] == "error"
    answer = await client.post(f"{MAIN}/speech", json={"text": SAID})  # the same caller by another door
    assert answer.status == 429


async def test_a_token_that_names_somebody_is_charged_wherever_it_comes_from(serve, monkeypatch):
    monkeypatch.setenv("SECRET", SECRET)
    config = shares(snapshots_per_minute=1)
    client = await serve(config.model_copy(update={"access": AccessConfig(secret="env:SECRET")}))

    async def ask(address: str, **claims) -> int:
        token = jwt.encode({"scope": "view", "exp": time.time() + 600, **claims}, SECRET, "HS256")
        headers = {**of(address), "Authorization": f"Bearer {token}"}
        return (await client.get(f"{MAIN}/snapshot.png", headers=headers)).status

    assert [await ask(f"192.0.2.{n}", sub="alice") for n in range(4)] == [200, 200, 200, 429]
    assert await ask("192.0.2.0", sub="bob") == 200
    assert [await ask("192.0.2.9") for _ in range(4)] == [200, 200, 200, 429]
    assert await ask("192.0.2.9", sub="192.0.2.9") == 200  # a name that looks like an address is none


async def test_long_sound_files_of_one_caller_leave_room_for_a_short_one(serve):
    """Of another, who would have waited for all of them."""
    client = await serve(shares())
    turns, gone_on = client.app[SOUND_FILES], asyncio.Event()

    async def long(caller: str) -> None:
        async with turns.turn(caller):
            await gone_on.wait()

    greedy = [asyncio.create_task(long("192.0.2.1")) for _ in range(12)]
    await until(lambda: len(turns) == 12)
    async with asyncio.timeout(10):
        answer = await client.post("/v1/audio/speech", json={"input": "Hi."}, headers=of("192.0.2.2"))
        assert answer.status == 200
    gone_on.set()
    done = await asyncio.gather(*greedy, return_exceptions=True)
    assert len([each for each in done if each is not None]) == 1  # the last of them made room
