"""A server below a path, and behind proxies that it trusts or does not."""

import logging

import pytest
from aiohttp.test_utils import TestClient

from avatar_rtc.config import Config
from avatar_rtc.config_sections import LimitsConfig
from avatar_rtc.server.app import create_app
from avatar_rtc.server.connections import access_log
from avatar_rtc.server.connections.access_log import AccessLog
from avatar_rtc.server.connections.protocol import Runner
from avatar_rtc.server.http.keys import AVATARS, LIMITS
from tests.server.conftest import TEMPLATES, Served

BASE = "/avatars"
FORWARDED = {
    "X-Forwarded-For": "192.0.2.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "avatar.example.org",
}
TRUSTING = Config(
    character="hero",
    animator="static",
    trusted_proxies=("127.0.0.1",),
    allowed_hosts=("avatar.example.org",),
)


@pytest.fixture
async def below(serve):
    return await serve(Config(character="hero", animator="static", base_path=f"{BASE}/"))


@pytest.mark.parametrize(
    "path", ["/", "/home/home.js", "/view/main", "/api/v1/avatars/main", "/healthz", "/openapi.json"]
)
async def test_everything_is_below_the_path_and_nothing_beside_it(below, path):
    inside, beside = await below.get(f"{BASE}{path}"), await below.get(path)
    assert (inside.status, beside.status) == (200, 404)
    assert (await below.get(f"/avatarsx{path}")).status == 404


async def test_the_path_without_its_slash_leads_into_it(below):
    answer = await below.get(f"{BASE}?a=b", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (308, f"{BASE}/?a=b")
    assert (await below.get(BASE)).status == 200


async def test_what_leads_back_has_the_path_and_can_be_used(below, offer, watch_on):
    made = await below.post(f"{BASE}/api/v1/avatars", json={"id": "guest"})
    assert made.headers["Location"] == f"{BASE}/api/v1/avatars/guest"
    assert (await below.get(made.headers["Location"])).status == 200
    answer = await below.post(
        f"{BASE}/api/v1/avatars/main/whep", data=await offer(), headers={"Content-Type": "application/sdp"}
    )
    location = answer.headers["Location"]
    assert location.startswith(f"{BASE}/api/v1/avatars/main/whep/")
    assert (await below.delete(location)).status == 200


async def test_a_proxy_that_cuts_more_off_is_put_before_it(below):
    made = await below.post(
        f"{BASE}/api/v1/avatars", json={"id": "guest"}, headers={"X-Forwarded-Prefix": "/live"}
    )
    assert made.headers["Location"] == f"/live{BASE}/api/v1/avatars/guest"


async def test_what_is_not_there_is_told_as_it_was_asked(below):
    for base, told in ((BASE, "/avatars/nothing"), ("", "/nothing")):
        answer = await (await below.get(f"{base}/nothing")).json()
        assert answer["detail"] == f"there is nothing at {told}"
    page = await (await below.get(f"{BASE}/a/nothing", headers={"Accept": "text/html"})).text()
    assert 'href="../"' in page


async def test_the_document_says_where_it_is_served(below):
    doc = await (await below.get(f"{BASE}/openapi.json")).json()
    assert doc["servers"] == [{"url": f"{BASE}/"}] and "/healthz" in doc["paths"]


async def test_an_absolute_target_is_cut_as_well(below, stuck):
    connection = await stuck(
        below, f"GET http://127.0.0.1{BASE}/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    )
    assert b"200 OK" in await connection.read()


async def test_a_trusted_proxy_is_believed(serve, offer):
    client = await serve(TRUSTING)
    answer = await client.post(
        "/api/v1/avatars/main/whep",
        data=await offer(),
        headers=FORWARDED | {"Content-Type": "application/sdp", "Host": "upstream"},
    )
    assert answer.status == 201
    (viewer,) = client.app[AVATARS]["main"].viewers.all()
    assert viewer.address == "192.0.2.7"


async def test_a_stranger_who_writes_the_same_is_not(serve, offer):
    client = await serve(Config(character="hero", animator="static", allowed_hosts=("avatar.example.org",)))
    refused = await client.get("/healthz", headers=FORWARDED | {"Host": "upstream"})
    assert refused.status == 403
    answer = await client.post(
        "/api/v1/avatars/main/whep",
        data=await offer(),
        headers=FORWARDED | {"Content-Type": "application/sdp"},
    )
    assert answer.status == 201
    (viewer,) = client.app[AVATARS]["main"].viewers.all()
    assert viewer.address == "127.0.0.1"


async def test_the_host_that_a_proxy_tells_is_checked_like_any(serve):
    client = await serve(TRUSTING)
    answer = await client.get("/healthz", headers=FORWARDED | {"X-Forwarded-Host": "evil.example"})
    assert answer.status == 403 and "evil.example" in (await answer.json())["detail"]


async def test_a_page_is_of_the_same_origin_by_the_host_that_its_browser_asked(serve):
    client = await serve(TRUSTING)
    for origin, status in (("https://avatar.example.org", 200), ("https://evil.example", 403)):
        headers = FORWARDED | {"Origin": origin, "Host": "upstream"}
        assert (await client.get("/api/v1/avatars", headers=headers)).status == status


async def test_callers_behind_a_proxy_have_a_pace_each(serve):
    limits = LimitsConfig(requests_per_s=1)
    client = await serve(TRUSTING.model_copy(update={"limits": limits}))
    counts = client.app[LIMITS].refused
    for number in range(15):
        await client.get("/healthz", headers={"X-Forwarded-For": f"192.0.2.{number}"})
    assert counts["requests_per_s"] == 0


class Logged(Served):
    async def _make_runner(self, **options) -> Runner:
        return await super()._make_runner(access_log_class=AccessLog, **options)


async def test_the_log_names_who_asked_and_what(renderer, store, caplog):
    app = create_app(TRUSTING.model_copy(update={"base_path": BASE}), renderer, store, TEMPLATES)
    with caplog.at_level(logging.INFO, access_log.__name__):
        async with TestClient(Logged(app)) as client:
            await client.get(f"{BASE}/healthz?secret=1", headers=FORWARDED)
    (told,) = [each.getMessage() for each in caplog.records if each.name == access_log.__name__]
    assert told.startswith("GET /avatars/healthz 200") and told.endswith("192.0.2.7")
