"""Let an avatar say the lines you type, and see what it tells meanwhile; without watching it.

python examples/remote.py [http://127.0.0.1:8080]
"""

import asyncio
import sys

from avatar_rtc import Remote


async def show_words(avatar: Remote) -> None:
    async for event in avatar.speech_events():
        match event["type"]:
            case "speech.word":
                print(event["word"], end=" ", flush=True)
            case "speech.finished":
                print(f"({event['position_ms'] / 1000:.1f} s)")


async def say_lines(url: str) -> None:
    async with Remote(url) as avatar:
        words = asyncio.create_task(show_words(avatar))
        while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
            await avatar.set_activity("thinking", hold_s=1)
            await avatar.play_gesture("nod", 0.7)
            await avatar.wait_until_spoken(await avatar.say(line, emotion="auto"))
        words.cancel()


asyncio.run(say_lines(*sys.argv[1:] or ["http://127.0.0.1:8080"]))
