"""Our credentials against the real coturn, started with the shipped configuration."""

import asyncio
import contextlib
import shutil
import socket
import time
from collections.abc import AsyncIterator

import pytest
from aioice import stun
from aioice.turn import create_turn_endpoint
from aiortc import RTCConfiguration, RTCPeerConnection

from avatar_rtc.config import MediaBind
from avatar_rtc.media.addresses.aioice_private import ask_servers, try_relays
from avatar_rtc.media.addresses.ice import IceServers
from avatar_rtc.media.aiortc_private import bind_media, guard_connection
from avatar_rtc.media.guard import Guard
from avatar_rtc.resources import resource
from avatar_rtc.server.http.routes.ice import turn_credential
from tests.waiting import until

SECRET = "a secret of this test"
TURNSERVER = shutil.which("turnserver")
pytestmark = pytest.mark.skipif(TURNSERVER is None, reason="coturn's turnserver is not installed")


@pytest.fixture
async def turn_address(tmp_path) -> AsyncIterator[tuple[str, int]]:
    """A running coturn on loopback. Only addresses and files differ from what an operator runs."""
    address = ("127.0.0.1", _free_port())
    process = await asyncio.create_subprocess_exec(
        str(TURNSERVER),
        *("-c", str(resource("turn", "turnserver.conf")), "--static-auth-secret", SECRET),
        *("--listening-ip", address[0], "--relay-ip", address[0], "--listening-port", str(address[1])),
        *("--pidfile", str(tmp_path / "pid"), "--userdb", str(tmp_path / "db"), "--log-file", "stdout"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await _answers(address)
        yield address
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_fresh_credential_gets_a_relay(turn_address, transport):
    credential = turn_credential(SECRET, "viewer", int(time.time()) + 60)
    relay = await _allocate(turn_address, credential, transport)
    assert relay[0] == "127.0.0.1" and 49160 <= relay[1] <= 49960


@pytest.mark.parametrize(
    "secret, expires_in", [(SECRET, -5), ("another secret", 60)], ids=["expired", "forged"]
)
async def test_other_credentials_get_none(turn_address, secret, expires_in):
    credential = turn_credential(secret, "viewer", int(time.time()) + expires_in)
    with pytest.raises(stun.TransactionFailed) as refusal:
        await _allocate(turn_address, credential, "udp")
    assert refusal.value.response.attributes["ERROR-CODE"][0] == 401


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_the_answer_to_an_offer_names_a_relay(turn_address, transport):
    secret = turn_credential(SECRET, "viewer", int(time.time()) + 60)
    ice = IceServers((f"turn:127.0.0.1:{turn_address[1]}?transport={transport}",), *secret)
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    pc.addTransceiver("video", direction="recvonly")
    guard = Guard()
    guard_connection(pc, guard)
    ask_servers(pc, ice, guard)
    bind_media(pc, MediaBind(False, ("127.0.0.1",)))
    await pc.setLocalDescription()
    (candidate,) = (line for line in pc.localDescription.sdp.splitlines() if "typ relay" in line)
    assert "127.0.0.1" in candidate
    await pc.close()


async def test_a_relay_is_known_before_the_first_viewer_comes(turn_address):
    secret = turn_credential(SECRET, "viewer", int(time.time()) + 60)
    ice = IceServers((f"turn:127.0.0.1:{turn_address[1]}",), *secret)
    before = asyncio.all_tasks()
    try_relays(ice)
    await until(lambda: asyncio.all_tasks() == before)
    assert [*ice.gathering._takes_s] == [*ice.urls] and not ice.gathering._silent_at


async def _allocate(address, credential, transport):
    closed = asyncio.Event()

    class Relay(asyncio.DatagramProtocol):
        def connection_lost(self, _):
            closed.set()

    endpoint, _ = await create_turn_endpoint(
        Relay, address, credential.username, credential.password, transport=transport
    )
    relay = endpoint.get_extra_info("sockname")
    endpoint.close()
    await asyncio.wait_for(closed.wait(), 5)
    return relay


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _answers(address: tuple[str, int]) -> None:
    for _ in range(100):
        try:
            _, writer = await asyncio.open_connection(*address)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            await writer.wait_closed()
            return
    raise AssertionError("coturn did not start")
