"""Move an avatar as a face tracker would: 60 poses a second, here made of sines.

python examples/mocap.py [http://127.0.0.1:8080] [seconds]
"""

import asyncio
import sys
import time
from math import sin

from avatar_rtc import AvatarClient


async def track(url: str = "http://127.0.0.1:8080", seconds: str = "30") -> None:
    async with AvatarClient(url) as avatar:
        start, sent = time.monotonic(), 0
        for n in range(round(float(seconds) * 60)):
            t = n / 60
            await asyncio.sleep(max(0.0, start + t - time.monotonic()))
            blink = max(0.0, 8 * sin(2 * t) - 7)
            sent += avatar.send_pose(
                blendshapes={
                    "jawOpen": 0.3 - 0.3 * sin(9 * t),
                    "eyeBlinkLeft": blink,
                    "eyeBlinkRight": blink,
                },
                head=(12 * sin(t), 6 * sin(1.7 * t), 8 * sin(0.6 * t)),
            )
        print(f"{sent} poses in {time.monotonic() - start:.1f} s")


asyncio.run(track(*sys.argv[1:]))
