"""The avatars of this server, as the tools of language models act on them for one caller."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from aiohttp import web

from avatar_rtc.control.messages import control_from
from avatar_rtc.mcp.faces import SNAPSHOT_PX
from avatar_rtc.server.http.admission import charge_message
from avatar_rtc.server.http.keys import AVATARS, LIMITS, STORE, find_avatar, is_covered, payer_of
from avatar_rtc.server.http.routes.avatars import snapshot_of
from avatar_rtc.server.live.recasting import recast


class OwnFaces:
    """What the token of one request covers, as `Faces`."""

    def __init__(self, request: web.Request) -> None:
        self._request = request

    async def avatars(self) -> Sequence[Mapping[str, Any]]:
        """See `Faces.avatars`."""
        seen = self._request.app[AVATARS].items()
        return [avatar.describe() for name, avatar in seen if is_covered(self._request, name)]

    async def characters(self) -> Sequence[str]:
        """See `Faces.characters`."""
        return await asyncio.to_thread(self._request.app[STORE].names)

    async def become(self, avatar: str, character: str) -> None:
        """See `Faces.become`."""
        await recast(self._request.app[STORE], find_avatar(self._request, avatar), character)

    async def snapshot(self, avatar: str) -> bytes:
        """See `Faces.snapshot`."""
        return await snapshot_of(self._request, find_avatar(self._request, avatar), SNAPSHOT_PX)

    async def do(self, avatar: str, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Faces.do`."""
        found, wanted = find_avatar(self._request, avatar), control_from(dict(message))
        charge_message(self._request.app[LIMITS], payer_of(self._request), wanted)
        return await found.apply(wanted)

    async def heard(self, avatar: str) -> AsyncGenerator[Mapping[str, Any], None]:
        """See `Faces.heard`."""
        found = find_avatar(self._request, avatar)
        async with aclosing(found.events.listen(after=0)) as told:
            async for event in told:
                if str(event["type"]).startswith("speech."):
                    yield event
