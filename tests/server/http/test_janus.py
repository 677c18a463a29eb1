"""Avatars in rooms of a real Janus."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from avatar_rtc.bench.janus import guest, janus, janus_is_here
from avatar_rtc.server.live.publishing import patience
from tests.waiting import until

pytestmark = pytest.mark.skipif(not janus_is_here(), reason="janus is not installed")
PUBLISH = "/api/v1/avatars/main/publish"
ROOMS = {
    1: 'publishers = 3, bitrate = 2000000, videocodec = "vp8,h264", audiocodec = "opus"',
    2: 'publishers = 3, videocodec = "vp9", audiocodec = "opus"',
    3: 'publishers = 3, videocodec = "vp8", pin = "s3cret"',
    4: "publishers = 0",
    5: 'publishers = 3, videocodec = "h264", secret = "adm1n"',
    6: 'publishers = 3, videocodec = "h264", audiocodec = "pcmu"',
}


@pytest.fixture(scope="module")
def server():
    with janus(ROOMS) as found:
        yield found


@pytest.fixture
async def room(server) -> AsyncIterator:
    async with guest(server.url) as found:
        yield found


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(patience, "WAITS_S", (0.05,))


@pytest.fixture
async def publish(client, server) -> AsyncIterator[Callable]:
    """(room, fields) → the address of a call that has begun; all are ended."""
    calls = []

    async def begin(number: int | str, **fields) -> str:
        response = await client.post(PUBLISH, json={"janus": server.url, "room": number, **fields})
        assert response.status == 201, await response.text()
        calls.append(response.headers["Location"])
        return calls[-1]

    yield begin
    for call in calls:
        await client.delete(call)


@pytest.fixture
async def subscribe(room) -> AsyncIterator[Callable]:
    """(room number) → a subscriber of whoever publishes there, and what it gets."""
    opened: list[RTCPeerConnection] = []
    tasks: list[asyncio.Task[None]] = []

    async def join(number: int, **fields) -> dict[str, int]:
        (feed,) = await room.feeds(number)
        handle = await room.handle()
        body = {
            "request": "join",
            "ptype": "subscriber",
            "room": number,
            "streams": [{"feed": feed}],
            **fields,
        }
        offer = await room.say(handle, body)
        pc, got = RTCPeerConnection(RTCConfiguration(iceServers=[])), {"video": 0, "audio": 0}
        opened.append(pc)

        async def count(track) -> None:
            try:
                while True:
                    await track.recv()
                    got[track.kind] += 1
            except MediaStreamError:
                pass

        pc.on("track", lambda track: tasks.append(asyncio.create_task(count(track))))
        await pc.setRemoteDescription(RTCSessionDescription(offer["jsep"]["sdp"], "offer"))
        await pc.setLocalDescription(await pc.createAnswer())
        await room.say(
            handle, {"request": "start", "room": number}, {"type": "answer", "sdp": pc.localDescription.sdp}
        )
        return got

    yield join
    for pc in opened:
        await pc.close()
    await asyncio.gather(*tasks)


async def reached(client, call: str, *states: str) -> dict:
    """The call, once it is in one of these states."""
    told: dict = {}
    async with asyncio.timeout(30):
        while told.get("state") not in states:
            told = await (await client.get(call)).json()
            await asyncio.sleep(0.01)
    return told


async def test_a_room_sees_and_hears_it_also_who_comes_late(client, publish, subscribe, room):
    call = await publish(1, display="Tavi")
    assert (await reached(client, call, "live"))["detail"] == ""
    early = await subscribe(1)
    await until(lambda: early["video"] > 2 and early["audio"] > 2)
    late = await subscribe(1)
    await until(lambda: late["video"] > 2)
    state = await (await client.get("/api/v1/avatars/main")).json()
    (rendition,) = state["renditions"]
    assert (rendition["codec"], rendition["viewers"]) == ("h264", 1), "however many watch there"
    listed = await room.say(await room.handle(), {"request": "listparticipants", "room": 1})
    assert [each["display"] for each in listed["participants"]] == ["Tavi"]
    assert (await client.delete(call)).status == 204
    assert await room.feeds(1) == []


async def test_a_room_with_a_pin_and_another_codec(client, publish, subscribe):
    call = await publish(3, pin="s3cret")
    await reached(client, call, "live")
    got = await subscribe(3, pin="s3cret")
    await until(lambda: got["video"])
    (rendition,) = (await (await client.get("/api/v1/avatars/main")).json())["renditions"]
    assert rendition["codec"] == "vp8"


@pytest.mark.parametrize(
    ("number", "fields", "sentence"),
    [
        (2, {}, "takes video as vp9"),
        (6, {}, "takes audio as pcmu"),
        (3, {}, "wants its pin"),
        (3, {"pin": "wr0ng"}, "that is not it"),
        (77, {}, "no room 77"),
        ("1", {}, "says no"),
    ],
)
async def test_rooms_that_do_not_take_it(client, publish, room, number, fields, sentence, caplog):
    told = await reached(client, await publish(number, **fields), "failed")
    assert sentence in told["detail"]
    assert "wr0ng" not in told["detail"] + caplog.text
    if number in (2, 3, 6):
        assert await room.feeds(number) == []


async def test_a_full_room_is_tried_again(client, publish):
    call = await publish(4)
    assert "(432)" in (await reached(client, call, "retrying"))["detail"]


async def test_a_room_that_closes_ends_the_call(client, publish, room):
    made = await room.say(await room.handle(), {"request": "create", "room": 900, "videocodec": "h264"})
    assert made["videoroom"] == "created"
    call = await publish(900)
    await reached(client, call, "live")
    await room.say(await room.handle(), {"request": "destroy", "room": 900})
    assert (await reached(client, call, "failed"))["detail"] == "the room was closed"


async def test_who_is_sent_out_does_not_come_back(client, publish, room):
    call = await publish(5)
    await reached(client, call, "live")
    (feed,) = await room.feeds(5)
    await room.say(await room.handle(), {"request": "kick", "room": 5, "secret": "adm1n", "id": feed})
    assert "sent out" in (await reached(client, call, "failed"))["detail"]


async def test_it_comes_back_when_janus_does(client):
    with janus({1: ROOMS[1]}) as first:
        port = int(first.url.rpartition(":")[2])
        call = (await client.post(PUBLISH, json={"janus": first.url, "room": 1})).headers["Location"]
        await reached(client, call, "live")
    await reached(client, call, "retrying")
    with janus({1: ROOMS[1]}, port) as second:
        await reached(client, call, "live")
        async with guest(second.url) as room:
            assert len(await room.feeds(1)) == 1
        assert (await client.delete(call)).status == 204


async def test_what_is_no_janus(client, server):
    """Another WebSocket, and none at all."""
    other = str(client.make_url("/api/v1/avatars/main/control")).replace("http", "ws")
    for url, sentence in (
        (other, "as Janus does"),
        (str(client.make_url("/healthz")).replace("http", "ws"), "WebSocket"),
    ):
        response = await client.post(PUBLISH, json={"janus": url, "room": 1})
        told = await reached(client, response.headers["Location"], "failed")
        assert sentence in told["detail"], told
