"""A stranger's picture at once: uploaded, watched, and fluid, by a server without a card.

The stranger is a shipped character in colours that nobody has met: nothing of it lies in any cache.
"""

import asyncio
import itertools
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from avatar_rtc.bench.measurement import Measurement, at_least, at_most, skipped, told
from avatar_rtc.bench.served import served
from avatar_rtc.characters.image import write_picture
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.client.server import Server
from avatar_rtc.resources import resource

FLUID_AFTER = "seconds from the upload of a stranger's picture to 20 fps of it"
FLUID_FPS, MOST_S = 20.0, 120.0
GOOD_RIG = {"whole": 28.0, "mouth": 24.0, "eyes": 22.0}
"""Mean PSNR in dB that the rig is to have by then."""
_WINDOW_S, _GIVEN_UP_S, _AFTER_S = 2.0, 420.0, 60.0


@dataclass
class Arrivals:
    """When pictures came, in CLOCK_MONOTONIC seconds."""

    arrived: list[float] = field(default_factory=list)

    def fluid_at(self, fps: float = FLUID_FPS, window_s: float = _WINDOW_S) -> float | None:
        """The end of the first window in which so many came; None if there is none yet.

        >>> Arrivals([0.0, 1.0, 2.0, *(2 + n / 25 for n in range(1, 51))]).fluid_at()
        3.56
        """
        most = round(fps * window_s)
        ends = zip(self.arrived, self.arrived[most - 1 :], strict=False)
        return next((end for begin, end in ends if end - begin <= window_s), None)

    def longest_gap_s(self, since: float) -> float:
        """Between two pictures that came after that second.

        >>> Arrivals([0.0, 5.0, 5.1, 5.4]).longest_gap_s(5.0)
        0.3
        """
        later = [at for at in self.arrived if at >= since]
        return round(max((b - a for a, b in itertools.pairwise(later)), default=0.0), 6)


def measure(quick: bool) -> list[Measurement]:
    """Upload, watch, and wait; not quick in any sense."""
    if quick:
        return [skipped(FLUID_AFTER, "takes minutes")]
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "settings.toml"
        settings.write_text(f'data_dir = "{Path(folder).as_posix()}"\n')
        with served("--device", "cpu", "--config", str(settings), "--character", "liora") as server:
            return asyncio.run(_stranger(server.url, stranger(time.time_ns())))


def stranger(seed: int) -> bytes:
    """A PNG that nobody has met: a shipped character with its colours exchanged and shifted by chance."""
    random = np.random.default_rng(seed)
    rgba = CharacterStore(resource("assets", "characters"), Path()).load("tavi").copy()
    rgba[..., :3] = rgba[..., random.permutation(3)]
    shift = random.integers(-12, 13, 3)
    rgba[..., :3] = np.clip(rgba[..., :3].astype(np.int16) + shift, 0, 255)
    return write_picture(rgba, "png")


async def _stranger(url: str, png: bytes) -> list[Measurement]:
    async with Server(url) as server:
        begun = time.monotonic()
        await server.upload_character("stranger", png)
        await server.create_avatar("stranger", character="stranger", animator="auto")
        async with AvatarClient(server.address("stranger")) as viewer:
            watched = Arrivals()
            watching = asyncio.create_task(_watch(viewer, watched))
            try:
                fluid = await _until_fluid(watched, begun)
                state = await server.avatar("stranger")
                if fluid is not None:
                    await asyncio.sleep(_AFTER_S)
            finally:
                watching.cancel()
    return _figures(watched, begun, fluid, state)


async def _watch(viewer: AvatarClient, watched: Arrivals) -> None:
    async for _ in viewer.frames():
        watched.arrived.append(time.monotonic())


async def _until_fluid(watched: Arrivals, begun: float) -> float | None:
    while time.monotonic() < begun + _GIVEN_UP_S:
        await asyncio.sleep(1.0)
        if (fluid := watched.fluid_at()) is not None:
            return fluid
    return None


def _figures(
    watched: Arrivals, begun: float, fluid: float | None, state: dict[str, Any]
) -> list[Measurement]:
    if fluid is None:
        return [Measurement(FLUID_AFTER, None, "s", f"<= {MOST_S:g}", False, {"failed": "it never was"})]
    learnt = state["distillation"]
    found = [at_most(FLUID_AFTER, fluid - begun, "s", MOST_S, shown=learnt["shown"])]
    for region, decibels in learnt.get("measured", {}).items():
        found.append(at_least(f"the rig then, {region}", decibels, "dB", GOOD_RIG[region]))
    gap = watched.longest_gap_s(fluid)
    found.append(told(f"longest gap in {_AFTER_S:g} s after, better rigs swapped in", gap * 1000, "ms"))
    return found
