"""The way between rungs: packets in the order of their times, no references of two rungs, none twice."""

import asyncio
import random
from dataclasses import replace
from fractions import Fraction

import av
import pytest

from avatar_rtc.media.broadcast import Broadcast, EndOfStream, Packet
from avatar_rtc.media.ladder import Ladder
from avatar_rtc.stream.frame import Rendition

UPPER = Rendition("h264", "alpha")
LOWER = replace(UPPER, rung="lower")


class Rungs:
    """Two rungs whose packets say what they are."""

    def __init__(self) -> None:
        self.broadcasts: dict[Rendition, Broadcast[Packet]] = {
            rendition: Broadcast("video", 30) for rendition in (UPPER, LOWER)
        }
        self.asked: list[Rendition] = []
        self.moved: list[Rendition] = []

    def ladder(self, **options) -> Ladder:
        return Ladder(
            UPPER, lambda r: self.broadcasts[r].subscribe(), self.asked.append, self.moved.append, **options
        )

    def publish(self, rendition: Rendition, n: int, key: bool = False) -> None:
        packet = av.Packet(f"{rendition.rung} {n} {'key' if key else ''}".encode())
        packet.pts, packet.time_base, packet.is_keyframe = 3000 * n, Fraction(1, 90_000), key
        self.broadcasts[rendition].publish(packet, key)


async def soon(ladder: Ladder) -> tuple[str, int | None]:
    packet = await asyncio.wait_for(ladder.next(), 1)
    return bytes(packet).decode().strip(), packet.pts


async def test_it_reads_on_above_until_there_is_a_keyframe_below():
    rungs = Rungs()
    ladder = rungs.ladder()
    rungs.publish(UPPER, 0, key=True)
    assert await soon(ladder) == ("upper 0 key", 0)
    ladder.move("lower")
    ladder.move("lower")
    assert rungs.asked == [LOWER]
    rungs.publish(UPPER, 1)
    rungs.publish(LOWER, 1)
    assert await soon(ladder) == ("upper 1", 3000)
    rungs.publish(UPPER, 2)
    rungs.publish(LOWER, 2, key=True)
    assert await soon(ladder) == ("lower 2 key", 6000)
    assert (rungs.moved, rungs.broadcasts[UPPER].viewers) == ([LOWER], 0)
    rungs.publish(LOWER, 3)
    assert await soon(ladder) == ("lower 3", 9000)


async def test_upwards_it_asks_for_nothing_and_may_change_its_mind():
    rungs = Rungs()
    ladder = rungs.ladder()
    ladder.move("lower")
    rungs.publish(LOWER, 0, key=True)
    assert await soon(ladder) == ("lower 0 key", 0)
    rungs.asked.clear()
    ladder.move("upper")
    assert rungs.asked == [] and rungs.broadcasts[UPPER].viewers == 1
    ladder.move("lower")
    assert rungs.broadcasts[UPPER].viewers == 0
    rungs.publish(LOWER, 1)
    assert await soon(ladder) == ("lower 1", 3000)
    assert rungs.moved == [LOWER]


async def test_a_keyframe_that_comes_late_has_a_time_of_its_own():
    rungs = Rungs()
    ladder = rungs.ladder()
    rungs.publish(UPPER, 5, key=True)
    await soon(ladder)
    ladder.move("lower")
    for n in (4, 5, 6):
        rungs.publish(LOWER, n, key=n == 4)
    assert [await soon(ladder) for _ in range(3)] == [
        ("lower 4 key", 15_001), ("lower 5", 15_002), ("lower 6", 18_000)
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(30))
async def test_whatever_is_asked_for_can_be_decoded(seed):
    chance, rungs = random.Random(seed), Rungs()
    ladder, read, last = rungs.ladder(), [], None

    async def reader():
        while True:
            read.append(await ladder.next())

    task = asyncio.create_task(reader())
    for n in range(300):
        if chance.random() < 0.1:
            ladder.move(chance.choice(("upper", "lower")))
        for rendition in chance.sample((UPPER, LOWER), 2):
            if rendition == UPPER or n % 2 == 0:
                rungs.publish(rendition, n, key=chance.random() < 0.1)
            if chance.random() < 0.7:
                await asyncio.sleep(0)
    await asyncio.sleep(0)
    ladder.close()
    with pytest.raises(EndOfStream):
        await task
    times = [packet.pts for packet in read]
    assert times == sorted(set(times)) and len(read) > 50
    for packet in read:
        rung, n, *key = bytes(packet).decode().split()
        assert key or (rung, int(n) - (2 if rung == "lower" else 1)) == last, (
            f"{seed}: after {last} {rung} {n}"
        )
        last = rung, int(n)
    assert all(broadcast.viewers == 0 for broadcast in rungs.broadcasts.values())


async def test_what_does_not_pass_is_not_given_and_takes_no_time_of_its_own():
    rungs = Rungs()
    ladder = rungs.ladder(passes=lambda packet: b" 1" not in bytes(packet))
    for n in range(3):
        rungs.publish(UPPER, n, key=n == 0)
    assert [await soon(ladder) for _ in range(2)] == [("upper 0 key", 0), ("upper 2", 6000)]
