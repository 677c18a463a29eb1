"""The moving picture of the README, docs/liora.webp: a live avatar that speaks in three emotions, recorded.

python assets/drawing/door.py
"""

import asyncio
import io
import json
import tempfile
import zipfile
from bisect import bisect
from pathlib import Path

from PIL import Image
from story import Story

from avatar_rtc.bench.served import served
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.client.server import Server

FILE = Path(__file__).resolve().parents[2] / "docs" / "liora.webp"
FPS, SIDE = 20, 320
SECONDS = 7.0
STORY = Story(
    emotions=((0.2, "joy"), (2.2, "surprise"), (3.9, "embarrassment"), (5.8, "neutral")),
    words=((0.3, "Hello! I am Liora."), (2.4, "Oh, you can see me?"), (4.1, "How nice.")),
)
HEADROOM = 0.1
"""Signs show above her head."""
GROUND = "#32364a"
"""Neither of a light page nor of a dark one. Transparency would make the file four times as large."""


async def recorded(url: str, path: Path) -> None:
    """Play the story, and save what the server recorded of it: pictures in a zip."""
    async with Server(url) as server, AvatarClient(url) as avatar:
        await avatar.set_framing("bust", headroom=HEADROOM)
        await avatar.set_emotion("neutral")
        await asyncio.sleep(3.0)  # until nothing moves but she
        kept = await server.start_recording("main", "png", max_s=SECONDS, backdrop={"colour": GROUND})
        begun = asyncio.get_running_loop().time()
        feelings = [(t, "feel", name) for t, name in STORY.emotions]
        moments = sorted([*feelings, *((t, "say", text) for t, text in STORY.words)])
        for t, what, wanted in moments:
            await asyncio.sleep(max(0.0, begun + t - asyncio.get_running_loop().time()))
            await (avatar.set_emotion(wanted) if what == "feel" else avatar.say(wanted))
        while (await server.recording("main", kept["id"]))["state"] != "done":  # noqa: ASYNC110
            await asyncio.sleep(0.2)
        await server.save_recording("main", kept["id"], path)


def pictures_of(path: Path) -> list[Image.Image]:
    """Those of the file, at our rate, as large as the README shows them."""
    with zipfile.ZipFile(path) as file:
        times = json.loads(file.read("frames.json"))["times"]
        places = [bisect(times, number / FPS) - 1 for number in range(round(SECONDS * FPS))]
        files = [io.BytesIO(file.read(f"{max(0, place):06d}.png")) for place in places]
    found = [Image.open(each).convert("RGB") for each in files]
    height = round(SIDE * found[0].height / found[0].width)
    return [each.resize((SIDE, height), Image.Resampling.LANCZOS) for each in found]


def main() -> None:
    """Write the picture."""
    with (
        tempfile.TemporaryDirectory() as folder,
        served("--animator", "student", "--character", "liora") as server,
    ):
        path = Path(folder) / "liora.zip"
        asyncio.run(recorded(server.url, path))
        first, *others = pictures_of(path)
    first.save(
        FILE, save_all=True, append_images=others, duration=1000 // FPS, loop=0, quality=64, method=6,
    )  # fmt: skip
    print(f"docs/{FILE.name}: {len(others) + 1} pictures, {FILE.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
