"""The doors of the table: what they take and refuse, and that nothing begins where something is wrong."""

import asyncio
import base64
import itertools
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avatar_rtc.config_sections import AccessConfig, AccessKey
from avatar_rtc.server.connections.access_log import shown_path
from avatar_rtc.server.http.agents.launch.dialects import LAUNCH_DIALECTS, LaunchDialect
from avatar_rtc.server.http.agents.launch.reading import LaunchBody
from avatar_rtc.server.http.keys import AVATARS, LAUNCHES
from tests.server.http.agents.launch.conftest import URL
from tests.server.http.agents.launch.tokens import room_token
from tests.waiting import until

BY_NAME = {dialect.name: dialect for dialect in LAUNCH_DIALECTS}
JSON = {"Content-Type": "application/json"}


def path_of(dialect: LaunchDialect, face: str = "face-1") -> str:
    return f"{dialect.base}{dialect.path}".replace("{face}", face)


def put(body: dict[str, Any], place: str, value: object) -> dict[str, Any]:
    """The body with another value at a place; None takes it out."""
    changed = json.loads(json.dumps(body))
    *above, last = place.split(".")
    node = changed
    for key in above:
        node = node.setdefault(key, {})
    if value is None:
        node.pop(last, None)
    else:
        node[last] = value
    return changed


def body_of(dialect: LaunchDialect, **token: Any) -> dict[str, Any]:
    """What is taken, for the face `face-1`."""
    body = put(put({}, dialect.url, URL), dialect.token, room_token(**token))
    named = [place for place in dialect.faces if "{" not in place]
    return put(body, named[0], "face-1") if named else body


@pytest.mark.parametrize("dialect", LAUNCH_DIALECTS, ids=lambda dialect: dialect.name)
async def test_a_door_answers_with_the_id_of_the_session(door, rooms, dialect):
    answer = await door.post(path_of(dialect), json=body_of(dialect))
    told = await answer.json()
    assert answer.status == dialect.status, told
    (session,) = door.app[LAUNCHES]._sessions.values()
    assert session.id in told.values() and len(session.id) >= 20
    avatar, invitation = rooms.last
    assert avatar is session.avatar and avatar.actor.character.name == "rival"
    assert (invitation.url, invitation.agent, session.identity) == (URL, "agent-1", "avatar-agent")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "dialect", [each for each in LAUNCH_DIALECTS if each.end], ids=lambda dialect: dialect.name
)
async def test_a_session_is_ended_by_its_id_and_its_avatar_goes(door, rooms, dialect):
    await door.post(path_of(dialect), json=body_of(dialect))
    (session,) = door.app[LAUNCHES]._sessions.values()
    verb, _, path = dialect.end.partition(" ")
    end = f"{dialect.base}{path}".replace("{session}", session.id)
    assert (await door.request(verb, end)).status == 200
    await until(lambda: set(door.app[AVATARS]) == {"main"} and not len(door.app[LAUNCHES]))
    assert (await door.request(verb, end)).status == 404


async def test_the_same_place_in_a_room_is_the_same_session(door, rooms):
    bey = BY_NAME["bey"]
    answers = await asyncio.gather(*(door.post(path_of(bey), json=body_of(bey)) for _ in range(8)))
    ids = {(await answer.json())["id"] for answer in answers}
    assert len(ids) == len(rooms.invited) == 1
    other = await door.post(path_of(bey), json=body_of(bey, room="another"))
    assert (await other.json())["id"] not in ids and len(rooms.invited) == 2


async def test_another_agent_in_that_place_gets_a_session_of_its_own(door, rooms):
    bey = BY_NAME["bey"]
    first = await (await door.post(path_of(bey), json=body_of(bey, agent="job-1"))).json()
    second = await (await door.post(path_of(bey), json=body_of(bey, agent="job-2"))).json()
    assert first["id"] != second["id"] and rooms.calls[0].is_over and not rooms.calls[1].is_over
    assert rooms.last[1].agent == "job-2" and len(door.app[AVATARS]) == 2


async def test_who_names_no_face_gets_the_default_and_the_next_one_one_like_it(door, rooms):
    bey = BY_NAME["bey"]
    for room in ("first", "second"):
        body = put(body_of(bey, room=room), "avatar_id", "nobody-knows-it")
        assert (await door.post(path_of(bey), json=body)).status == 201
    names = [avatar.name for avatar, _ in rooms.invited]
    assert names[0] == "main" != names[1]
    assert rooms.last[0].actor.character.name == "hero"


@pytest.mark.parametrize(
    ("mode", "status"), [("refused", 502), ("not installed", 424)], ids=["refused", "not installed"]
)
async def test_what_the_room_says_is_told_and_nobody_is_kept(door, rooms, mode, status):
    rooms.mode = mode
    answer = await door.post(path_of(BY_NAME["bey"]), json=body_of(BY_NAME["bey"]))
    told = await answer.json()
    assert answer.status == status and told["detail"] == told["error"] == told["message"]
    await until(lambda: set(door.app[AVATARS]) == {"main"} and not len(door.app[LAUNCHES]))


async def test_there_are_no_more_avatars_than_may_be(rooms, serve, config):
    door = await serve(config.model_copy(update={"max_avatars": 2}))
    bey = BY_NAME["bey"]
    statuses = [
        (await door.post(path_of(bey), json=body_of(bey, room=room))).status for room in ("a", "b", "c")
    ]
    assert statuses == [201, 503, 503] and len(rooms.invited) == 1


ELSEWHERE = ("wss://elsewhere.test", "ws://169.254.169.254/latest", "ws://10.0.0.1:80")
NO_PLACE: tuple[object, ...] = ("", 7, [], {}, "http://rooms.test", "rooms.test", "wss://", "x" * 9000)


@pytest.mark.parametrize("dialect", LAUNCH_DIALECTS, ids=lambda dialect: dialect.name)
async def test_no_avatar_is_sent_where_the_operator_has_not_said(door, rooms, dialect):
    for url in ELSEWHERE:
        body = put(body_of(dialect), dialect.url, f"{url}/SECRET?x=y")
        answer = await door.post(path_of(dialect), json=body)
        assert answer.status == 403 and "SECRET" not in await answer.text()
    assert rooms.invited == [] and set(door.app[AVATARS]) == {"main"}


@pytest.mark.parametrize("dialect", LAUNCH_DIALECTS, ids=lambda dialect: dialect.name)
async def test_an_address_or_a_token_that_is_none_is_refused(door, rooms, dialect):
    for place, value in itertools.product((dialect.url, dialect.token), NO_PLACE):
        answer = await door.post(path_of(dialect), json=put(body_of(dialect), place, value))
        assert answer.status == 400, (place, value, await answer.text())
    assert rooms.invited == [] and set(door.app[AVATARS]) == {"main"}


async def test_a_token_that_opens_no_room_is_refused(door, rooms):
    bey = BY_NAME["bey"]
    for token in (
        room_token(identity=""),
        room_token(sub=None),
        room_token(video=None),
        room_token(video={"room": "lobby"}),
        room_token(video={"roomJoin": True}),
        room_token(video="lobby"),
        room_token(video={"room": ["lobby"], "roomJoin": True}),
        "a.b.c",
        "....",
        room_token().replace(".", ""),
    ):
        answer = await door.post(path_of(bey), json=put(body_of(bey), bey.token, token))
        assert answer.status == 400 and "token" in (await answer.json())["detail"], token
    assert rooms.invited == []


async def test_another_transport_than_livekit_is_refused(door, rooms):
    for name, place in (
        ("bey", "transport"),
        ("did", "transport.provider"),
        ("lemonslice", "transport_type"),
    ):
        dialect = BY_NAME[name]
        body = body_of(dialect)
        assert (await door.post(path_of(dialect), json=put(body, place, "daily"))).status == 400
        assert (await door.post(path_of(dialect), json=put(body, place, "livekit"))).status < 300
    assert len(rooms.invited) == 1


async def test_a_session_of_no_length_is_refused(door, rooms):
    for seconds in (0, -1, 1e9, "300", True, [300]):
        body = put(body_of(BY_NAME["runway"]), "maxDuration", seconds)
        assert (await door.post(path_of(BY_NAME["runway"]), json=body)).status == 400
    assert rooms.invited == []


async def test_a_plain_form_is_taken_where_forms_are(door, rooms):
    fields = urlencode({"livekit_url": URL, "livekit_token": room_token(), "avatar_id": "face-1"})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await door.post("/compat/bithuman", data=fields, headers=headers)).status == 200
    assert (await door.post("/compat/bey/v1/sessions", data=fields, headers=headers)).status == 415
    assert len(rooms.invited) == 1


async def test_a_page_of_another_site_launches_nothing(door, rooms):
    """A form needs no preflight."""
    fields = urlencode({"livekit_url": URL, "livekit_token": room_token()})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://elsewhere.test"}
    assert (await door.post("/compat/bithuman", data=fields, headers=headers)).status == 403
    assert rooms.invited == []


@pytest.fixture
def keys(config, monkeypatch):
    """Settings with a key for everything, one for `main` alone, and one to watch."""
    grants = {
        "ALL": {"scope": "control"},
        "MAIN": {"scope": "control", "avatar": "main"},
        "VIEW": {"scope": "view"},
    }
    for name in grants:
        monkeypatch.setenv(name, f"a-key-that-is-long-enough-{name}")
    found = {name.lower(): AccessKey(key=f"env:{name}", **grant) for name, grant in grants.items()}
    return config.model_copy(update={"access": AccessConfig(keys=found)})


def key(name: str) -> str:
    return f"a-key-that-is-long-enough-{name}"


async def test_every_vendors_header_opens_its_door_and_none_else_does(rooms, serve, keys):
    door = await serve(keys)
    pair = base64.b64encode(f"user:{key('ALL')}".encode()).decode()
    for headers in (
        {"Authorization": f"Bearer {key('ALL')}"},
        {"x-api-key": key("ALL")},
        {"api-secret": key("ALL")},
        {"Authorization": f"Basic {key('ALL')}"},
        {"Authorization": f"Basic {pair}"},
    ):
        assert (
            await door.post("/compat/bithuman", json=body_of(BY_NAME["bithuman"]), headers=headers)
        ).status == 200
    for headers, status in (({}, 401), ({"x-api-key": "guessed"}, 401), ({"x-api-key": key("VIEW")}, 403)):
        for dialect in LAUNCH_DIALECTS:
            answer = await door.post(path_of(dialect), json=body_of(dialect, room="x"), headers=headers)
            assert answer.status == status and (await answer.json())["message"]
    assert len(rooms.invited) == 1


async def test_a_token_for_one_avatar_launches_that_one_and_ends_no_other(rooms, serve, keys):
    door = await serve(keys)
    runway, of_all, of_main = BY_NAME["runway"], {"x-api-key": key("ALL")}, {"x-api-key": key("MAIN")}
    await door.post(path_of(runway), json=body_of(runway, room="a"), headers=of_all)
    other = rooms.last[0]
    (theirs,) = door.app[LAUNCHES]._sessions
    assert (await door.post(path_of(runway), json=body_of(runway, room="b"), headers=of_main)).status == 200
    assert rooms.last[0].name == "main" != other.name
    assert (await door.post(path_of(runway), json=body_of(runway, room="a"), headers=of_main)).status == 409
    end = f"/compat/runway/v1/realtime_sessions/{theirs}"
    assert (await door.delete(end, headers=of_main)).status == 404
    assert (await door.delete(end, headers=of_all)).status == 200


async def test_a_session_of_simlis_counts_for_one_place_in_a_room(door, rooms):
    opened = await door.post("/compat/simli/compose/token", json={"faceId": "face-1/joy"})
    shown = (await opened.json())["session_token"]

    async def asks(url: str = URL, **token: str) -> int:
        told = {"session_token": shown, "livekit_url": url, "livekit_token": room_token(**token)}
        answer = await door.post("/compat/simli/integrations/livekit/agents", json=told)
        return answer.status

    assert await asks("wss://elsewhere.test") == 403
    assert [await asks(), await asks(), await asks(room="another")] == [200, 200, 401]
    assert len(rooms.invited) == 1 and rooms.last[0].state.emotions == {"joy": 1.0}
    shown = "guessed"
    assert await asks() == 401


async def test_a_session_of_simlis_client_launches_nothing_elsewhere(rooms, serve, keys):
    """Pages have its token, and whoever looks into them."""
    door = await serve(keys)
    opened = await door.post(
        "/compat/simli/compose/token", json={"faceId": "main"}, headers={"x-api-key": key("ALL")}
    )
    shown = {"session_token": (await opened.json())["session_token"]}
    for dialect in LAUNCH_DIALECTS:
        assert (await door.post(path_of(dialect), json=body_of(dialect), params=shown)).status == 401
    assert (await door.post("/compat/liveavatar/token", json={}, params=shown)).status == 401
    assert (await door.post("/compat/simli/compose/token", json={}, params=shown)).status == 401
    assert rooms.invited == []


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(data=st.data())
@settings(max_examples=120, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
async def test_bodies_nobody_would_send_start_nothing(door, rooms, data):
    """Right but for one place, which no door can take; or made up as a whole."""
    dialect = data.draw(st.sampled_from(LAUNCH_DIALECTS))
    if data.draw(st.booleans()):
        place = data.draw(st.sampled_from([dialect.url, dialect.token, dialect.url.partition(".")[0]]))
        body: Any = put(body_of(dialect), place, data.draw(VALUES.filter(lambda value: value != URL)))
    else:
        body = data.draw(VALUES)
    answer = await door.post(path_of(dialect), data=json.dumps(body), headers=JSON)
    assert answer.status == 400, (dialect.name, body, answer.status)
    assert rooms.invited == [] and set(door.app[AVATARS]) == {"main"}


async def test_bytes_that_are_no_json_are_refused(door, rooms):
    bodies = (b"", b"{", b"\xff\xfe", b"[" * 5000, b'{"url": NaN}', b'{"a": 1, "a": 2}')
    for dialect, body in itertools.product(LAUNCH_DIALECTS, bodies):
        answer = await door.post(path_of(dialect), data=body, headers=JSON)
        assert answer.status == 400, (dialect.name, body)
    assert rooms.invited == []


@pytest.mark.parametrize(
    "dialect", [each for each in LAUNCH_DIALECTS if each.end], ids=lambda each: each.name
)
def test_no_log_holds_the_id_of_a_session(dialect):
    path = f"{dialect.base}{dialect.end.partition(' ')[2]}".replace("{session}", "abcd" + "SECRET" * 4)
    assert "SECRET" not in shown_path(make_mocked_request("POST", path))


def test_what_lies_nowhere_is_nothing():
    body = LaunchBody({"a": {"b": "c"}, "d": "e"})
    assert [body.at(place) for place in ("a.b", "a.x", "d.e", "x.y.z", "a")] == [
        "c",
        None,
        None,
        None,
        {"b": "c"},
    ]
