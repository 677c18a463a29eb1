"""By how much sound comes after the picture of the same moment: on the wire, and in a browser.

The pictures of `avatar_rtc.bench.clapper_server` flash while a beep sounds. How long after the beginning of
the beep the first bright picture was due is known from its media time, and taken off.
"""

import asyncio
import contextlib
import json
import shutil
import statistics
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from avatar_rtc.bench.measurement import Measurement, skipped
from avatar_rtc.bench.served import Served, served
from avatar_rtc.bench.wire import Signal, Wire, hear, note_bright_pictures, wires_of
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.errors import SetupError
from avatar_rtc.sound.files import write_sound
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ, VIDEO_CLOCK_HZ

WIRE_MS = (-10.0, 10.0)
BROWSER_MS = (-90.0, 45.0)
"""What people do not notice (ITU-R BT.1359), less what screen and loudspeaker add."""
WIRE, BROWSER = "sound after picture on the wire", "sound after picture in Chromium"
PROGRAM = "avatar_rtc.bench.clapper_server"
PAGE = Path(__file__).with_name("clapper.html")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
SETTLE_S = 30.0
"""A browser's buffers start long, and need so long to bring sound and picture together."""
BEEP_LEVEL = 20_000
HEARD_LEVEL = BEEP_LEVEL // 4
BEEP_S = 3.0
"""On the wire: long enough that both tracks report while it sounds, when D stands still."""
SHORT_BEEP_S = 0.5
_APART_S = 1.0
"""Silence and darkness between claps."""
_PATIENCE_MS = 10_000


@dataclass(frozen=True)
class Heard:
    """One clap, in s of whatever clock its observer has."""

    speech: str
    beep: float
    flash: float

    def offset_ms(self, flash_delays: Mapping[str, float]) -> float:
        """By how many ms the sound came after the picture of the same media time."""
        return (self.beep - self.flash + flash_delays[self.speech]) * 1000


def measure(quick: bool) -> list[Measurement]:
    """Clap for a viewer of ours, then for Chromium."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "claps.json"
        with served("--animator", "static", program=(PROGRAM, str(log))) as server:
            wire = asyncio.run(_wire_claps(server.url, 2 if quick else 10))
            runs, why = browser_runs(
                server, runs=1 if quick else 3, settle_s=5.0 if quick else SETTLE_S, claps=3 if quick else 12
            )
            delay_ms = server.state()["delay_ms"]
        delays = flash_delays(log)
    offsets = [clap.offset_ms(delays) for clap in wire]
    worst = max(offsets, key=abs)
    found = [within(f"{WIRE}, worst", worst, WIRE_MS, delay_ms=delay_ms, offsets_ms=_rounded(offsets))]
    if not runs:
        return [*found, skipped(BROWSER, why)]
    medians = [statistics.median(clap.offset_ms(delays) for clap in run) for run in runs]
    name = f"{BROWSER}, median of {len(runs)} run{'s' * (len(runs) > 1)}"
    spread = [_rounded([clap.offset_ms(delays) for clap in run]) for run in runs]
    return [*found, within(name, statistics.median(medians), BROWSER_MS, runs_ms=spread)]


def within(name: str, value: float, limits: tuple[float, float], **detail: Any) -> Measurement:
    """A figure in ms that is good between two limits."""
    low, high = limits
    return Measurement(name, round(value, 2), "ms", f"{low:g}..{high:g}", low <= value <= high, detail)


def beep(seconds: float) -> bytes:
    """A sine of 1 kHz as a WAV file of 48 kHz, which begins and ends at once."""
    t = np.arange(round(seconds * AUDIO_CLOCK_HZ)) / AUDIO_CLOCK_HZ
    pcm = (np.sin(2 * np.pi * 1000 * t) * BEEP_LEVEL).astype(np.int16)
    return write_sound(pcm, AUDIO_CLOCK_HZ, "wav", AUDIO_CLOCK_HZ)


def post_beep(url: str, seconds: float, avatar: str = "main") -> str:
    """Let the avatar beep as soon as may be; gives the speech id."""
    request = urllib.request.Request(
        f"{url}api/v1/avatars/{avatar}/audio", beep(seconds), {"Content-Type": "audio/wav"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return str(json.load(response)["speech_id"])


def flash_delays(log: Path) -> dict[str, float]:
    """Speech id → s from its beginning to its first bright picture, both as media times."""
    claps = json.loads(log.read_text())
    return {clap["speech"]: clap["flash"] - clap["begin"] for clap in claps if clap["flash"] is not None}


@dataclass(frozen=True)
class Audience:
    """A viewer of ours that hears beeps and sees flashes."""

    url: str
    sounds: Wire
    pictures: Wire
    voice: Signal
    flash: Signal
    avatar: str = "main"

    async def clap(self) -> Heard:
        """Let it beep after silence; the times are those of the sender's NTP clock.

        Raises:
            TimeoutError: a beep, a flash or a report did not come.
        """
        self.voice.forget()
        self.flash.forget()
        speech = await asyncio.to_thread(post_beep, self.url, BEEP_S, self.avatar)
        return await self.hear(speech)

    async def hear(self, speech: str) -> Heard:
        """The clap of a beep that was asked for by this or another viewer; raises as `clap`."""
        heard, seen = await self.voice.onset(), await self.flash.onset()
        now = time.monotonic()
        await asyncio.gather(self.sounds.report_after(now), self.pictures.report_after(now))
        found = Heard(speech, self.sounds.sent(heard.rtp), self.pictures.sent(seen.rtp))
        await asyncio.sleep(max(0.0, heard.seen + BEEP_S + 1.5 * _APART_S - time.monotonic()))
        return found


@contextlib.asynccontextmanager
async def audience(url: str, avatar: str = "main") -> AsyncIterator[Audience]:
    """A viewer of an avatar of a server, connected while the block lasts."""
    address = f"{url}api/v1/avatars/{avatar}"
    async with AvatarClient(address, video="matte", audio=True) as viewer:
        sounds, pictures = wires_of(viewer)
        voice, flash = Signal(round(_APART_S * AUDIO_CLOCK_HZ)), Signal(round(_APART_S * VIDEO_CLOCK_HZ))
        readers = [
            asyncio.create_task(hear(viewer.audio(), sounds, voice, HEARD_LEVEL)),
            asyncio.create_task(note_bright_pictures(viewer.frames(), pictures, flash)),
        ]
        try:
            yield Audience(url, sounds, pictures, voice, flash, avatar)
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)


async def _wire_claps(url: str, count: int) -> list[Heard]:
    async with audience(url) as viewer:
        await asyncio.sleep(2.0)  # D settles
        return [await viewer.clap() for _ in range(count)]


def browser_runs(server: Served, runs: int, settle_s: float, claps: int) -> tuple[list[list[Heard]], str]:
    """Claps in Chromium, each run with a fresh one; or none, and why.

    Raises:
        SetupError: Chromium breaks down, or hears or sees nothing.
    """
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        return [], "no Chromium is installed (Debian: apt-get install chromium)"
    if find_spec("playwright") is None:
        return [], "Chromium is driven by playwright: pip install playwright"
    return [_browser_run(server, program, settle_s, claps) for _ in range(runs)], ""


def _browser_run(server: Served, program: str, settle_s: float, claps: int) -> list[Heard]:
    with _page(server, program) as page:
        page.wait_for_timeout(settle_s * 1000)
        return [_browser_clap(server, page) for _ in range(claps)]


@contextlib.contextmanager
def _page(server: Served, program: str) -> Iterator[Any]:
    """The clapper's page in a fresh Chromium, connected to a server that knows nothing of the page."""
    from playwright.sync_api import Error, sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        try:
            page = browser.new_page()
            page.set_default_timeout(_PATIENCE_MS)
            page.route("**/clapper", lambda route: route.fulfill(path=PAGE))
            page.goto(f"{server.url}clapper")
            page.wait_for_function("window.isReady")
            yield page
        except Error as error:
            raise SetupError(f"Chromium: {error}") from error
        finally:
            browser.close()


def _browser_clap(server: Served, page: Any) -> Heard:
    page.evaluate("forget()")
    speech = post_beep(server.url, SHORT_BEEP_S)
    page.wait_for_function("clap.beep && clap.flash")
    clap = page.evaluate("clap")
    page.wait_for_timeout((SHORT_BEEP_S + _APART_S) * 1000)
    return Heard(speech, clap["beep"] / 1000, clap["flash"] / 1000)


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, 1) for value in values]
