"""What probes are told: `/healthz` for who restarts the server, `/readyz` for who sends viewers."""

import re
import socket

import pytest

from avatar_rtc.config import Config
from avatar_rtc.config_sections import TurnConfig
from avatar_rtc.link.orders import AvatarFailed, AvatarReady
from avatar_rtc.server.http.keys import ADDRESS_CHECK, CLOSING
from avatar_rtc.server.http.routes.health import LOST_S
from tests.waiting import until


async def told(client, path: str) -> tuple[int, dict]:
    response = await client.get(path)
    kind = "application/json" if response.status == 200 else "application/problem+json"
    return response.status, await response.json(content_type=kind)


async def test_all_is_well(client):
    status, health = await told(client, "/healthz")
    assert status == 200 and health == {
        "status": "ok",
        "wrong": [],
        "device": "cpu",
        "worker_restarts": 0,
        "devices": [
            {
                "asked": "auto",
                "device": "cpu",
                "avatars": 1,
                "load": 0.0,
                "restarts": 0,
                "memory_bytes": None,
            }
        ],
        "avatars": {"main": "live"},
        "refused": {},
    }
    assert await told(client, "/readyz") == (200, {"status": "ready"})


async def test_without_a_worker_it_lives_but_is_not_ready(client, renderer):
    renderer.lose_worker()
    status, health = await told(client, "/healthz")
    assert status == 200 and health["status"] == "impaired" and health["device"] is None
    assert health["wrong"] == ["no render worker is up: it ended"]
    status, problem = await told(client, "/readyz")
    assert status == 503 and "no render worker is up" in problem["detail"]
    assert "'main' is starting" in problem["detail"]
    renderer.lost_s = LOST_S + 1
    status, problem = await told(client, "/healthz")
    assert status == 503 and problem["detail"] == "no render worker is up: it ended"


async def test_a_card_that_is_not_used_is_told_and_keeps_nobody_away(client, renderer):
    renderer.device_note = "rendering on the CPU: the driver is too old"
    renderer.ailments = [renderer.device_note]
    status, health = await told(client, "/healthz")
    assert (status, health["status"], health["wrong"]) == (200, "impaired", [renderer.device_note])
    assert (await told(client, "/readyz"))[0] == 200
    avatar = await (await client.get("/api/v1/avatars/main")).json()
    assert avatar["note"] == renderer.device_note


async def test_what_cannot_work_is_not_alive(client, renderer):
    renderer.failure = "there is no CUDA GPU"
    renderer.ailments = renderer.hindrances = [renderer.failure]
    for path in ("/healthz", "/readyz"):
        status, problem = await told(client, path)
        assert status == 503 and "there is no CUDA GPU" in problem["detail"]


@pytest.mark.parametrize("name", ["main", "other"])
async def test_a_failed_avatar_is_told_without_what_failed(client, renderer, name):
    await client.post("/api/v1/avatars", json={"id": "other"})
    renderer.on_up[name](AvatarFailed(name, "OSError: /home/me/secret/weights of https://example.org/ broke"))
    status, health = await told(client, "/healthz")
    assert (status, health["status"], health["avatars"][name]) == (200, "impaired", "failed")
    assert health["wrong"] == [f"avatar {name!r} has failed; its state says why"]
    assert (await told(client, "/readyz"))[0] == (503 if name == "main" else 200)
    renderer.on_up[name](AvatarReady(name, "static", 0.1))
    assert (await told(client, "/healthz"))[1]["status"] == "ok"
    assert (await told(client, "/readyz"))[0] == 200


async def test_a_sick_spare_keeps_no_viewer_away(client, renderer):
    renderer.ailments = ["no spare render worker can be started (OSError)"]
    status, health = await told(client, "/healthz")
    assert status == 200 and health["wrong"] == renderer.ailments
    assert (await told(client, "/readyz"))[0] == 200


async def test_while_closing_nobody_comes(client):
    client.app[CLOSING].set()
    status, problem = await told(client, "/readyz")
    assert status == 503 and problem["detail"] == "the server is closing"
    assert (await told(client, "/healthz"))[0] == 200


async def test_characters_that_were_never_shown_are_counted(client, renderer):
    renderer.superseded = 7
    assert (await told(client, "/healthz"))[1]["refused"] == {"opens_per_s": 7}


async def test_no_path_and_no_address_is_told(client, renderer):
    renderer.lose_worker()
    for path in ("/healthz", "/readyz"):
        text = await (await client.get(path)).text()
        assert not re.search(r"https?://|(/\\w+){2,}", text), text


async def test_addresses_that_are_not_there_are_told_and_keep_nobody_away(serve):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"turn:127.0.0.1:{closed.getsockname()[1]}?transport=tcp"
        turn = TurnConfig(urls=(url,), secret="hush-hush-hush-hush")
        client = await serve(Config(character="hero", turn=turn, public_address="10.0.0.5"))
        await until(lambda: client.app[ADDRESS_CHECK].ailments)
    status, health = await told(client, "/healthz")
    assert (status, health["status"]) == (200, "impaired")
    address, relay = health["wrong"]
    assert address.startswith("public_address is …, which only its own network can reach; wanted is")
    shown = url.replace("127.0.0.1", "…")  # the log has all of it
    assert relay.startswith(f"{shown} gives no relay: nothing listens at TCP") and "hush" not in relay
    assert (await told(client, "/readyz"))[0] == 200
