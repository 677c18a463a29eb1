"""The moving picture of the README, docs/liora.webp: Liora lives and speaks in three emotions.

It ends as it began.

python assets/drawing/door.py
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image
from story import Story, appearances, on_ground, opened, spoken

from avatar_rtc.animation.mixer import Appearance
from avatar_rtc.curves import hermite

FILE = Path(__file__).resolve().parents[2] / "docs" / "liora.webp"
FPS, SIDE, SEED = 20, 320, 5
BEFORE_S = 1.5
"""She lives this long before the first picture, so that there is something to begin anew from."""
LOOP_S = 6.5
JOIN_S = 0.8
"""Over the last of it the pose turns into that of before the first picture."""
STORY = Story(
    emotions=((0, "neutral"), (1.7, "joy"), (3.7, "surprise"), (5.2, "embarrassment"), (6.9, "neutral")),
    words=((1.9, "Hello! I am Liora."), (3.95, "Oh, you can see me?"), (5.5, "How nice.")),
)
HEADROOM = 0.1
"""Signs show above her head."""
GROUND = (50, 54, 74)
"""sRGB; neither of a light page nor of a dark one. Transparency would make the file four times as large."""


def joined(seen: list[Appearance]) -> list[Appearance]:
    """Those of the loop, of which the first follows the last."""
    before, join = round(BEFORE_S * FPS), round(JOIN_S * FPS)
    for number in range(join):
        share = hermite((number + 1) / join)
        seen[number - join] = between(seen[number - join], seen[before - join + number], share)
    return seen[before:]


def between(one: Appearance, other: Appearance, share: float) -> Appearance:
    """A look on the way from one to another."""

    def mixed(a: Mapping[str, float], b: Mapping[str, float]) -> dict[str, float]:
        sums = {name: a.get(name, 0.0) * (1 - share) + b.get(name, 0.0) * share for name in {**a, **b}}
        return {name: value for name, value in sums.items() if value > 0}

    pose = one.pose + (other.pose - one.pose) * np.float32(share)
    swing = one.swing + (other.swing - one.swing) * np.float32(share)
    return Appearance(pose, mixed(one.cels, other.cels), mixed(one.fx, other.fx), swing)


def main() -> None:
    """Write the picture."""
    avatar = opened("liora", FPS, SEED, HEADROOM)
    count = round((BEFORE_S + LOOP_S) * FPS)
    seen = joined(appearances(avatar, STORY, spoken(STORY), FPS, count))
    pictures = [Image.fromarray(on_ground(avatar.finished(each, n), GROUND)) for n, each in enumerate(seen)]
    height = round(SIDE * pictures[0].height / pictures[0].width)
    first, *others = [each.resize((SIDE, height), Image.Resampling.LANCZOS) for each in pictures]
    first.save(
        FILE, save_all=True, append_images=others, duration=1000 // FPS, loop=0, quality=64, method=6,
    )  # fmt: skip
    print(f"docs/{FILE.name}: {len(others) + 1} pictures, {FILE.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
