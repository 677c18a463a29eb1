"""What viewers say to an avatar, stretch by stretch, for programs."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import numpy as np

from avatar_rtc.client.led import Led
from avatar_rtc.errors import NotFound, Refused, Unreachable
from avatar_rtc.sound.pcm import Pcm, pcm_from_bytes, silence

_HEARTBEAT_S = 20.0


@dataclass(frozen=True, eq=False)
class HeardStretch:
    """What one viewer has said without a pause."""

    viewer: str
    """The beginning of its id, as in logs."""
    pcm: Pcm = field(repr=False)
    """Samples of 16 kHz, from some 0.3 s before the voice to the pause behind it."""
    seconds: float
    """From the beginning of the voice to its end."""
    interrupted: bool
    """Whether the avatar fell silent for it."""


async def stretches_heard_at(url: str, token: str | None = None) -> AsyncGenerator[HeardStretch, None]:
    """Each stretch when it has ended, until the avatar ends.

    Args:
        url: of the avatar, `…/api/v1/avatars/{id}`.

    Raises:
        Refused: the token does not grant `control`.
        NotFound: there is no such avatar, or the server has no ears yet.
        Unreachable: no server, or the connection is lost.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession(headers=headers, middlewares=(Led(token),)) as session:
        try:
            async with session.ws_connect(f"{url}/ears", heartbeat=_HEARTBEAT_S) as socket:
                async for heard in _stretches(socket):
                    yield heard
        except aiohttp.WSServerHandshakeError as error:
            raise _no_ears(url, error.status) from None
        except aiohttp.ClientError as error:
            raise Unreachable(f"cannot hear what is said to {url}: {error}") from None


async def _stretches(socket: aiohttp.ClientWebSocketResponse) -> AsyncIterator[HeardStretch]:
    sound: dict[str, list[Pcm]] = {}
    named = ""
    async for message in socket:
        if message.type is aiohttp.WSMsgType.BINARY:
            sound.setdefault(named, []).append(pcm_from_bytes(message.data))
            continue
        event: dict[str, Any] = json.loads(message.data)
        named = str(event.get("viewer", named))
        if event["type"] == "hearing.ended":
            pcm = np.concatenate([silence(), *sound.pop(named, ())])
            yield HeardStretch(named, pcm, float(event["seconds"]), bool(event["interrupted"]))
    if socket.close_code not in (aiohttp.WSCloseCode.OK, aiohttp.WSCloseCode.GOING_AWAY):
        raise Unreachable(f"the connection that told what is heard was closed (code {socket.close_code})")


def _no_ears(url: str, status: int) -> NotFound | Refused | Unreachable:
    match status:
        case 401 | 403:
            return Refused("to hear what viewers say takes a token with the scope control")
        case 404:
            return NotFound("avatar that can be heard with", url.rpartition("/")[2])
    return Unreachable(f"{url}/ears answered with HTTP status {status}")
