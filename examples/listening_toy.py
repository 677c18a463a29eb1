"""An avatar that listens to you, thinks about it, and says what you have said, in your voice.

avatar-rtc serve
python examples/listening_toy.py                       # then press Talk on http://127.0.0.1:8080/ and speak
python examples/listening_toy.py --sound hello.wav     # a file of sound, as if a viewer said it
python examples/listening_toy.py --sound microphone    # this machine's: pip install 'avatar-rtc[microphone]'
"""

import argparse
import asyncio
import io
import sys
import wave

import aiohttp
import numpy as np

from avatar_rtc import AvatarClient, Remote
from avatar_rtc.errors import AvatarRtcError, InputError, Refused, Unreachable

HEARD_HZ = 16_000
ENDS_S = 20.0
"""A file in which nobody speaks is given up so long after its end."""


def wav_of(pcm: np.ndarray) -> bytes:
    """A WAV file of what was heard: one channel of 16 bits."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, HEARD_HZ, 0, "NONE", ""))
        out.writeframes(pcm.astype("<i2").tobytes())
    return file.getvalue()


async def say_sound(url: str, token: str | None, sound: bytes) -> str:
    """Have a sound spoken, lips and all; gives its speech id."""
    headers = {"Content-Type": "audio/wav"} | ({"Authorization": f"Bearer {token}"} if token else {})
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{url.rstrip('/')}/api/v1/avatars/main/audio", data=sound) as response,
    ):
        told = await response.json(content_type=None)
        if response.status != 202:
            raise Refused(told.get("detail", f"HTTP status {response.status}"))
        return str(told["speech_id"])


async def echo(url: str, token: str | None, pause_s: float, times: int | None) -> None:
    """Answer each stretch of speech with itself, so many times; None is without end."""
    ears = AvatarClient(url, token=token).ears()
    async with Remote(url, token=token) as avatar:
        async for heard in ears:
            print(f"heard {heard.seconds:.1f} s of viewer {heard.viewer}", flush=True)
            await avatar.set_activity("thinking")
            await asyncio.sleep(pause_s)
            speech = await say_sound(url, token, wav_of(heard.pcm))
            finished = await avatar.wait_until_spoken(speech)
            print(f"said {finished['position_ms'] / 1000:.1f} s of it", flush=True)
            times = None if times is None else times - 1
            if times == 0:
                return


async def toy(url: str, token: str | None, sound: str | None, pause_s: float) -> None:
    if sound is None:
        print("Press Talk on the page, let it be listened to, and speak. Ctrl+C ends this.", flush=True)
        await echo(url, token, pause_s, None)
        return
    async with asyncio.TaskGroup() as tasks:
        echoing = tasks.create_task(echo(url, token, pause_s, None if sound == "microphone" else 1))
        async with AvatarClient(url, token=token, microphone="listen") as viewer:
            await viewer.talk(sound)
            done, _ = await asyncio.wait({echoing}, timeout=ENDS_S)
            if not done:
                echoing.cancel()
                raise InputError(f"nobody speaks in {sound}: give a file with a voice in it")


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--sound", metavar="FILE|microphone", help="default: whoever talks on the page")
parser.add_argument("--pause", type=float, default=1.0, metavar="S", help="before the echo (default: 1)")
parser.add_argument("--url", default="http://127.0.0.1:8080", help="of the server")
parser.add_argument("--token", help="for servers that ask for one; it takes the scope control")
args = parser.parse_args()
try:
    asyncio.run(toy(args.url, args.token, args.sound, max(0.0, args.pause)))
except* Unreachable as group:
    sys.exit(f"listening toy: {group.exceptions[0]}; is it running? start it by: avatar-rtc serve")
except* (AvatarRtcError, aiohttp.ClientError) as group:
    sys.exit(f"listening toy: {group.exceptions[0]}")
except* KeyboardInterrupt:
    pass
