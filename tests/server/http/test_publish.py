"""Avatars are sent by WHIP, to a server that behaves and to servers that do not."""

import asyncio
import logging
import re

import pytest
from aiohttp import web

from avatar_rtc.config_outside import CallsConfig
from avatar_rtc.server.live.publishing import patience
from tests.server.whip_stand import WhipStand, says, well
from tests.waiting import until

PUBLISH = "/api/v1/avatars/main/publish"


@pytest.fixture
async def stand():
    async with WhipStand() as found:
        yield found


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(patience, "WAITS_S", (0.02,))


@pytest.fixture
async def publish(client, stand):
    """(fields) → the address of a call that has begun; all are ended."""
    calls = []

    async def begin(**fields) -> str:
        response = await client.post(PUBLISH, json={"url": stand.url(), **fields})
        assert response.status == 201, await response.text()
        calls.append(response.headers["Location"])
        return calls[-1]

    yield begin
    for call in calls:
        await client.delete(call)


async def reached(client, call: str, *states: str) -> dict:
    """The call, once it is in one of these states."""
    told: dict = {}
    async with asyncio.timeout(30):
        while told.get("state") not in states:
            told = await (await client.get(call)).json()
            await asyncio.sleep(0.01)
    return told


async def test_an_avatar_is_published_and_taken_back(client, stand, publish):
    call = await publish(token="t0ken")
    told = await reached(client, call, "live")
    assert told == {
        "id": call.rpartition("/")[2],
        "kind": "whip",
        "to": stand.url("").rstrip("/"),
        "state": "live",
        "detail": "",
    }
    await until(lambda: stand.frames > 2 and stand.sounds > 2)
    state = await (await client.get("/api/v1/avatars/main")).json()
    assert state["calls"] == [told] and state["renditions"][0]["viewers"] == 1 and state["viewers"] == 0
    assert (await client.delete(call)).status == 204
    assert stand.methods() == ["POST", "DELETE"]
    assert stand.asked[-1] == ("DELETE", "/live/session-1", "Bearer t0ken"), (
        "relative to where it was offered"
    )
    assert (await (await client.get(call)).json())["state"] == "ended"
    assert (await (await client.get("/api/v1/avatars/main")).json())["renditions"] == []


async def test_without_a_token_none_is_sent(client, stand, publish):
    await reached(client, await publish(), "live")
    assert {authorization for _, _, authorization in stand.asked} == {None}


async def test_a_redirect_is_followed_and_the_resource_is_where_it_led(client, stand, publish):
    stand.behaviours = [says(307, Location="/elsewhere/there/whip")]
    call = await publish(token="t0ken")
    await reached(client, call, "live")
    await client.delete(call)
    posts = [each for each in stand.asked if each[0] == "POST"]
    assert [path for _, path, _ in posts] == ["/live/K3Y/whip", "/elsewhere/there/whip"]
    assert stand.asked[-1][:2] == ("DELETE", "/elsewhere/session-1")


@pytest.mark.parametrize(
    ("behaviours", "sentence"),
    [
        ([says(401)], "token"),
        ([says(403, '{"error": "the key K3Y is blocked"}')], "the key … is blocked"),
        ([says(404)], "no WHIP endpoint"),
        ([says(400, "bad offer")], "400: bad offer"),
        ([says(302, Location="/x")], "wanted is 307"),
        ([says(301, Location="/x")], "wanted is 307"),
        ([says(307, Location="/again")] * 9, "more than 5 times"),
        ([says(307)], "without Location"),
        ([says(307, Location="ftp://x/")], "no address of http"),
        ([says(307, Location="http://[")], "no address"),
        ([says(200, "<html>hello</html>")], "without SDP"),
        ([says(201, "", Location="/x")], "without SDP"),
        ([says(201, "v=0\r\nnonsense", Location="/x")], "SDP|sections"),
        ([says(201, "v=0" + "x" * 100_000, Location="/x")], "longer"),
        ([says(503, Retry_After="99999")], "503"),
    ],
)  # fmt: skip
async def test_a_server_that_does_not_take_it(client, stand, publish, behaviours, sentence, caplog):
    stand.behaviours = list(behaviours) * 40
    caplog.set_level(logging.DEBUG, "avatar_rtc")
    told = await reached(client, await publish(token="t0ken"), "failed")
    assert re.search(sentence, told["detail"]), told
    said = caplog.text + told["detail"] + told["to"]
    assert "K3Y" not in said and "t0ken" not in said
    assert (await (await client.get("/api/v1/avatars/main")).json())["calls"] == []
    assert (await (await client.get("/api/v1/avatars/main")).json())["state"] != "failed"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
async def test_what_fails_for_now_is_tried_again(client, stand, publish, status):
    stand.behaviours = [says(status, Retry_After="0")] * 3
    await reached(client, await publish(), "live")
    assert stand.methods() == ["POST"] * 4


async def test_no_location_and_another_type_do_no_harm(client, stand, publish):
    async def carelessly(stand, request):
        return web.Response(status=200, text=await stand.take(await request.text()))

    stand.behaviours = [carelessly]
    call = await publish()
    told = await reached(client, call, "live")
    assert "Location" in told["detail"]
    await until(lambda: stand.frames)
    await client.delete(call)
    assert stand.methods() == ["POST"]


async def test_a_resource_elsewhere_is_not_asked(serve, config, stand):
    async def astray(stand, request):
        response = await well(stand, request)
        response.headers["Location"] = "http://192.0.2.77/session"
        return response

    client = await serve(
        config.model_copy(update={"calls": CallsConfig(destinations=(stand.url("").rstrip("/"),))})
    )
    stand.behaviours = [astray]
    call = (await client.post(PUBLISH, json={"url": stand.url()})).headers["Location"]
    assert "may not be sent" in (await reached(client, call, "live"))["detail"]
    await client.delete(call)


async def test_a_server_that_is_gone_amid_the_call_is_asked_anew(client, stand, publish):
    call = await publish()
    await reached(client, call, "live")
    await until(lambda: stand.frames)
    stand.behaviours = [says(404), says(500)]
    await stand.pcs[0].close()
    await until(lambda: len(stand.pcs) == 2)
    await reached(client, call, "live")
    seen = stand.frames
    await until(lambda: stand.frames > seen)
    assert stand.methods() == ["POST", "DELETE", "POST", "POST", "POST"]


async def test_one_that_hangs_up_at_the_goodbye_costs_no_time(client, stand, publish):
    call = await publish()
    await reached(client, call, "live")
    await stand.server.close()
    async with asyncio.timeout(8):
        assert (await client.delete(call)).status == 204


async def test_nobody_there_is_told(client, publish, monkeypatch):
    monkeypatch.setattr(patience, "FIRST_S", 0.2)
    told = await reached(client, await publish(url="http://127.0.0.1:9/whip/K3Y"), "failed")
    assert "cannot be reached" in told["detail"] and "K3Y" not in told["detail"]


async def test_its_stun_servers_are_asked(client, stand, publish):
    asked = []

    async def named(stand, request):
        response = await well(stand, request)
        response.headers["Link"] = '<stun:127.0.0.1:9>; rel="ice-server"'
        asked.append(request)
        return response

    stand.behaviours = [named]
    call = await publish()
    await reached(client, call, "live")
    assert asked and stand.asked[0][0] == "OPTIONS"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 400),
        ({"url": "ftp://x/"}, 400),
        ({"url": "https://u:p@x/"}, 400),
        ({"url": "https://x/", "janus": "ws://x/", "room": 1}, 400),
        ({"url": "https://x/", "room": 1}, 400),
        ({"janus": "ws://x/"}, 400),
        ({"janus": "https://x/", "room": 1}, 400),
        ({"janus": "ws://x/", "room": True}, 400),
        ({"janus": "ws://x/", "room": -1}, 400),
        ({"url": "https://x/", "token": "two words"}, 400),
        ({"url": "https://x/", "token": "a\r\nb"}, 400),
        ({"url": "https://x/", "video": "both"}, 400),
        ({"url": "https://x/", "colour": "red"}, 400),
        ({"url": 7}, 400),
    ],
)
async def test_bad_wishes_are_refused(client, fields, status):
    response = await client.post(PUBLISH, json=fields)
    problem = await response.json(content_type="application/problem+json")
    assert response.status == status and problem["detail"]
    assert (await (await client.get("/api/v1/avatars/main/calls")).json()) == {"calls": []}


async def test_only_where_it_may_be_sent(serve, config):
    granted = CallsConfig(destinations=("https://whip.example.org/live",))
    client = await serve(config.model_copy(update={"calls": granted}))
    for url in ("http://whip.example.org/live", "https://whip.example.org/other", "https://x.example/live"):
        response = await client.post(PUBLISH, json={"url": url})
        assert response.status == 403 and "destinations" in (await response.json(content_type=None))["detail"]


async def test_a_redirect_to_where_it_may_not_be_sent_is_not_followed(serve, config, stand):
    granted = CallsConfig(destinations=(stand.url("/live"),))
    client = await serve(config.model_copy(update={"calls": granted}))
    stand.behaviours = [says(307, Location="/admin")]
    call = (await client.post(PUBLISH, json={"url": stand.url()})).headers["Location"]
    told = await reached(client, call, "failed")
    assert "may not be sent" in told["detail"] and stand.methods() == ["POST"]


async def test_as_many_calls_as_may_be(serve, config, stand):
    limits = config.limits.model_copy(update={"calls": 1})
    client = await serve(config.model_copy(update={"limits": limits}))
    first = await client.post(PUBLISH, json={"url": stand.url()})
    assert first.status == 201 and (await client.post(PUBLISH, json={"url": stand.url()})).status == 503
    await client.delete(first.headers["Location"])
