"""A picture that comes along with a launch: who is to be shown, for this session alone."""

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable
from functools import partial

import aiohttp
from aiohttp import web

from avatar_rtc.characters.character import Character
from avatar_rtc.characters.flat_ground import without_flat_ground
from avatar_rtc.characters.image import MAX_PICTURE_BYTES
from avatar_rtc.characters.parts import PICTURE
from avatar_rtc.errors import InputError, TooLarge
from avatar_rtc.server.access.destinations import shown_place
from avatar_rtc.server.http.agents.launch.dialects import LaunchDialect
from avatar_rtc.server.http.agents.launch.reading import LaunchBody
from avatar_rtc.server.http.keys import DESTINATIONS, STORE, UPLOADS, payer_of

PICTURE_FETCH_S = 10.0
"""In which a picture is here, or is not waited for."""
_NAME = "guest"
"""Of a character that is stored nowhere."""


def picture_along(
    request: web.Request, dialect: LaunchDialect, body: LaunchBody
) -> Callable[[], Awaitable[Character]] | None:
    """How to have the character of the picture that came, while the request lasts; None if none came.

    Raises:
        InputError: it is an address that does not begin with https://.
        Refused: it is an address that the operator has not granted.
    """
    if body.picture is not None:
        return partial(_character, request, body.picture.read)
    for place in dialect.pictures:
        told = body.text(place, MAX_PICTURE_BYTES * 4 // 3)
        if told.startswith(("http://", "https://")):
            address = request.app[DESTINATIONS].check(told, {"https"})
            return partial(_fetched, request, address)
        if told:
            return partial(_character, request, partial(_decoded, place, told))
    return None


async def _fetched(request: web.Request, address: str) -> Character:
    data = await fetched_picture(address)
    return await _character(request, lambda: data)


async def _character(request: web.Request, read: Callable[[], bytes]) -> Character:
    async with request.app[UPLOADS].turn(payer_of(request)):
        return await asyncio.to_thread(
            lambda: request.app[STORE].build(_NAME, {PICTURE: without_flat_ground(read())})
        )


def _decoded(place: str, text: str) -> bytes:
    """The bytes of a picture in base64, with `data:image/png;base64,` before it or without."""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InputError(f"{place} is neither a picture in base64 nor an address with https://") from None


async def fetched_picture(address: str) -> bytes:
    """The file at an address that was checked; where it leads on to others, nobody follows.

    Raises:
        InputError: there is none to be had.
        TooLarge: it has more than 16 MiB.
    """
    place = shown_place(address)
    try:
        timeout = aiohttp.ClientTimeout(total=PICTURE_FETCH_S)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(address, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise InputError(f"there is no picture to be had from {place}: it answers {answer.status}")
            data = bytearray()
            async for chunk in answer.content.iter_any():
                data += chunk
                if len(data) > MAX_PICTURE_BYTES:
                    raise TooLarge(f"the picture from {place} has more than {MAX_PICTURE_BYTES // 2**20} MiB")
            return bytes(data)
    except TimeoutError:
        raise InputError(f"{place} does not give its picture within {PICTURE_FETCH_S:g} s") from None
    except (aiohttp.ClientError, OSError, ValueError):
        raise InputError(f"{place} cannot be asked for a picture") from None
