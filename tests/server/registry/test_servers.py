"""Several servers as one: who has which avatar, and how callers get there."""

import asyncio
import contextlib
import signal

import aiohttp
import pytest

from avatar_rtc.characters.parts import PICTURE
from avatar_rtc.config_sections import AccessConfig
from avatar_rtc.grants import Grant
from avatar_rtc.server.access.tokens import make_token
from avatar_rtc.server.http.keys import AVATARS as AVATARS_KEY
from avatar_rtc.server.http.keys import METRICS, REGISTRY
from tests.server.registry.conftest import HEARTBEAT_S, kill, moved, owner
from tests.waiting import until

AVATARS = "/api/v1/avatars"
SECRET = "south-south-east-south-south-east"


async def made(client, status=201, query="", **body) -> dict:
    response = await client.post(f"{AVATARS}{query}", json=body)
    about = await response.json()
    assert response.status == status, about
    return about


def names(client) -> list[str]:
    return sorted(client.app[AVATARS_KEY])


async def beats(*clients, count=2) -> None:
    """Until each has been heard so often again."""
    for client in clients:
        for _ in range(count):
            await client.app[REGISTRY].step()


async def test_one_is_found_through_the_other_by_the_same_path_and_query(join):
    one, two = await join("one"), await join("two")
    await made(one, id="ai", query="?here=true")
    answer = await two.get(f"{AVATARS}/ai/snapshot.png?side=32", allow_redirects=False)
    assert answer.status == 307
    assert answer.headers["Location"] == str(one.make_url(f"{AVATARS}/ai/snapshot.png?side=32"))
    followed = await two.put(f"{AVATARS}/ai/emotion", json={"name": "joy"})
    assert followed.status == 200
    assert one.app[AVATARS_KEY]["ai"].state.emotions == {"joy": 1.0}
    assert names(two) == ["main"]


async def test_a_viewer_joins_through_a_server_that_has_it_not(join, watch_on):
    one, two = await join("one"), await join("two")
    await made(one, id="ai", query="?here=true")
    watcher = await watch_on(two, avatar="ai")
    await watcher.frame()
    assert len(one.app[AVATARS_KEY]["ai"].viewers) == 1


async def test_main_is_each_servers_own(join):
    one, two = await join("one"), await join("two")
    await one.put(f"{AVATARS}/main/emotion", json={"name": "joy"})
    answer = await two.get(f"{AVATARS}/main", allow_redirects=False)
    assert (await answer.json())["emotion"]["weights"] == {"neutral": 1.0}
    assert not one.app[REGISTRY].shared
    assert await owner(two, "main") == "two"


async def test_a_name_is_had_once_and_free_when_it_is_deleted(join):
    one, two = await join("one"), await join("two")
    await made(one, id="ai", query="?here=true")
    assert "already" in (await made(two, 409, "?here=true", id="ai"))["detail"]
    assert (await two.delete(f"{AVATARS}/ai")).status == 204
    await made(two, id="ai", query="?here=true")
    assert (names(one), names(two)) == (["main"], ["ai", "main"])


async def test_new_ones_go_to_whom_has_least_to_do(join):
    one, two, three = await join("one"), await join("two"), await join("three", max_avatars=4)
    for _ in range(9):
        await made(one)
        await beats(one, two, three, count=1)
    held = [len(names(each)) - 1 for each in (one, two, three)]
    assert sum(held) == 9 and held[2] < held[0] and abs(held[0] - held[1]) <= 1


async def test_a_heavy_server_gets_its_share_by_its_weight(join):
    one, two = await join("one"), await join("two", {"weight": 3.0})
    for _ in range(8):
        await made(one)
        await beats(one, two, count=1)
    assert len(names(two)) - len(names(one)) >= 4


async def test_many_at_once_do_not_all_go_to_one(join):
    """Loads are told once a heartbeat; who is sent there counts before that."""
    clients = [await join(name, {"heartbeat_s": 10.0}) for name in ("one", "two", "three")]
    await asyncio.gather(*(made(clients[0]) for _ in range(12)))
    assert max(len(names(each)) - 1 for each in clients) <= 6


async def test_full_servers_send_nobody_away_and_say_so_themselves(join):
    one, two = await join("one", max_avatars=2), await join("two", max_avatars=2)
    for _ in range(2):
        await made(one)
        await beats(one, two, count=1)
    assert "2 avatars" in (await made(one, 503))["detail"]


async def test_what_cannot_be_made_leaves_no_name_behind(join):
    one, two = await join("one"), await join("two")
    await made(one, 400, "?here=true", id="ai", emotion="joi")
    assert await owner(two, "ai") == ""
    await made(two, 201, "?here=true", id="ai")


async def test_a_lost_servers_avatar_is_back_elsewhere_as_it_was_told(join):
    one, two, three = await join("one"), await join("two"), await join("three")
    await made(one, id="ai", query="?here=true", character="rival", settings={"liveliness": 0.25})
    await one.put(f"{AVATARS}/ai/emotion", json={"name": "joy"})
    await one.put(f"{AVATARS}/ai/chain", json={"chain": [["bloom", {}]]})
    await one.put(f"{AVATARS}/ai/data_eyes", json={"on": True})
    await beats(one)
    kill(one)
    to = await moved(three, "ai", {"two", "three"})
    now = {"two": two, "three": three}[to].app[AVATARS_KEY]["ai"]
    assert now.source == "rival" and now.state.settings.liveliness == 0.25
    assert now.state.emotions == {"joy": 1.0} and now.state.chain[0].name == "bloom"
    assert not now.state.data_eyes  # whoever waited for a tool waits no more
    assert (await three.get(f"{AVATARS}/ai")).status == 200


async def test_who_asks_meanwhile_is_told_to_ask_again(join):
    one, two = await join("one"), await join("two")
    await made(one, id="ai", query="?here=true")
    kill(one)
    async with asyncio.timeout(10):
        while (answer := await two.get(f"{AVATARS}/ai", allow_redirects=False)).status == 307:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert answer.status in (200, 503)
    if answer.status == 503:
        assert answer.headers["Retry-After"] == "1" and "lost" in (await answer.json())["detail"]


async def test_a_server_that_ends_hands_its_avatars_over_at_once(join, watch_on):
    one, two = await join("one"), await join("two")
    await made(one, id="ai", query="?here=true", emotion="joy")
    watcher = await watch_on(one, avatar="ai")
    await watcher.event(lambda event: event["type"] == "state")
    await one.close()
    await watcher.event(lambda event: event["type"] == "closing")
    await moved(two, "ai", {"two"})
    assert two.app[AVATARS_KEY]["ai"].state.emotions == {"joy": 1.0}


async def test_a_deleted_avatar_comes_back_nowhere(join):
    one, two = await join("one"), await join("two")
    await made(one, id="ai", query="?here=true")
    await one.delete(f"{AVATARS}/ai")
    await one.close()
    await beats(two, count=5)
    assert names(two) == ["main"] and await owner(two, "ai") == ""


async def test_one_that_lacks_the_character_leaves_it_to_one_that_has_it(join, tmp_path, png, make_store):
    (tmp_path / "poor" / "hero").mkdir(parents=True)
    (tmp_path / "poor" / "hero" / PICTURE).write_bytes(png())
    one, three = await join("one"), await join("three")
    two = await join("two", store=make_store(tmp_path / "poor"))
    for _ in range(2):  # three has more to do, so two is asked first
        await made(three, query="?here=true")
    await made(one, id="ai", query="?here=true", character="rival")
    await beats(three)
    kill(one)
    assert await moved(two, "ai", {"two", "three"}) == "three"


async def test_one_that_was_thought_lost_gives_up_what_others_took(join, watch_on):
    one, two = await join("one"), await join("two")
    await made(one, id="ai", query="?here=true")
    watcher = await watch_on(one, avatar="ai")
    await watcher.event(lambda event: event["type"] == "state")
    kill(one)
    await moved(two, "ai", {"two"})
    assert "ai" in names(one)
    await one.app[REGISTRY].step()
    assert (await watcher.event(lambda event: event["type"] == "closing"))["reason"].startswith(
        "another server"
    )
    assert names(one) == ["main"] and await owner(one, "ai") == "two"
    assert one.app[REGISTRY].given_up == 1


async def test_one_that_only_slept_keeps_what_nobody_took(join):
    one = await join("one")
    await made(one, id="ai")
    kill(one)
    await asyncio.sleep(4 * HEARTBEAT_S)  # its lease is over in Redis, whose clock no test moves
    await one.app[REGISTRY].step()
    assert names(one) == ["ai", "main"] and await owner(one, "ai") == "one"


async def test_all_are_listed_with_where_and_tokens_see_their_own_alone(join, monkeypatch):
    monkeypatch.setenv("SECRET", SECRET)
    access = AccessConfig(secret="env:SECRET")
    one, two = await join("one", access=access), await join("two", access=access)

    def bearer(scope, avatar=None):
        token = make_token(SECRET.encode(), Grant(scope, avatar), 0, 9e9)
        return {"Authorization": f"Bearer {token}"}

    for client, name in ((one, "a"), (two, "b")):
        answer = await client.post(f"{AVATARS}?here=true", json={"id": name}, headers=bearer("admin"))
        assert answer.status == 201
    listed = await (await two.get(f"{AVATARS}?everywhere=true", headers=bearer("view"))).json()
    assert {(each["id"], each["server"]) for each in listed["everywhere"]} == {("a", "one"), ("b", "two")}
    assert {each["id"] for each in listed["avatars"]} == {"main", "b"}
    listed = await (await two.get(f"{AVATARS}?everywhere=true", headers=bearer("view", "a"))).json()
    assert [each["id"] for each in listed["everywhere"]] == ["a"]
    for path in (f"{AVATARS}/a", f"{AVATARS}/a/where"):
        assert (await two.get(path, allow_redirects=False)).status == 401
        refused = await two.get(path, headers=bearer("view", "b"), allow_redirects=False)
        assert refused.status == 403 and "Location" not in refused.headers
    assert (await two.get(f"{AVATARS}/a/where", headers=bearer("view"))).status == 200


async def test_a_websocket_is_led_there_too(join):
    one, two = await join("one"), await join("two")
    await made(one, id="ai", query="?here=true")
    async with two.session.ws_connect(two.make_url(f"{AVATARS}/ai/control")) as socket:
        assert (await socket.receive_json())["type"] == "state"


async def test_pages_of_allowed_sites_may_follow(join):
    origin = {"Origin": "https://page.example"}
    one = await join("one", allowed_origins=("https://page.example",))
    two = await join("two", allowed_origins=("https://page.example",))
    await made(one, id="ai", query="?here=true")
    asks = {**origin, "Access-Control-Request-Method": "POST"}
    assert (await two.options(f"{AVATARS}/ai/whep", headers=asks, allow_redirects=False)).status == 204
    answer = await two.get(f"{AVATARS}/ai", headers=origin, allow_redirects=False)
    assert answer.status == 307 and "Location" in answer.headers["Access-Control-Expose-Headers"]
    assert answer.headers["Access-Control-Allow-Origin"] == "https://page.example"
    where = await (await two.get(f"{AVATARS}/ai/where", headers=origin)).json()
    assert where == {
        "id": "ai", "here": False, "server": "one", "address": str(one.make_url("")).rstrip("/"),
    }  # fmt: skip


async def test_its_page_is_there_on_every_server(join):
    one, two = await join("one"), await join("two")
    await made(one, id="ai", query="?here=true")
    page = await two.get("/view/ai", allow_redirects=False)
    assert page.status == 200 and "connect-src 'self' http: https:" in page.headers["Content-Security-Policy"]
    assert (await two.get("/view/nobody")).status == 404


async def test_nobody_is_led_to_an_address_that_is_none(join):
    one, two = await join("one"), await join("two")
    await made(one, id="ai", query="?here=true")
    ledger = two.app[REGISTRY]._ledger
    prefix = two.app[REGISTRY]._config.prefix
    kill(one)
    for address in ("javascript:alert(1)", "//evil.example", "http://a b", "http://u:p@evil.example", ""):
        record = one.app[REGISTRY]._host.record().model_copy(update={"address": address})
        owner_id = (await ledger._redis.hget(f"{prefix}:avatar:ai", "owner")) or ""
        await ledger._redis.hset(f"{prefix}:info", owner_id, record.model_dump_json())
        answer = await two.get(f"{AVATARS}/ai", allow_redirects=False)
        assert answer.status == 503 and "Location" not in answer.headers


class TestWithoutRedis:
    """Each server goes on alone, and says so."""

    @pytest.fixture
    def redis(self, own_redis):
        return own_redis

    async def test_what_is_here_goes_on_and_comes_back(self, join, redis, watch_on, caplog):
        one, two = await join("one"), await join("two")
        await made(one, id="ai", query="?here=true")
        redis.stop()
        await until(lambda: one.app[REGISTRY].is_away and two.app[REGISTRY].is_away, 10)
        watcher = await watch_on(one, avatar="ai")
        await watcher.frame()
        answer = await two.get(f"{AVATARS}/ai", allow_redirects=False)
        assert answer.status == 503 and "cannot be reached" in (await answer.json())["detail"]
        assert (await two.get(f"{AVATARS}?everywhere=true")).status == 503
        health = await (await one.get("/healthz")).json()
        assert health["status"] == "impaired" and any("registry" in each for each in health["wrong"])
        assert one.app[METRICS].get_sample_value("avatar_rtc_registry_up") == 0
        await made(one, id="meanwhile")
        redis.start()  # with nothing in it
        await until(lambda: not (one.app[REGISTRY].is_away or two.app[REGISTRY].is_away), 10)
        await beats(one)
        assert [await owner(two, name) for name in ("ai", "meanwhile")] == ["one", "one"]
        assert (await (await one.get("/healthz")).json())["status"] == "ok"
        told = [each.message for each in caplog.records if "cannot be reached" in each.message]
        assert len(told) == 2  # each of the two, once
        assert redis.url not in caplog.text

    async def test_of_two_that_made_the_same_name_meanwhile_one_keeps_it(self, join, redis):
        one, two = await join("one"), await join("two")
        redis.stop()
        for client in (one, two):
            await made(client, id="ai")
        redis.start()
        await until(lambda: ("ai" in names(one)) != ("ai" in names(two)), 10)
        await beats(one, two)
        kept = "one" if "ai" in names(one) else "two"
        assert [await owner(each, "ai") for each in (one, two)] == [kept, kept]

    async def test_a_redis_that_hangs_holds_nobody_up_for_long(self, join, redis):
        one = await join("one")
        await made(one, id="ai")
        redis.pause(signal.SIGSTOP)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        assert (await one.get(f"{AVATARS}/ai")).status == 200
        assert (await one.get(f"{AVATARS}/other")).status == 503
        assert loop.time() - begun < 3
        redis.pause(signal.SIGCONT)
        await until(lambda: not one.app[REGISTRY].is_away, 10)
        assert await owner(one, "ai") == "one"

    async def test_who_yields_ends_its_shared_avatars_once_it_is_not_sure(self, join, redis):
        one = await join("one", {"alone": "yield"})
        await made(one, id="ai")
        redis.stop()
        await until(lambda: "ai" not in names(one), 10)
        assert names(one) == ["main"]
        assert (await one.post(AVATARS, json={})).status == 503
        redis.start()
        await until(lambda: not one.app[REGISTRY].is_away, 10)
        await made(one, id="ai")

    async def test_a_server_starts_without_it(self, join, redis):
        redis.stop()
        one = await join("one")
        await made(one, id="ai")
        redis.start()
        await until(lambda: not one.app[REGISTRY].is_away, 10)
        await beats(one, count=1)
        assert await owner(one, "ai") == "one"


@pytest.mark.parametrize("token", [None, "t"])
async def test_without_a_registry_nothing_is_another(client, token):
    assert REGISTRY not in client.app
    assert await (await client.get(f"{AVATARS}/main/where")).json() == {
        "id": "main", "here": True, "server": "", "address": "",
    }  # fmt: skip
    assert (await client.get(f"{AVATARS}/other", allow_redirects=False)).status == 404
    assert (await (await client.get(f"{AVATARS}?everywhere=true")).json())["everywhere"] == []
    with contextlib.suppress(aiohttp.ClientError):
        assert (await client.get(f"{AVATARS}/other/where")).status == 404
