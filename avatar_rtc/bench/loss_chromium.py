"""What Chromium decodes, shows and conceals on a way that loses packets, beside the same on a clean one."""

import asyncio
import contextlib
import json
import shutil
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, get_args

from avatar_rtc.bench.clapper import CHROMIUM
from avatar_rtc.bench.loss_ways import LOSS_SEED, REACHES, SENTENCES, Reach
from avatar_rtc.bench.lossy import Paths, lossy_way
from avatar_rtc.bench.measurement import Measurement, at_least, at_most, percentile, skipped
from avatar_rtc.errors import SetupError

LOSS_PAGE = Path(__file__).with_name("loss_page.html")
FLAGS = ("--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required", "--mute-audio")
MORE_FLAGS = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")
"""Our element draws by WebGL."""
PATIENCE_MS = 20_000
SPOKEN_AGAIN_S = 45.0
"""What is said takes longer."""

Player = Literal["video", "element"]
"""A plain <video> with WHEP, as any page has it, or our <avatar-rtc>."""


@dataclass(frozen=True)
class BrowserView:
    """What a browser had of a stream."""

    decoded: float
    """Pictures a second; so are those shown."""
    shown: float
    gap_p999_s: float
    gap_s: float
    """The longest without a new picture on the screen."""
    concealed: float
    """Per cent of the sound."""
    detail: dict[str, Any]


def why_no_chromium() -> str:
    """What is missing to drive Chromium; empty if nothing is."""
    if not any(map(shutil.which, CHROMIUM)):
        return "no Chromium is installed (Debian: apt-get install chromium)"
    return "" if find_spec("playwright") else "Chromium is driven by playwright: pip install playwright"


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Any]:
    """A Chromium without a screen; ended with the block.

    Raises:
        SetupError: it breaks down, or shows nothing.
    """
    from playwright.async_api import Error, async_playwright

    program = next(filter(None, map(shutil.which, CHROMIUM)))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=[*FLAGS, *MORE_FLAGS])
        try:
            yield browser
        except Error as error:
            raise SetupError(f"Chromium: {error}") from error
        finally:
            await browser.close()


async def watch_in(
    browser: Any, url: str, way: Paths, seed: int, settle_s: float, seconds: float, player: Player = "video"
) -> BrowserView:
    """What a page of its own gets by a way.

    Args:
        settle_s: before it is measured: a viewer learns of its way by what gets lost.
    """
    async with lossy_way(url, way, seed) as opened:
        page = await browser.new_page()
        try:
            page.set_default_timeout(PATIENCE_MS)
            await page.route("**/loss*", lambda route: route.fulfill(path=LOSS_PAGE))
            await page.goto(f"{opened.url}loss{'?element' * (player == 'element')}")
            await page.wait_for_function("window.isReady", polling=50)
            await page.wait_for_timeout(settle_s * 1000)
            found = await page.evaluate("(seconds) => measure(seconds)", seconds)
        finally:
            await page.close()
        gaps = [gap / 1000 for gap in found["gaps_ms"]]
        return BrowserView(
            decoded=round(found["decoded"], 2),
            shown=round(found["shown"], 2),
            gap_p999_s=round(percentile(gaps, 99.9), 3),
            gap_s=round(max(gaps), 3),
            concealed=round(found["concealed"], 2),
            detail={
                name: round(value, 1) if isinstance(value, float) else value
                for name, value in found["detail"].items()
            }
            | {"way_lost": opened.lost, "way_passed": opened.passed},
        )


async def chromium_figures(url: str, seconds: float, settle_s: float) -> list[Measurement]:
    """Each way, seen by a plain <video> and by our element; before that without loss."""
    if why := why_no_chromium():
        return [skipped("Chromium under loss", why)]
    found: list[Measurement] = []
    async with speaking(url), chromium() as browser:
        for player in get_args(Player):
            clean = await watch_in(browser, url, Paths(), LOSS_SEED, settle_s, min(seconds, 10.0), player)
            for name, reach in REACHES.items():
                lossy = await watch_in(browser, url, reach.way, LOSS_SEED, settle_s, seconds, player)
                found += browser_figures(f"{name}, Chromium's {player}", reach, lossy, clean)
    return found


def browser_figures(name: str, reach: Reach, lossy: BrowserView, clean: BrowserView) -> list[Measurement]:
    """Of one way and player; the same without loss in the details."""
    return [
        at_least(
            f"{name}: pictures decoded", lossy.decoded, "/s", reach.fps, clean=clean.decoded, **lossy.detail
        ),
        at_least(f"{name}: pictures shown", lossy.shown, "/s", reach.fps, clean=clean.shown),
        at_most(f"{name}: gaps, p99.9", lossy.gap_p999_s, "s", reach.gap_p999_s, clean=clean.gap_p999_s),
        at_most(f"{name}: longest gap", lossy.gap_s, "s", reach.gap_s, clean=clean.gap_s),
        at_most(f"{name}: sound made up", lossy.concealed, "%", reach.concealed, clean=clean.concealed),
    ]


@contextlib.asynccontextmanager
async def speaking(url: str) -> AsyncIterator[None]:
    """The avatar `main` of a server speaks while the block lasts."""

    def say() -> None:
        body = json.dumps({"text": SENTENCES}).encode()
        kind = {"Content-Type": "application/json"}
        with urllib.request.urlopen(
            urllib.request.Request(f"{url}api/v1/avatars/main/speech", body, kind), timeout=30
        ):
            pass

    async def go_on() -> None:
        while True:
            await asyncio.to_thread(say)
            await asyncio.sleep(SPOKEN_AGAIN_S)

    talk = asyncio.create_task(go_on())
    try:
        yield
    finally:
        talk.cancel()
        await asyncio.gather(talk, return_exceptions=True)
