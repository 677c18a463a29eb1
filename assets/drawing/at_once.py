"""The clip docs/at_once.mp4: a stranger's PNG in its first two minutes on a server without a GPU.

A real server learns it while it is recorded: THA3 at its crawl, then the rig, then better ones. What is new
is shown as fast as it was, what lies between in time lapse. A clock tells the seconds since the upload.
Minutes; wants the weights, and two idle cores: python assets/drawing/at_once.py
"""

import asyncio
import random
import tempfile
import time
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from variations import Variation, svg

from avatar_rtc.bench.served import served
from avatar_rtc.client.server import Server
from avatar_rtc.media.recording import Recording

FILE = Path(__file__).resolve().parents[2] / "docs" / "at_once.mp4"
HAIR = (0x5A, 0x4A, 0x96)
SECONDS = 120.0
"""Of the recording, from the upload."""
FPS = 25
AS_IT_WAS_S = 5.0
"""From each change on."""
LAPSE = 16.0
DIFFERENCE = 8
"""Of a value of 255: less is what an encoder makes of a picture that stands still."""
GROUND = "#32364a"
SIZE = (512, 512)
NAMES = {"THA3": "THA3", "rig": "a rig", "student": "a student"}


@dataclass(frozen=True)
class Shown:
    """What moved the avatar from a second on."""

    begin: float
    """Since the upload."""
    what: str
    """THA3, rig or student."""
    decibels: float | None = None
    """Of the whole picture, on held-out poses; None while it is THA3 itself."""


def stranger() -> bytes:
    """A PNG of 1024 px that no cache has met: its hair has a colour of its own each time."""
    hair = "#" + "".join(f"{middle + random.randrange(-6, 7):02x}" for middle in HAIR)
    drawing = svg(Variation(base="tavi", hair=hair, iris="#c04a7a", lash="#2a1a30", lower=2.0))
    return bytes(resvg_py.svg_to_bytes(svg_string=drawing, width=1024, height=1024))


def shown_of(begin: float, state: dict[str, Any]) -> Shown:
    """What an avatar's state tells of it."""
    learnt = state.get("distillation") or {}
    return Shown(begin, learnt.get("shown", "THA3"), learnt.get("measured", {}).get("whole"))


async def recorded(url: str, path: Path) -> tuple[float, list[Shown]]:
    """Save the recording; gives the second at which it began, and what was shown when."""
    async with Server(url) as server:
        begun = time.monotonic()
        await server.upload_character("stranger", stranger())
        await server.create_avatar("stranger", "stranger", animator="auto", framing="bust")
        while (await server.avatar("stranger"))["state"] != "live":  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        start = time.monotonic() - begun
        kept = await server.start_recording("stranger", size=SIZE, backdrop={"colour": GROUND}, max_s=SECONDS)
        seen: list[Shown] = []
        while (await server.recording("stranger", kept["id"]))["state"] != "done":
            now = shown_of(time.monotonic() - begun, await server.avatar("stranger"))
            if not seen or (now.what, now.decibels) != (seen[-1].what, seen[-1].decibels):
                seen.append(now)
            await asyncio.sleep(0.5)
        await server.save_recording("stranger", kept["id"], path)
    return start, seen


def moments(changes: Sequence[float], start: float, end: float) -> Iterator[float]:
    """The second of the recording that each picture of the clip shows.

    >>> [round(t, 2) for t in moments([0.0], 0.0, 9.0)][-3:]
    [7.56, 8.2, 8.84]
    """
    t = start
    while t < end:
        yield t
        is_new = any(0 <= t - each < AS_IT_WAS_S for each in changes)
        t += (1.0 if is_new else LAPSE) / FPS


def labelled(picture: NDArray[np.uint8], t: float, now: Shown, rate: float) -> NDArray[np.uint8]:
    """(H, W, 3) sRGB with the clock, and with what is shown."""
    page = Image.fromarray(picture)
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, page.height - 44, page.width, page.height), "#181a26")
    near = "" if now.decibels is None else f", {now.decibels:.0f} dB"
    often = f"{rate:.0f} pictures a second" if rate >= 1 else "a picture every few seconds"
    words = f"{NAMES.get(now.what, now.what)}{near}: {often}"
    draw.text(
        (12, page.height - 34), f"{int(t) // 60}:{int(t) % 60:02d}", "#ffffff", ImageFont.load_default(22)
    )
    draw.text((84, page.height - 32), words, "#ffffff", ImageFont.load_default(19))
    return np.asarray(page)


def pictures_of(path: Path, start: float) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Seconds since the upload, and (H, W, 3), of each picture that differs from the one before."""
    last: NDArray[np.int16] | None = None
    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            picture = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            if last is None or np.abs(picture - last).max() > DIFFERENCE:
                yield start + float(frame.time or 0.0), picture
                last = picture.astype(np.int16)


def cut(path: Path, start: float, seen: Sequence[Shown]) -> None:
    """Write the clip, in two passes: two minutes of pictures are 2 GB."""
    times = [t for t, _ in pictures_of(path, start)]
    begins = [each.begin for each in seen]
    pictures = pictures_of(path, start)
    drawn, (_, picture) = 1, next(pictures)
    height, width = picture.shape[:2]
    with Recording(FILE, "mp4", (width, height), Fraction(FPS)) as recording:
        for t in moments([times[0], *begins], times[0], times[-1]):
            place = bisect(times, t)
            while drawn < place:
                drawn, (_, picture) = drawn + 1, next(pictures)
            rate = (place - bisect(times, t - 2.0)) / min(2.0, max(0.5, t - times[0]))
            page = labelled(picture, t, seen[max(0, bisect(begins, t) - 1)], rate)
            recording.write(np.dstack([page, np.full(page.shape[:2], 255, np.uint8)]))


def main() -> None:
    """Record, and cut."""
    with tempfile.TemporaryDirectory() as folder:
        config, path = Path(folder) / "config.toml", Path(folder) / "stranger.mp4"
        config.write_text(f'data_dir = "{Path(folder).as_posix()}"\n')
        with served("--device", "cpu", "--character", "liora", "--config", str(config)) as server:
            start, seen = asyncio.run(recorded(server.url, path))
        cut(path, start, seen)
    told = ", ".join(f"{each.what} at {each.begin:.0f} s" for each in seen)
    print(f"docs/{FILE.name}: {told}; {FILE.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
