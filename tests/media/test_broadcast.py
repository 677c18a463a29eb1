"""Fan-out: never waits, is bounded, drops to the next keyframe and counts."""

import asyncio

import av
import pytest

from avatar_rtc.media.broadcast import Broadcast, EndOfStream


def packet(n: int) -> av.Packet:
    made = av.Packet(bytes([n]))
    made.pts = n
    return made


def publish(broadcast: Broadcast, numbers: range, keys: tuple[int, ...] = ()) -> None:
    for n in numbers:
        broadcast.publish(packet(n), n in keys)


async def drain(subscription) -> list[int]:
    got = []
    while True:
        try:
            got.append((await asyncio.wait_for(subscription.next(), 0.01)).pts)
        except TimeoutError:
            return got


async def test_a_viewer_starts_at_a_keyframe_and_has_lost_nothing():
    broadcast = Broadcast("video", 10)
    subscription = broadcast.subscribe()
    assert subscription.needs_key
    publish(broadcast, range(6), keys=(3,))
    assert await drain(subscription) == [3, 4, 5]
    assert (subscription.needs_key, subscription.dropped) == (False, 0)


async def test_a_slow_viewer_drops_to_the_next_keyframe_and_counts():
    broadcast = Broadcast("video", 4)
    slow, quick = broadcast.subscribe(), broadcast.subscribe()
    seen = []
    for n in range(12):
        broadcast.publish(packet(n), n in (0, 9))
        seen += await drain(quick)
    # 0..3 filled the queue; 4 emptied it; 5..8 could not be decoded.
    assert await drain(slow) == [9, 10, 11]
    assert slow.dropped == 9
    assert seen == list(range(12)) and quick.dropped == 0
    slow.close()
    assert broadcast.dropped == 9


async def test_a_keyframe_that_overflows_is_kept():
    broadcast = Broadcast("video", 2)
    slow = broadcast.subscribe()
    publish(broadcast, range(3), keys=(0, 2))
    assert await drain(slow) == [2]
    assert slow.dropped == 2


async def test_every_packet_of_audio_starts():
    broadcast = Broadcast("audio", 3)
    subscription = broadcast.subscribe()
    publish(broadcast, range(5))
    assert await drain(subscription) == [3, 4]
    assert subscription.dropped == 3


async def test_the_same_packet_reaches_everyone():
    broadcast = Broadcast("video", 3)
    subscriptions = [broadcast.subscribe() for _ in range(8)]
    shared = packet(1)
    broadcast.publish(shared, True)
    assert all([await s.next() is shared for s in subscriptions])


async def test_first_and_last():
    calls = []
    broadcast = Broadcast("video", 3, lambda: calls.append("first"), lambda: calls.append("last"))
    one, two = broadcast.subscribe(), broadcast.subscribe()
    one.close()
    one.close()
    assert (calls, broadcast.viewers) == (["first"], 1)
    two.close()
    broadcast.subscribe()
    assert calls == ["first", "last", "first"]
    broadcast.close()
    assert (calls[-1], broadcast.viewers) == ("last", 0)


async def test_closing_ends_a_waiting_reader():
    broadcast = Broadcast("video", 3)
    subscription = broadcast.subscribe()
    reader = asyncio.create_task(subscription.next())
    await asyncio.sleep(0)
    broadcast.close()
    with pytest.raises(EndOfStream):
        await reader
    with pytest.raises(EndOfStream):
        await subscription.next()


async def test_a_cancelled_reader_loses_nothing():
    broadcast = Broadcast("video", 3)
    subscription = broadcast.subscribe()
    reader = asyncio.create_task(subscription.next())
    await asyncio.sleep(0)
    publish(broadcast, range(2), keys=(0,))
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    assert await drain(subscription) == [0, 1]
