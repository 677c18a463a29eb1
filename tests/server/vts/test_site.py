"""The port of plugins: one that is taken, one that is told by datagrams, and how it ends."""

import asyncio
import json
import socket

import aiohttp
import pytest
from aiohttp import WSMsgType

from avatar_rtc.config import load_config
from avatar_rtc.config_outside import VtsConfig
from avatar_rtc.errors import InputError
from avatar_rtc.server.app import VTS_SITE
from avatar_rtc.server.vts import site as site_module
from avatar_rtc.server.vts.discovery import Discovery, broadcast_address


async def test_a_port_that_is_taken_is_told_and_the_next_one_taken(serve, config, caplog):
    with socket.socket() as theirs:
        theirs.bind(("127.0.0.1", 0))
        theirs.listen()
        taken = theirs.getsockname()[1]
        client = await serve(config.model_copy(update={"vts": VtsConfig(
            enabled=True, port=taken, discovery=False
        )}))  # fmt: skip
        port = client.app[VTS_SITE].port
        assert taken < port < taken + site_module.PORTS_TRIED
        assert f"port {taken} is taken" in caplog.text and str(port) in caplog.text
        assert (await (await client.get("/api/v1/plugins")).json())["port"] == port


async def test_where_no_port_is_free_it_is_told_and_the_server_goes_on(serve, config, caplog, monkeypatch):
    monkeypatch.setattr(site_module, "PORTS_TRIED", 1)
    with socket.socket() as theirs:
        theirs.bind(("127.0.0.1", 0))
        theirs.listen()
        client = await serve(config.model_copy(update={"vts": VtsConfig(
            enabled=True, port=theirs.getsockname()[1], discovery=False
        )}))  # fmt: skip
        assert "plugins cannot connect" in caplog.text
        assert (await client.get("/healthz")).status == 200
        assert (await (await client.get("/api/v1/plugins")).json())["port"] is None


async def test_plugins_are_told_the_port_by_datagrams():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.setblocking(False)
        told = Discovery(8002, ear.getsockname(), every_s=0.01).start()
        try:
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(10):
                first, second = [json.loads(await loop.sock_recv(ear, 4096)) for _ in range(2)]
        finally:
            told.close()
    assert first["messageType"] == "VTubeStudioAPIStateBroadcast"
    assert first["data"]["active"] is True and first["data"]["port"] == 8002
    assert len(first["data"]["instanceID"]) == 32
    assert first["data"] == second["data"]


def test_what_is_for_this_machine_is_told_on_this_machine():
    assert broadcast_address(True).startswith("127.") and not broadcast_address(False).startswith("127.")


async def test_plugins_hear_that_the_server_ends(serve, config, connect, plugin, client):
    await client.app[VTS_SITE].close()
    told = await plugin.socket.receive(timeout=10)
    assert told.type is WSMsgType.CLOSE and told.data == 1001


async def test_a_message_that_is_too_long_ends_its_connection_alone(connect, plugin):
    other = await (await connect()).enter("Another", "Somebody")
    await other.socket.send_str("x" * (2 * 1024 * 1024))
    assert (await other.socket.receive(timeout=10)).type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
    assert (await plugin.ask("APIState"))["active"] is True


async def test_a_plugin_that_does_not_read_costs_what_it_may(connect, plugin, client):
    """Its events wait up to a number; the oldest go, and nobody else notices."""
    deaf = await (await connect()).enter("Deaf", "Somebody")
    await deaf.ask("EventSubscription", eventName="ModelMovedEvent", subscribe=True)
    for i in range(600):
        await plugin.ask("MoveModel", timeInSeconds=0, positionX=i / 10)
    assert all(each.waiting <= 300 for each in client.app[VTS_SITE].connections)
    await deaf.event("ModelMovedEvent")


def test_who_would_let_strangers_in_without_a_question_is_refused(tmp_path):
    file = tmp_path / "avatar.toml"
    file.write_text("[vts]\nauto_allow = true\nhost = '0.0.0.0'\n")
    with pytest.raises(InputError, match="would let anyone on the network drive the avatar"):
        load_config(file)


@pytest.mark.parametrize("origin", ["https://deck.example", "null"])
async def test_a_page_of_anywhere_may_connect_and_has_to_ask(connect, origin):
    page = await connect(origin=origin)
    assert (await page.ask("APIState"))["active"] is True
    assert (await page.ask("CurrentModel"))["errorID"] == 8
    assert isinstance(page.socket, aiohttp.ClientWebSocketResponse)
