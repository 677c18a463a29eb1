"""What Chromium decodes, shows and conceals on a way that loses packets, beside the same on a clean one."""

import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from avatar_rtc.bench.clapper import CHROMIUM
from avatar_rtc.bench.lossy import Paths, lossy_way
from avatar_rtc.bench.measurement import percentile
from avatar_rtc.errors import SetupError

LOSS_PAGE = Path(__file__).with_name("loss_page.html")
FLAGS = ("--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required", "--mute-audio")
MORE_FLAGS = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")
"""Our element draws by WebGL."""
PATIENCE_MS = 20_000

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
