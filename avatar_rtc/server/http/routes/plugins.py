"""Plugins of VTube Studio that may drive an avatar: who asks, and who has been allowed."""

from aiohttp import web
from pydantic import BaseModel, ConfigDict, StrictBool

from avatar_rtc.server.http.answers import PluginAsking, PluginsTold, PluginTold
from avatar_rtc.server.http.bodies import read_model
from avatar_rtc.server.http.keys import PLUGINS
from avatar_rtc.server.http.routes.openapi import described


class PluginAnswer(BaseModel):
    """Whether a plugin may drive the avatar, from now on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allow: StrictBool


@described("plugins", answer=PluginsTold)
async def get_plugins(request: web.Request) -> web.Response:
    """The one that asks to be allowed, and those that are."""
    plugins = request.app[PLUGINS]
    asks = plugins.question
    told = PluginsTold(
        port=plugins.port,
        asking=None
        if asks is None
        else PluginAsking(id=asks.id, name=asks.name, developer=asks.developer, origin=asks.origin),
        plugins=[
            PluginTold(id=each.id, name=each.name, developer=each.developer, since=each.since)
            for each in plugins.allowed.values()
        ],
    )
    return web.json_response(told.model_dump())


@described(
    "plugins",
    body=PluginAnswer,
    statuses={204: "It is told so.", 404: "No plugin of that id asks."},
    example={"allow": True},
)
async def post_plugin(request: web.Request) -> web.Response:
    """Answer the plugin that asks, by the id of its question."""
    wanted = await read_model(request, PluginAnswer)
    request.app[PLUGINS].answer(request.match_info["plugin"], wanted.allow)
    return web.Response(status=204)


@described("plugins", statuses={204: "Its tokens count no more.", 404: "No plugin of that id is allowed."})
async def delete_plugin(request: web.Request) -> web.Response:
    """Take back what a plugin was allowed, at once."""
    request.app[PLUGINS].revoke(request.match_info["plugin"])
    return web.Response(status=204)


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    plugins = "/api/v1/plugins"
    return [
        web.get(plugins, get_plugins),
        web.post(f"{plugins}/{{plugin}}", post_plugin),
        web.delete(f"{plugins}/{{plugin}}", delete_plugin),
    ]
