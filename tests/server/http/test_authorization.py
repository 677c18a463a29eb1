"""How a token is sent, how its lack is told, and that none is told on."""

import base64
import json
import logging
import time

import aiohttp
import pytest
from aiohttp import hdrs, web
from aiohttp.test_utils import make_mocked_request

from avatar_rtc.cli.logs import WithoutTokens
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.client.server import Server
from avatar_rtc.config_sections import AccessConfig, TurnConfig
from avatar_rtc.errors import InputError, Refused
from avatar_rtc.grants import Grant
from avatar_rtc.link.orders import SetState
from avatar_rtc.server.access.tokens import make_token
from avatar_rtc.server.connections.access_log import AccessLog
from avatar_rtc.server.http.authorization import _token_of as token_of
from tests.waiting import until

SECRET = "north-north-west-north-north-west"
MAIN = "/api/v1/avatars/main"
FEED = "/api/avatar/result_feed?instance_id=main"
SITE = "https://studio.example"


@pytest.fixture
def config(config, monkeypatch):
    monkeypatch.setenv("SECRET", SECRET)
    access = AccessConfig(secret="env:SECRET")
    return config.model_copy(update={"access": access, "allowed_origins": (SITE,), "microphone": True})


def token(scope="admin", avatar=None, since=0.0) -> str:
    return make_token(SECRET.encode(), Grant(scope, avatar), time.time() - since, 60)


def bearer(*args, **named) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(*args, **named)}"}


async def told(answer) -> dict:
    return json.loads(await answer.text())


# --- refusals


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({}, "takes a bearer token"),
        ({"Authorization": "Basic YTpi"}, "takes a bearer token"),
        ({"Authorization": "Bearer "}, "takes a bearer token"),
        ({"Authorization": "Bearer abc"}, "no token of this server's"),
        ({"Authorization": "Bearer a.b.c"}, "no token of this server's"),
        ({"Authorization": "Bearer schlüssel"}, "ASCII"),
        (bearer(since=1000), "has expired"),
    ],
    ids=["none", "another scheme", "empty", "text", "dots", "letters", "expired"],
)
async def test_401_says_what_is_wanted(client, headers, says):
    answer = await client.get(MAIN, headers=headers)
    assert answer.status == 401 and answer.content_type == "application/problem+json"
    assert says in (await told(answer))["detail"]
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="avatar_rtc"')
    assert ('error="invalid_token"' in challenge) is ("takes a" not in says)


async def test_403_says_which_scope_is_wanted(client):
    answer = await client.put(f"{MAIN}/emotion", json={"name": "joy"}, headers=bearer("view"))
    assert answer.status == 403 and "takes control" in (await told(answer))["detail"]
    assert 'error="insufficient_scope", scope="control"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("scope", "microphone", "status"),
    [
        ("view", "listen", 403), ("talk", "listen", 400), ("talk", "speak", 403), ("talk", "true", 403),
        ("control", "speak", 400), ("view", "off", 400),
    ],
)  # fmt: skip
async def test_who_may_talk_is_listened_to_and_lends_no_voice(client, scope, microphone, status):
    """400: who got so far is asked for an offer that can be read."""
    headers = {**bearer(scope), "Content-Type": "application/sdp"}
    answer = await client.post(f"{MAIN}/whep?microphone={microphone}", data="no offer", headers=headers)
    assert answer.status == status


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": "KEY"}, {"X-Simli-Api-Key": "KEY"}, {"api-secret": "KEY"},
        {"Authorization": "Bearer KEY"},
        *(
            {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
            for pair in (b"me:KEY", b"KEY:", b"KEY", b":KEY")
        ),
        {"Authorization": "Basic KEY-"},
    ],
)  # fmt: skip
def test_keys_of_other_services_count_below_their_doors_alone(headers):
    below, beside = (
        make_mocked_request("POST", path, headers) for path in ("/compat/x/start", "/api/v1/offer")
    )
    found, in_address = token_of(below)
    assert (found.rstrip("-"), in_address) == ("KEY", False)
    assert token_of(beside)[0] in (None, "KEY" if "Bearer" in str(headers) else None)


@pytest.mark.parametrize(("scope", "status"), [(None, 401), ("view", 403)], ids=["none", "too little"])
async def test_clients_of_others_are_told_in_their_own_shape(client, scope, status):
    headers = bearer(scope) if scope else {}
    answer = await client.post("/v1/audio/speech", json={"input": "Hi."}, headers=headers)
    error = (await told(answer))["error"]
    assert answer.status == status and set(error) == {"message", "type", "param", "code"}
    assert error["code"] == ("invalid_api_key" if status == 401 else None)
    answer = await client.post("/api/avatar/start", json={"instance_id": "main"}, headers=headers)
    body = await told(answer)
    assert answer.status == status and body["error"] == f"{status}: {body['detail']}"
    assert "WWW-Authenticate" in answer.headers
    assert "error" not in await told(await client.delete(MAIN, headers=headers))


async def test_a_browser_that_goes_there_reads_a_page(client):
    answer = await client.get(MAIN, headers={"Accept": "text/html"})
    assert answer.status == 401 and "bearer token" in await answer.text()
    assert answer.content_type == "text/html" and "WWW-Authenticate" in answer.headers


# --- where a browser has no headers


async def test_an_address_may_hold_a_token_to_watch(client):
    shown = {"access_token": token("view")}
    assert (await client.get(f"{MAIN}/snapshot.png", params=shown)).status == 200
    async with client.get(FEED + "&access_token=" + token("view", "main")) as feed:
        assert feed.status == 200 and await feed.content.readexactly(7) == b"--frame"
    assert (await client.get(FEED + "&access_token=" + token("view", "guest"))).status == 403


@pytest.mark.parametrize("scope", ["control", "admin"])
async def test_an_address_may_hold_no_other_token(client, scope):
    answer = await client.get(MAIN, params={"access_token": token(scope)})
    assert answer.status == 403 and "does not belong into an address" in (await told(answer))["detail"]


async def test_only_what_reads_takes_a_token_from_its_address(client):
    answer = await client.post("/offer", params={"access_token": token("view")}, json={})
    assert answer.status == 401


async def test_a_page_names_its_token_as_a_protocol_of_its_websocket(client):
    path = f"{MAIN}/audio"
    async with client.ws_connect(path, protocols=("avatar-rtc", f"bearer.{token('control')}")) as socket:
        assert socket.protocol == "avatar-rtc"
    async with client.ws_connect(path, headers=bearer("control")) as socket:
        assert socket.protocol is None
    for protocols, query in (
        ((f"bearer.{token('view')}",), ""),
        ((), f"?access_token={token('view')}"),
        ((), ""),
    ):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await client.ws_connect(path + query, protocols=protocols)
        assert refusal.value.status == (403 if protocols or query else 401)


# --- pages of other sites


@pytest.mark.parametrize(
    "path", [MAIN, f"{MAIN}/emotion", f"{MAIN}/whep", f"{MAIN}/whep/x", "/api/v1/avatars"]
)
async def test_preflights_need_no_token_and_tell_nothing(client, path):
    asks = {
        "Origin": SITE,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization",
    }
    answer = await client.options(path, headers=asks)
    assert answer.status == 204
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert answer.headers["Access-Control-Allow-Origin"] == SITE
    assert "Link" not in answer.headers


async def test_who_asks_for_what_a_whep_endpoint_takes_is_told_of_turn_only_with_a_token(serve, config):
    """Its credentials are for those who may watch; and nobody else learns which avatars there are."""
    turn = TurnConfig(urls=("turn:127.0.0.1",), secret="salt")
    client = await serve(config.model_copy(update={"turn": turn}))
    for path in (f"{MAIN}/whep", "/api/v1/avatars/nobody/whep"):
        answer = await client.options(path)
        assert answer.status == 204 and "Link" not in answer.headers and answer.headers["Accept-Post"]
    assert "turn:" in (await client.options(f"{MAIN}/whep", headers=bearer("view"))).headers["Link"]
    assert "Link" not in (await client.options(f"{MAIN}/whep", headers=bearer("view", "guest"))).headers


async def test_an_allowed_page_reads_why_it_is_refused(client):
    answer = await client.get(MAIN, headers={"Origin": SITE})
    assert answer.status == 401 and answer.headers["Access-Control-Allow-Origin"] == SITE
    assert "WWW-Authenticate" in answer.headers["Access-Control-Expose-Headers"]


async def test_a_token_does_not_open_the_door_to_foreign_pages(client):
    answer = await client.get(MAIN, headers={"Origin": "https://evil.example", **bearer()})
    assert answer.status == 403 and "allowed_origins" in (await told(answer))["detail"]


# --- what is told without a token


async def test_health_names_only_avatars_that_one_may_see(client, renderer):
    await client.post("/api/v1/avatars", json={"id": "guest"}, headers=bearer())
    for headers, seen in (
        ({}, set()),
        ({"Authorization": "Bearer wrong"}, set()),
        (bearer("view", "guest"), {"guest"}),
        (bearer("view"), {"main", "guest"}),
    ):
        answer = await client.get("/healthz", headers=headers)
        assert answer.status == 200 and set((await told(answer))["avatars"]) == seen
    assert (await client.get("/readyz")).status in (200, 503)


async def test_a_page_does_not_tell_strangers_which_avatars_there_are(client):
    for name in ("main", "nobody"):
        assert (await client.get(f"/view/{name}")).status == 200
    assert (await client.get("/view/nobody", headers=bearer("view"))).status == 404
    assert (await client.get("/", allow_redirects=False)).status == 200


async def test_avatars_and_health_tell_no_secret(client):
    headers = bearer()
    for path in ("/api/v1/avatars", MAIN, "/healthz", "/openapi.json", "/api/v1/settings/schema"):
        text = await (await client.get(path, headers=headers)).text()
        assert SECRET not in text and headers["Authorization"].split()[1] not in text


async def test_nothing_of_a_token_is_logged(serve, config, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("aiohttp.access"), "disabled", True)  # `serve` has its own
    caplog.set_level(logging.DEBUG)
    client = await serve(config)
    shown = [token("view"), token("admin"), "made-up-token-of-somebody"]
    for each in shown:
        for path in (MAIN, "/nothing", "/healthz"):
            await client.get(path, params={"access_token": each})
            await client.get(path, headers={"Authorization": f"Bearer {each}"})
    for path in (MAIN, FEED):
        request = make_mocked_request("GET", f"{path}&access_token={shown[0]}", headers=bearer())
        AccessLog(logging.getLogger("test"), "").log(request, web.Response(), 0.1)
    assert f"GET {MAIN}" in caplog.text
    assert [each for each in shown if each in caplog.text] == []


@pytest.mark.parametrize(
    "line",
    [
        "GET /x?a=1&access_token=eyJhbGciOi.eyJz.sig-_x&b=2",
        "Authorization: Bearer eyJhbGciOi.eyJz.sig-_x",
        "{'Authorization': 'Bearer eyJhbGciOi.eyJz.sig-_x'}",
        "protocols avatar-rtc, bearer.eyJhbGciOi.eyJz.sig-_x",
    ],
)
def test_whatever_is_logged_loses_its_tokens(line):
    record = logging.LogRecord("x", logging.ERROR, "", 0, "%s", (line,), None)
    said = WithoutTokens("%(message)s").format(record)
    assert "eyJ" not in said and "…" in said
    plain = logging.LogRecord("x", logging.ERROR, "", 0, "this takes a bearer token: say so", (), None)
    assert WithoutTokens("%(message)s").format(plain) == "this takes a bearer token: say so"


# --- data channels


@pytest.fixture
async def watch_with(client, watch_on):
    """Scope → a viewer who joined with a token of it."""

    async def join(scope: str, query: str = ""):
        client.session.headers.update(bearer(scope))
        try:
            return await watch_on(client, query)
        finally:
            client.session.headers.pop(hdrs.AUTHORIZATION)

    return join


async def test_who_may_only_watch_is_told_the_state_and_tells_nothing(watch_with, client, renderer):
    watcher = await watch_with("view")
    assert (await watcher.event(lambda event: event["type"] == "state"))["id"] == "main"
    assert (await watcher.request({"type": "ping", "id": 1}))["type"] == "ok"
    for message in (
        {"type": "emotion.set", "name": "joy"},
        {"type": "speech.say", "text": "Hi."},
        {"type": "pause.set", "on": True},
    ):
        answer = await watcher.request({**message, "id": 2})
        assert answer["type"] == "error" and "scope control" in answer["detail"]
        watcher.events.clear()
    refusals: list[str] = []
    for channel in (watcher.pose, watcher.cues):
        channel.on("message", refusals.append)
    await until(lambda: watcher.pose.readyState == watcher.cues.readyState == "open")
    watcher.pose.send(json.dumps({"t_ms": 0, "morphs": {"mouth_aaa": 1}}))
    watcher.cues.send(json.dumps({"t_ms": 0, "visemes": {"aaa": 1}}))
    await until(lambda: len(refusals) == 2)
    assert all("scope control" in json.loads(text)["detail"] for text in refusals)
    told_on = renderer.told(SetState)
    assert [each for each in told_on if each.state.live_pose or each.state.cue or each.state.paused] == []


async def test_who_may_control_does(watch_with):
    watcher = await watch_with("control")
    await watcher.event(lambda event: event["type"] == "state")
    assert (await watcher.request({"type": "emotion.set", "name": "joy", "id": 1}))["type"] == "ok"


async def test_to_lend_an_avatar_ones_voice_takes_control(client, offer):
    sdp = await offer("video", "audio")
    headers = {"Content-Type": "application/sdp", **bearer("view")}
    answer = await client.post(f"{MAIN}/whep?microphone=true", data=sdp, headers=headers)
    assert answer.status == 403 and "takes control" in (await told(answer))["detail"]


# --- the Python client


async def test_the_client_shows_its_token(client):
    url = str(client.make_url("/"))
    async with AvatarClient(url, token=token("control", "main")) as avatar:
        await avatar.set_emotion("joy")
        async for frame in avatar.frames():
            assert frame.width
            break
    async with AvatarClient(url, token=token("view")) as avatar:
        with pytest.raises(InputError, match="scope control"):
            await avatar.set_emotion("joy")
    async with AvatarClient(url, token=token("view")) as avatar:
        await avatar.renew(token("control"))
        await avatar.set_emotion("joy")
        with pytest.raises(Refused, match="for less, or ends sooner"):
            await avatar.renew(token("view"))
        with pytest.raises(Refused, match="no token of this server"):
            await avatar.renew("wrong")
        await avatar.ping()
    for shown in (None, "wrong", token("view", "guest")):
        with pytest.raises(Refused, match="token"):
            async with AvatarClient(url, token=shown):
                pass
    async with Server(url, token=token("view", "main")) as server:
        assert [each["id"] for each in await server.avatars()] == ["main"]
        with pytest.raises(Refused, match="takes admin"):
            await server.create_avatar("main")
