"""`POST /mcp`: the Model Context Protocol over HTTP, its old versions and the new one, without sessions."""

from aiohttp import web

from avatar_rtc.server.http.bodies import read_body
from avatar_rtc.server.http.departure import while_there
from avatar_rtc.server.http.mcp_door import MCP, MCP_PATH, MOST_MCP_BYTES, carried
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import an_object
from avatar_rtc.server.http.while_granted import while_granted

_INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "example", "version": "1"},
    },
}


@described(
    "mcp",
    body=an_object(),
    answer=("application/json", "text/event-stream"),
    statuses={404: "The extra `mcp` is not installed.", 406: "`Accept` lacks one of the two types."},
    example=_INITIALIZE,
)
async def post_mcp(request: web.Request) -> web.StreamResponse:
    """Tools by which a language model has a face, as a message of the Model Context Protocol."""
    app = await request.app[MCP].app()
    body = await read_body(request, MOST_MCP_BYTES)
    answered: list[web.StreamResponse] = []

    async def answer() -> None:
        answered.append(await carried(request, body, app))

    await while_granted(request, while_there(request, answer()))
    if not answered:
        raise ConnectionResetError("the token has ended while a tool was at work")
    return answered[0]


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [web.post(MCP_PATH, post_mcp)]
