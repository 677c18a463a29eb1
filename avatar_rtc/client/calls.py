"""The calls of an avatar from outside its server: sent into one, told how it goes, called back."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from avatar_rtc.client.http import Http
from avatar_rtc.client.remote import Remote
from avatar_rtc.client.whep import endpoint
from avatar_rtc.errors import AvatarRtcError, InputError

TIMEOUT_S, FAREWELL_S = 10.0, 5.0
_JSON = {"Content-Type": "application/json"}


@contextlib.asynccontextmanager
async def published(
    url: str, target: Mapping[str, Any], token: str | None = None
) -> AsyncIterator[Callable[[], AsyncIterator[dict[str, Any]]]]:
    """Send an avatar to a server that distributes it, as long as the block lasts.

    Args:
        url: of the avatar, its page or its server.
        target: as the body of `POST …/publish`.
        token: bearer token for `control`, if our server wants one.

    Yields:
        What gives the call, as `GET …/calls/{id}` does, now and whenever it has changed, until it is over.
        That raises Unreachable if the way to our server breaks.

    Raises:
        InputError: not a URL we can use, or a target that cannot be.
        Refused, NotFound, Unreachable: our server says no, or is away.
    """
    avatar = endpoint(url).avatar
    if avatar is None:
        raise InputError(f"{url!r} is no server, nor one of its avatars, as http://127.0.0.1:8080/ is")
    subject = "avatar", avatar.rpartition("/")[2]
    http = Http(token, TIMEOUT_S)
    try:
        async with Remote(url, token=token) as remote:
            answer = await http.ask(
                "POST", f"{avatar}/publish", subject, headers=_JSON, body=json.dumps(dict(target))
            )
            call = answer.json()
            place = f"{avatar}/calls/{call['id']}"
            try:
                yield lambda: _told(remote, http, place, call)
            finally:
                with contextlib.suppress(AvatarRtcError, TimeoutError):
                    async with asyncio.timeout(FAREWELL_S):
                        await http.ask("DELETE", place, ("call", str(call["id"])))
    finally:
        await http.close()


async def _told(
    remote: Remote, http: Http, place: str, call: dict[str, Any]
) -> AsyncIterator[dict[str, Any]]:
    last = call
    yield last
    async for state in remote.states():
        found = next((each for each in state.get("calls", ()) if each["id"] == call["id"]), None)
        # One that is over stands there no more; and a state may be older than the call.
        now = found or (await http.ask("GET", place, ("call", str(call["id"])))).json()
        if now != last:
            last = now
            yield last
        if last["state"] in ("ended", "failed"):
            return
