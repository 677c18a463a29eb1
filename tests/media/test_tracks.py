"""Tracks: late subscription, keyframe requests, and no exception that would hang aiortc."""

import av
import pytest
from aiortc.mediastreams import MediaStreamError

from avatar_rtc.media.broadcast import Broadcast
from avatar_rtc.media.tracks import PacketTrack


async def test_subscribes_with_the_first_recv_and_asks_for_a_keyframe():
    broadcast, requests = Broadcast("video", 2), []

    def request():
        requests.append(1)
        broadcast.publish(av.Packet(b"key"), True)

    track = PacketTrack("video", broadcast.subscribe, request)
    assert broadcast.viewers == 0
    assert bytes(await track.recv()) == b"key"
    assert (broadcast.viewers, len(requests)) == (1, 1)

    broadcast.publish(av.Packet(b"next"), False)
    assert bytes(await track.recv()) == b"next"
    assert len(requests) == 1, "not while it can decode"

    for _ in range(5):
        broadcast.publish(av.Packet(b"lost"), False)
    assert bytes(await track.recv()) == b"key"
    assert (len(requests), track.dropped) == (2, 5)


async def test_stop_leaves_the_broadcast():
    broadcast = Broadcast("audio", 2)
    track = PacketTrack("audio", broadcast.subscribe)
    broadcast.on_first = lambda: broadcast.publish(av.Packet(b"sound"), True)
    await track.recv()
    track.stop()
    track.stop()
    assert broadcast.viewers == 0
    with pytest.raises(MediaStreamError):
        await track.recv()


async def test_the_end_of_the_broadcast_ends_the_track():
    broadcast = Broadcast("audio", 2)
    broadcast.on_first = broadcast.close
    track = PacketTrack("audio", broadcast.subscribe)
    with pytest.raises(MediaStreamError):
        await track.recv()
    assert track.readyState == "ended"


async def test_a_failing_source_is_the_end_of_the_track(caplog):
    def fail():
        raise RuntimeError("the avatar is gone")

    with pytest.raises(MediaStreamError):
        await PacketTrack("video", fail).recv()
    assert "the avatar is gone" in caplog.text
