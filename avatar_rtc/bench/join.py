"""How long a viewer waits: for the answer to its offer, and for the first picture of a running avatar."""

import asyncio
import time

from avatar_rtc.bench.crowd import crowd
from avatar_rtc.bench.measurement import Measurement, at_most, percentile, spread
from avatar_rtc.bench.served import served
from avatar_rtc.client.client import AvatarClient

ANSWER_MS = 100
FIRST_FRAME_MS = 500


def measure(quick: bool) -> list[Measurement]:
    """Join and leave again and again, while one other viewer keeps the avatar running."""
    with served("--animator", "static") as server, crowd(server.url, 1):
        answers, frames = asyncio.run(_joins(server.url, 5 if quick else 40))
        fps = server.state()["fps"]
    return [
        at_most("WHEP POST to answer, p95", percentile(answers, 95), "ms", ANSWER_MS, **spread(answers)),
        at_most(
            "POST to first decoded frame of a running avatar, p95",
            percentile(frames, 95),
            "ms",
            FIRST_FRAME_MS,
            fps=fps,
            **spread(frames),
        ),
    ]


async def _joins(url: str, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds from the POST to the answer and to the first frame, per join."""
    answers, frames = [], []
    for i in range(count + 1):
        async with AvatarClient(url) as avatar:
            await anext(avatar.frames())
            now, timing = time.monotonic(), avatar.timing
        if i > 0:  # the first join pays for imports and codec tables on both sides
            answers.append((timing.answered - timing.offered) * 1000)
            frames.append((now - timing.offered) * 1000)
        await asyncio.sleep(0.137)  # out of step with frames and with the coalescing of keyframe requests
    return answers, frames
