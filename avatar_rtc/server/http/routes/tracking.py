"""Whether the face tracker can be handed out; its files come from `pages`."""

import asyncio

from aiohttp import web

from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import FLAG, TEXT, an_object, many
from avatar_rtc.server.http.tracking_files import TRACKING_COMMAND, tracking_folder, tracking_missing


@described("server", answer=an_object(ready=FLAG, missing=many(TEXT), command=TEXT))
async def get_tracking(request: web.Request) -> web.Response:
    """Whether a page can track faces, which files are missing for that, and the command that fetches them."""
    missing = await asyncio.to_thread(lambda: tracking_missing(tracking_folder()))
    return web.json_response({"ready": not missing, "missing": missing, "command": TRACKING_COMMAND})


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [web.get("/api/v1/tracking", get_tracking)]
