"""Chromium on a way that loses packets: pictures are shown, each in its turn, and sound is not made up.

What a browser without a card shows depends on how busy the machine is; so it is held to what it shows on a
clean way, a moment before, and to what arrived.
"""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from avatar_rtc.bench.loss_chromium import BrowserView, chromium, speaking, watch_in
from avatar_rtc.bench.loss_ways import REACHES, Reach
from avatar_rtc.bench.lossy import Paths
from tests.web.conftest import CHROMIUM, Server

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")]
FULL_FPS = 30


def check(seen: BrowserView, clean: BrowserView, reach: Reach, leeway: float) -> None:
    arrived = seen.detail["received"]
    assert arrived > clean.shown / 2, (seen, clean)
    machine = min(clean.shown, arrived, FULL_FPS) / FULL_FPS
    assert seen.shown >= leeway * reach.fps * machine, (seen, clean)
    assert seen.gap_s <= reach.gap_s, (seen, clean)
    assert seen.concealed <= reach.concealed + clean.concealed, (seen, clean)


def beside_playwright(work: Coroutine[Any, Any, tuple[BrowserView, BrowserView]]) -> Any:
    """On a loop in a thread of its own: the browser of other tests holds that of this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def test_pictures_are_shown_and_sound_is_heard(tmp_path):
    server = Server(tmp_path)
    url, reach = f"{server.url}/", next(iter(REACHES.values()))

    async def watch() -> tuple[BrowserView, BrowserView]:
        async with chromium() as browser:
            clean = await watch_in(browser, url, Paths(), 1, 0.3, 1.0)
            return clean, await watch_in(browser, url, reach.way, 1, 2.5, 2.0)

    try:
        clean, seen = beside_playwright(watch())
    finally:
        server.close()
    # What the way swallowed, by its own count: a browser takes off again what came late.
    assert seen.detail["way_lost"] > 20 and seen.detail["sent_again"] > 5
    # Copies in sound (RED) come where something is lost, and nowhere else.
    assert seen.detail["sound_packet_bytes"] > 1.8 * clean.detail["sound_packet_bytes"]
    check(seen, clean, replace(reach, concealed=2.5), leeway=0.8)  # three blocks in so short a time


@pytest.mark.soak
@pytest.mark.parametrize("player", ["video", "element"])
@pytest.mark.parametrize("name", REACHES)
def test_five_minutes(tmp_path, name, player):
    server = Server(tmp_path)
    url = f"{server.url}/"

    async def watch() -> tuple[BrowserView, BrowserView]:
        async with speaking(url), chromium() as browser:
            clean = await watch_in(browser, url, Paths(), 1, 5, 20, player)
            return clean, await watch_in(browser, url, REACHES[name].way, 1, 10, 300, player)

    try:
        clean, seen = beside_playwright(watch())
    finally:
        server.close()
    print(f"{name}, {player}: {seen}, beside {clean}")
    check(seen, clean, REACHES[name], leeway=1.0)
    assert seen.gap_p999_s <= REACHES[name].gap_p999_s, (seen, clean)
