"""A viewer on a link of 300 kbit/s: it plays, its sound and picture stay together, and it comes up again."""

import asyncio
import time
from typing import Any

import pytest

from avatar_rtc.bench.narrow import Bottleneck, narrow_way
from avatar_rtc.bench.rungs import NarrowSeen, Others, RungsFound, rungs_figures, viewers_of
from avatar_rtc.bench.served import served
from avatar_rtc.bench.wire import wires_of
from avatar_rtc.client.client import AvatarClient
from tests.lean import PROGRAM

ALIGNED_S = 0.02


def test_a_bottleneck_carries_its_rate_and_loses_what_finds_no_room():
    link = Bottleneck(80_000.0, queue_s=0.2)
    held = [link.held_s(972, n / 100) for n in range(300)]  # 100 kB/s into 10 kB/s
    assert held[0] == pytest.approx(0.1) and max(filter(None, held)) <= 0.2
    assert link.carried_bytes == pytest.approx(10_000 * 3.2, rel=0.1)
    assert link.offered_bytes == 300_000
    assert Bottleneck(None).held_s(1000, 0.0) == 0.0


def test_the_figures_tell_who_suffered():
    others = Others(30.0, 0.1, 600.0, 50.0)
    good = NarrowSeen(28.0, 0.9, ("lower",), 280_000.0, 9.0, 30.0)
    assert all(each.passed is not False for each in rungs_figures(RungsFound(others, others, good)))
    bad = NarrowSeen(3.0, 9.0, ("upper",), 9e6, None, 0.0)
    figures = rungs_figures(RungsFound(others, Others(25.0, 2.4, 1500.0, 900.0), bad))
    assert [each.passed for each in figures] == [False, None, False, False, False, False]


@pytest.mark.realtime
def test_a_poor_link_plays_and_is_up_again_when_it_is_good():
    with served("--animator", "static", program=PROGRAM) as server:
        asyncio.run(narrowly(server.url))


async def narrowly(url: str) -> None:
    async def told() -> dict[str, Any]:
        return (await asyncio.to_thread(viewers_of, url))[-1]

    async def rung_is(wanted: str, within_s: float) -> None:
        async with asyncio.timeout(within_s):
            while (await told())["rung"] != wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    async with narrow_way(url, 300_000) as (way, link), AvatarClient(way.url, audio=True) as narrow:
        sounds, pictures = wires_of(narrow)

        async def reports() -> None:
            now = time.monotonic()
            await asyncio.gather(sounds.report_after(now), pictures.report_after(now))

        await rung_is("lower", 10.0)
        await asyncio.sleep(0.5)
        begin, seen = time.monotonic(), narrow.received
        await reports()
        apart = pictures.sent(0) - sounds.sent(0)
        await asyncio.sleep(max(0.0, begin + 2.0 - time.monotonic()))
        assert (narrow.received - seen) / (time.monotonic() - begin) >= 12
        link.bps = None
        await rung_is("upper", 30.0)
        await reports()
        assert abs(pictures.sent(0) - sounds.sent(0) - apart) <= ALIGNED_S
        assert (await told())["moves"] >= 2
