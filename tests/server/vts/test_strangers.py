"""What plugins may not do, and how much of it: nonsense, floods, crowds, and a port that is off."""

import asyncio
import json
import random

import aiohttp
import pytest

from avatar_rtc.config_outside import VtsConfig
from avatar_rtc.server.app import VTS_SITE
from avatar_rtc.server.http.keys import LIMITS
from avatar_rtc.server.vts.elsewhere import EMPTY_ANSWERS
from avatar_rtc.server.vts.requests import HANDLERS
from tests.server.vts.conftest import Plugin
from tests.server.vts.test_requests import posed
from tests.waiting import until


async def test_nonsense_is_answered_and_closes_nothing(plugin, avatar, caplog):
    """Whatever a seeded generator makes of all requests: each gets an answer with its id."""
    made = random.Random(22)
    junk = [None, True, -1, 1e300, "", "x" * 300, "joy.exp3.json", [], [{}], {}, {"a": []}, "MouthOpen"]
    keys = (
        "modelID hotkeyID expressionFile active fadeTime parameterName min max defaultValue name value id "
        "mode parameterValues eventName subscribe config timeInSeconds positionX size authenticationToken"
    ).split()
    kinds = [*HANDLERS, *EMPTY_ANSWERS, "APIState", "Authentication", "Nonsense"]
    for i in range(400):
        data = {key: made.choice(junk) for key in made.sample(keys, made.randrange(len(keys)))}
        if made.random() < 0.3:
            entries = [{key: made.choice(junk) for key in ("id", "value", "weight")} for _ in range(3)]
            data["parameterValues"] = entries
        await plugin.send(made.choice(kinds), f"n{i}", made.choice([data, None, [], "x"]) if i % 7 else data)
        while (told := await plugin.next())["requestID"] != f"n{i}":
            assert told["messageType"].endswith("Event"), told
        assert told["messageType"] == "APIError" or "errorID" not in told["data"]
        assert told["data"].get("errorID") != 0, told
    for text in ("{", "", "null", "\x00", '"' * 1000, json.dumps({"requestID": "z"})):
        await plugin.socket.send_str(text)
        while (told := await plugin.next())["messageType"].endswith("Event"):
            pass
        assert told["messageType"] == "APIError"
    await plugin.socket.send_bytes(b"\xff\xfe")
    assert (await plugin.ask("APIState"))["active"] is True
    assert "failed" not in caplog.text


async def test_two_at_sixty_a_second_fill_no_queue_and_no_log(plugin, connect, client, avatar, caplog):
    other = await (await connect()).enter("Another", "Somebody")
    site, asked = client.app[VTS_SITE], 90
    before = site.api.sender.poses
    caplog.clear()

    async def inject(who, name):
        for i in range(asked):
            value = {"id": name, "value": i / asked}
            assert await who.ask("InjectParameterData", parameterValues=[value]) == {}
            assert all(each.waiting <= 1 for each in site.connections)

    await asyncio.gather(inject(plugin, "MouthOpen"), inject(other, "FaceAngleX"))
    assert posed(avatar).keys() <= {"mouth_aaa", "head_y"}
    assert 1 <= site.api.sender.poses - before <= 2 * asked
    assert [record for record in caplog.records if record.name.startswith("avatar_rtc.server.vts")] == []


async def test_a_flood_is_read_no_faster_than_it_may_come_and_all_of_it_is_answered(serve, config):
    slow = config.limits.model_copy(update={"messages_per_s": 100.0})
    client = await serve(config.model_copy(update={"limits": slow}))
    async with aiohttp.ClientSession() as session:
        site = client.app[VTS_SITE]
        plugin = await Plugin(await session.ws_connect(f"ws://127.0.0.1:{site.port}")).enter()
        begun = asyncio.get_running_loop().time()
        for i in range(260):  # two seconds' worth may come at once
            await plugin.send("FaceFound", f"f{i}")
        for i in range(260):
            assert (await plugin.next())["requestID"] == f"f{i}"
        assert asyncio.get_running_loop().time() - begun > 0.4
        assert client.app[LIMITS].refused["messages_per_s"] > 0


async def test_so_many_plugins_and_no_more_and_what_is_no_socket_is_told(serve, config):
    client = await serve(
        config.model_copy(update={"limits": config.limits.model_copy(update={"plugins": 2})})
    )
    url = f"http://127.0.0.1:{client.app[VTS_SITE].port}/"
    async with aiohttp.ClientSession() as session:
        here = [await session.ws_connect(url) for _ in range(2)]
        await until(lambda: len(client.app[VTS_SITE].connections) == len(here))
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(url)
        assert refused.value.status == 503 and client.app[LIMITS].refused["plugins"] == 1
        assert (await session.get(url)).status == 426


async def test_it_is_off_unless_it_is_enabled(serve, config):
    client = await serve(config.model_copy(update={"vts": VtsConfig()}))
    told = await (await client.get("/api/v1/plugins")).json()
    assert told == {"port": None, "asking": None, "plugins": []} and VTS_SITE not in client.app


async def test_each_value_is_handed_to_the_renderer(plugin, renderer):
    for i in range(1, 4):
        await plugin.ask("InjectParameterData", parameterValues=[{"id": "MouthOpen", "value": i / 4}])
        await until(lambda i=i: renderer.state.live_pose.morphs == {"mouth_aaa": i / 4})


async def test_an_avatar_that_is_made_anew_is_watched_again(serve, config):
    vts = config.vts.model_copy(update={"avatar": "guest"})
    client = await serve(config.model_copy(update={"vts": vts}))
    await client.post("/api/v1/avatars", json={"id": "guest"})
    async with aiohttp.ClientSession() as session:
        plugin = Plugin(await session.ws_connect(f"ws://127.0.0.1:{client.app[VTS_SITE].port}"))
        await plugin.enter()
        await plugin.ask("EventSubscription", eventName="ModelLoadedEvent", subscribe=True)
        await client.delete("/api/v1/avatars/guest")
        told = await plugin.event("ModelLoadedEvent")
        assert (told["modelLoaded"], told["modelName"]) == (False, "hero")
        await client.post("/api/v1/avatars", json={"id": "guest"})
        assert (await plugin.ask("CurrentModel"))["modelLoaded"] is True
        assert (await plugin.event("ModelLoadedEvent"))["modelLoaded"] is True
        await client.patch("/api/v1/avatars/guest", json={"character": "rival"})
        assert (await plugin.event("ModelLoadedEvent"))["modelName"] == "rival"
