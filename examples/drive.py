"""Drive an avatar: emotions, gaze, overrides, a sentence, and what it tells of itself.

python examples/drive.py [http://127.0.0.1:8080]
"""

import asyncio
import sys

from avatar_rtc import AvatarClient


async def show_changes(avatar: AvatarClient) -> None:
    async for state in avatar.states():
        print(*(f"{name}: {state[name]}" for name in ("emotion", "gaze", "overrides")), sep="   ")


async def drive(url: str) -> None:
    async with asyncio.TaskGroup() as tasks, AvatarClient(url) as avatar:
        tasks.create_task(show_changes(avatar))
        await avatar.set_emotion("surprise", hold_s=1.5)
        await avatar.set_gaze((0.5, -0.3))
        await asyncio.sleep(2)  # the emotion is over by then
        await avatar.set_overrides({"neck_z": 0.4, "blush1": 1.0})
        speech = await avatar.say("[joy] Hello! This is what I can do.")
        async for event in avatar.speech_events():
            if event["type"] == "speech.finished" and event["speech_id"] == speech:
                break
        await avatar.clear_overrides()
        await avatar.set_gaze(None)


asyncio.run(drive(*sys.argv[1:] or ["http://127.0.0.1:8080"]))
