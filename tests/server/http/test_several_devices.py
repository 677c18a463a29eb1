"""What a server with several devices tells of them."""

from aiohttp.test_utils import TestClient

from avatar_rtc.server.app import create_app
from avatar_rtc.server.http.keys import AVATARS
from tests.server.conftest import TEMPLATES, Served
from tests.server.rendering.cards import Card, fleet_of
from tests.waiting import until


async def test_each_avatar_tells_its_own_device_and_health_tells_all(config, store):
    cards = [Card("cuda:0"), Card("cuda:1")]
    async with (
        fleet_of(*cards) as fleet,
        TestClient(Served(create_app(config, fleet, store, TEMPLATES))) as client,
    ):

        async def told(path: str) -> dict:
            return await (await client.get(path)).json()

        await until(lambda: cards[0].held)
        await client.post("/api/v1/avatars", json={"id": "other"})
        avatars = client.app[AVATARS]
        await until(lambda: all(avatars[name].status.phase == "live" for name in ("main", "other")))
        for name, device in (("main", "cuda:0"), ("other", "cuda:1")):
            about = await told(f"/api/v1/avatars/{name}")
            assert (about["device"], about["state"]) == (device, "live")
        health = await told("/healthz")
        assert (health["status"], health["device"]) == ("ok", "cuda:0,cuda:1")
        assert [(each["asked"], each["device"], each["avatars"]) for each in health["devices"]] == [
            ("cuda:0", "cuda:0", 1),
            ("cuda:1", "cuda:1", 1),
        ]

        cards[1].fate = "fails"
        cards[1].worker.kill()
        await until(lambda: avatars["other"].status.note)
        assert "other" in cards[0].held
        health, other = await told("/healthz"), await told("/api/v1/avatars/other")
        assert (health["status"], health["wrong"]) == (
            "impaired",
            ["cuda:1: no render worker is up: it fell off the bus"],
        )
        assert [each["device"] for each in health["devices"]] == ["cuda:0", None]
        assert (other["device"], other["note"]) == (
            "cuda:0",
            "moved from cuda:1 to cuda:0: it fell off the bus",
        )
        assert (await client.get("/readyz")).status == 200, "one device is enough"
