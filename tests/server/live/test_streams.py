"""One encode per rendition, and few keyframes however many ask."""

import asyncio

import pytest

from avatar_rtc.clock import MediaClock
from avatar_rtc.link.orders import RequestKeyframe, StartRendition, StopRendition
from avatar_rtc.server.live.streams import KEYFRAME_INTERVAL_S, Streams
from avatar_rtc.stream.frame import EncodedFrame, Rendition, video_pts
from tests.waiting import until

H264, VP8 = Rendition("h264", "alpha"), Rendition("vp8", "alpha")


@pytest.fixture
async def sent():
    return []


@pytest.fixture
async def streams(sent):
    streams = Streams("main", MediaClock(asyncio.get_running_loop().time()), sent.append)
    yield streams
    streams.close()


def frame(streams, key):
    return EncodedFrame("main", H264, video_pts(streams.release._clock.t()), key, b"\0\0\0\1\x65")


async def test_first_starts_and_last_stops(streams, sent):
    first, second, other = streams.watch(H264), streams.watch(H264), streams.watch(VP8)
    assert sent == [StartRendition("main", H264), StartRendition("main", VP8)]
    assert streams.renditions() == [
        {"codec": "h264", "layout": "alpha", "rung": "upper", "viewers": 2},
        {"codec": "vp8", "layout": "alpha", "rung": "upper", "viewers": 1},
    ]
    for subscription in (first, other, second):
        subscription.close()
    assert sent[2:] == [StopRendition("main", VP8), StopRendition("main", H264)]
    assert streams.renditions() == []


async def test_keyframe_requests_are_coalesced(streams, sent):
    streams.watch(H264)
    for _ in range(20):
        streams.request_keyframe(H264)
    assert sent[1:] == [RequestKeyframe("main", H264)]
    await until(lambda: len(sent) > 2)
    await asyncio.sleep(KEYFRAME_INTERVAL_S * 1.5)
    assert sent[1:] == [RequestKeyframe("main", H264)] * 2


async def test_keyframe_on_its_way_answers_those_who_wait(streams, sent):
    streams.watch(H264)
    streams.request_keyframe(H264)
    streams.request_keyframe(H264)
    streams.publish(frame(streams, key=True))
    await asyncio.sleep(KEYFRAME_INTERVAL_S * 1.5)
    assert sent[1:] == [RequestKeyframe("main", H264)]
    streams.request_keyframe(H264)
    assert sent[1:] == [RequestKeyframe("main", H264)] * 2


async def test_frames_reach_every_watcher_as_one_packet(streams):
    watchers = [streams.watch(H264) for _ in range(3)]
    sent = frame(streams, key=True)
    streams.publish(sent)
    packets = [await asyncio.wait_for(watcher.next(), 1) for watcher in watchers]
    assert packets[0] is packets[1] is packets[2]
    assert (bytes(packets[0]), packets[0].pts) == (sent.data, sent.pts)


async def test_restart_tells_only_of_what_is_watched(streams, sent):
    streams.watch(H264)
    streams.watch(VP8).close()
    sent.clear()
    streams.restart()
    assert sent == [StartRendition("main", H264)]
