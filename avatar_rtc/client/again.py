"""An avatar that is watched on, though its server is started anew or the way to it breaks."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from typing import Literal

from avatar_rtc.client.client import AvatarClient
from avatar_rtc.errors import NotFound, Unreachable
from avatar_rtc.stream.frame import Layout

WAIT_S, WAIT_MAX_S = 0.5, 5.0
"""From one try to the next."""
WAIT_SHARE = 1 / 6
"""Of the time it has been away: who restarts in seconds is found within one."""
HELD_S = 3.0
"""A connection that held not so long was no return."""
MISSED_S = 60.0
"""An avatar that was there and is not known any more is asked for so long: who made it may make it again."""


def wait_s(away_s: float, chance: float) -> float:
    """How long to wait before the next try; the page's law, `waitMs` of `web/faults.js`.

    Args:
        away_s: since there was a connection.
        chance: in [0, 1]; the viewers of a server that restarts must not all come back in the same instant.
    """
    return min(WAIT_MAX_S, max(WAIT_S, away_s * WAIT_SHARE)) * (0.5 + chance / 2)


async def reconnecting(
    url: str,
    *,
    video: Layout = "alpha",
    audio: bool = False,
    token: str | None = None,
    connect_timeout_s: float = 15.0,
    silence_timeout_s: float = 10.0,
    microphone: Literal["speak", "listen"] | None = None,
) -> AsyncIterator[AvatarClient]:
    """Connected viewers, one after the other: the next when the one before was lost.

    async for avatar in reconnecting("http://127.0.0.1:8080"):
        with contextlib.suppress(Unreachable):
            async for frame in avatar.frames():
                ...

    A server that is away is asked again and again. Each viewer is closed when the next is asked for, or the
    loop ends. The arguments are those of `AvatarClient`.

    Raises:
        InputError: not a URL we can use, or the server says that an offer is wrong.
        Refused: it may not be.
        NotFound: there is no such avatar; one that was there has been missing for a minute.
    """
    away_since, seen_at = time.monotonic(), -MISSED_S
    while True:
        viewer = AvatarClient(
            url,
            video=video,
            audio=audio,
            token=token,
            connect_timeout_s=connect_timeout_s,
            silence_timeout_s=silence_timeout_s,
            microphone=microphone,
        )
        try:
            async with viewer:
                begun = time.monotonic()
                yield viewer
                seen_at = time.monotonic()
            if seen_at - begun > HELD_S:
                away_since = seen_at
        except Unreachable:
            pass
        except NotFound:
            if time.monotonic() - seen_at >= MISSED_S:
                raise
        await asyncio.sleep(wait_s(time.monotonic() - away_since, random.random()))
