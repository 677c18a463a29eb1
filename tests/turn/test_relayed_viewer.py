"""A viewer whose network lets nothing through but a relay sees a real server's pictures."""

import asyncio
import json
import urllib.request
from collections.abc import Iterator

import pytest
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcconfiguration import RTCIceTransportPolicy

from avatar_rtc.bench.served import Served, served
from tests.lean import PROGRAM
from tests.turn.coturn import SECRET, TRANSPORTS, credential


@pytest.fixture(scope="module")
def server(relays, tmp_path_factory) -> Iterator[Served]:
    """It asks the same coturn for relays of its own."""
    settings = tmp_path_factory.mktemp("server") / "avatar.toml"
    settings.write_text(
        f'animator = "static"\nmedia_host = "127.0.0.1"\n[turn]\nsecret = "{SECRET}"\n'
        f"urls = {json.dumps(relays.config.turn.urls)}\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(relays.certificate))
        with served("--config", str(settings), program=PROGRAM) as running:
            yield running


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_who_has_nothing_but_a_relay_sees_pictures(server, relays, transport, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(relays.certificate))
    (entry,) = get(f"{server.url}api/v1/ice-servers")["iceServers"]
    pc = relayed(relays.url(transport), entry["username"], entry["credential"])
    pictures = []
    try:
        await offer(pc, server)
        # Both ends may have a relay, and the far end of one is then the other.
        assert {line.split(" typ ")[1].split()[0] for line in candidates(pc)} == {"relay"}
        for _ in range(10):
            pictures.append(await pc.getReceivers()[0].track.recv())
    finally:
        await pc.close()
    assert len({picture.pts for picture in pictures}) == 10
    assert min(picture.to_ndarray(format="gray").std() for picture in pictures) > 5  # there is somebody in it


@pytest.mark.parametrize("wrong", [{"expires_in": -5}, {"secret": "another"}], ids=["expired", "forged"])
async def test_without_a_good_credential_there_is_no_way(relays, wrong):
    pc = relayed(relays.url("udp"), *credential(**wrong))
    pc.addTransceiver("video", direction="recvonly")
    await pc.setLocalDescription()
    assert candidates(pc) == []
    await pc.close()


def relayed(url: str, username: str, password: str) -> RTCPeerConnection:
    servers = [RTCIceServer(urls=[url], username=username, credential=password)]
    return RTCPeerConnection(RTCConfiguration(servers, RTCIceTransportPolicy.RELAY))


async def offer(pc: RTCPeerConnection, server: Served) -> None:
    pc.addTransceiver("video", direction="recvonly")
    await pc.setLocalDescription()
    request = urllib.request.Request(
        f"{server.url}api/v1/avatars/main/whep",
        pc.localDescription.sdp.encode(),
        {"Content-Type": "application/sdp"},
    )
    answer = await asyncio.to_thread(lambda: urllib.request.urlopen(request, timeout=10).read())
    await pc.setRemoteDescription(RTCSessionDescription(answer.decode(), "answer"))


def candidates(pc: RTCPeerConnection) -> list[str]:
    return [line for line in pc.localDescription.sdp.splitlines() if line.startswith("a=candidate:")]


def get(url: str):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)
