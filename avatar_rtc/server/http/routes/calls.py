"""The calls of an avatar: rooms and servers of others that it takes part in; each kind has its own door."""

from aiohttp import web

from avatar_rtc.errors import NotFound
from avatar_rtc.server.http.answers import CallsTold, CallTold
from avatar_rtc.server.http.keys import avatar_of
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.live.calls import Call


@described("calls", answer=CallsTold)
async def get_calls(request: web.Request) -> web.Response:
    """All that are under way."""
    return web.json_response({"calls": [call.told() for call in avatar_of(request).calls]})


@described("calls", answer=CallTold)
async def get_call(request: web.Request) -> web.Response:
    """One call, also for a while after it is over, with the reason."""
    return web.json_response(call_of(request).told())


@described("calls", statuses={204: "It is over."})
async def delete_call(request: web.Request) -> web.Response:
    """Leave; one that is over already stays so."""
    await call_of(request).end()
    return web.Response(status=204)


def call_of(request: web.Request) -> Call:
    """The call that the path names.

    Raises:
        NotFound: there is no such call.
    """
    call = avatar_of(request).calls.find(request.match_info["call"])
    if call is None:
        raise NotFound("call", "of that id")
    return call


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    calls = "/api/v1/avatars/{avatar}/calls"
    return [
        web.get(calls, get_calls),
        web.get(f"{calls}/{{call}}", get_call),
        web.delete(f"{calls}/{{call}}", delete_call),
    ]
