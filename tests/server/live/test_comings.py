"""As tests/soak/test_recovery.py, in seconds: who leaves, never comes or vanishes leaves nothing behind, and
nonsense harms nobody."""

import asyncio
from collections import Counter
from functools import partial
from typing import Any

import psutil
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from avatar_rtc.bench.churn import growth
from avatar_rtc.bench.flood import an_offer
from avatar_rtc.bench.garbage import Garbage
from avatar_rtc.media.peer import Peer
from avatar_rtc.server.live import viewers
from tests.waiting import until

WHEP, SDP = "/api/v1/avatars/main/whep", {"Content-Type": "application/sdp"}
CASES = 160


def tasks() -> Counter[str]:
    return Counter(getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks())


async def joined(client: Any, with_channels: bool) -> RTCPeerConnection:
    """A plain player's connection, which has sound and pictures."""
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    receiver = pc.addTransceiver("video", direction="recvonly").receiver
    if with_channels:
        pc.createDataChannel("control")
    await pc.setLocalDescription(await pc.createOffer())
    response = await client.post(WHEP, data=pc.localDescription.sdp, headers=SDP)
    assert response.status == 201, await response.text()
    await pc.setRemoteDescription(RTCSessionDescription(await response.text(), "answer"))
    async with asyncio.timeout(30):
        await receiver.track.recv()
    return pc


def cut(pc: RTCPeerConnection) -> None:
    """From now on not a word of it leaves or arrives."""
    for transport in vars(pc)["_RTCPeerConnection__iceTransports"]:
        for protocol in transport._connection._protocols:
            protocol.transport.sendto = protocol.datagram_received = lambda *_: None


async def test_who_leaves_never_comes_or_vanishes_leaves_nothing(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_up_after(connect_s: float) -> None:
        peer = partial(Peer, connect_timeout_s=connect_s, silence_timeout_s=5.0)
        monkeypatch.setattr(viewers, "Peer", peer)

    async def left() -> int:
        return int((await (await client.get("/api/v1/avatars/main")).json())["viewers"])

    async def all_gone() -> None:
        async with asyncio.timeout(30):
            while await left():  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    give_up_after(30.0)  # who is to come may be slow on a busy machine
    await (await joined(client, True)).close()  # what is made once is there now
    await all_gone()
    before = tasks()
    # One after the other: together they would be late on a busy machine.
    there = [await joined(client, number % 2 == 0) for number in range(6)]
    give_up_after(3.0)
    for _ in range(4):
        assert (await client.post(WHEP, data=an_offer(), headers=SDP)).status == 201
    assert await left() == 10
    for pc in there[2:]:
        cut(pc)
    await asyncio.gather(*(pc.close() for pc in there[:2]))
    await all_gone()
    await asyncio.gather(*(pc.close() for pc in there))
    await until(lambda: tasks() == before)


async def test_nonsense_at_every_door_harms_nobody(client: Any, watch: Any) -> None:
    watcher = await watch()
    await watcher.frame()
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: faults.append(context))
    garbage = Garbage(str(client.make_url("/")), CASES // 4, seed=5)
    own: Any = psutil.Process()
    ports = sorted({each.laddr.port for each in own.net_connections("udp") if each.laddr})
    await garbage.run(ports)
    statuses = {name: set(given) for name, given in garbage.answers.items()}
    assert not faults and garbage.sent >= CASES
    assert {"201", "400"} <= statuses["offers"] and statuses["the viewer"] == {"answered"}
    odd = {each for given in statuses.values() for each in given if each.startswith("5") or not each}
    assert odd <= {"503"}, garbage.answers
    await watcher.frame()
    assert (await watcher.request({"type": "ping", "id": "still there"}))["type"] == "ok"


@pytest.mark.parametrize(
    ("samples", "grown"),
    [
        ([], 0.0),
        ([5.0], 0.0),
        ([9, 1, 2, 2, 2, 2], 0.0),
        ([9, 9, 9, 9, 1, 2, 3, 4], 3.0),
        ([0, 9, 4, 3], -1.0),
    ],
)
def test_growth_is_that_of_the_later_half(samples: list[float], grown: float) -> None:
    assert growth(samples) == pytest.approx(grown)
