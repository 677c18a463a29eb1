"""OpenAI's `/v1/models`: each avatar is one, each avatar with a model of the upstream, and those models."""

from typing import Any

from aiohttp import web

from avatar_rtc.server.http.openai.choice import seen_avatars
from avatar_rtc.server.http.openai.errors import no_model
from avatar_rtc.server.http.openai.upstream import OPENAI_UPSTREAM
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import NUMBER, TEXT, an_object, many

MOST_PAIRS = 1_000
"""Of avatars with models; some upstreams have hundreds of them."""
_MODEL = an_object(id=TEXT, object=TEXT, created=NUMBER, owned_by=TEXT)


@described("openai", answer=an_object(object=TEXT, data=many(_MODEL)))
async def list_models(request: web.Request) -> web.Response:
    """The avatars as models, alone and with each model of the upstream; then its own, which `main` speaks."""
    return web.json_response({"object": "list", "data": await _listed(request)})


@described("openai", answer=_MODEL)
async def get_model(request: web.Request) -> web.Response:
    """One of the models that are listed."""
    wanted = request.match_info["model"]
    found = next((model for model in await _listed(request) if model["id"] == wanted), None)
    if found is None:
        raise no_model(wanted, ", ".join(f"avatar/{name}" for name in seen_avatars(request)[:3]))
    return web.json_response(found)


async def _listed(request: web.Request) -> list[dict[str, Any]]:
    theirs = await request.app[OPENAI_UPSTREAM].models(request)
    own = [f"avatar/{name}" for name in seen_avatars(request)]
    pairs = [f"{avatar}/{model['id']}" for avatar in own for model in theirs][:MOST_PAIRS]
    described_here = [
        {"id": name, "object": "model", "created": 0, "owned_by": "avatar-rtc"} for name in (*own, *pairs)
    ]
    return [*described_here, *({"object": "model", "created": 0, "owned_by": "", **each} for each in theirs)]


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [web.get("/v1/models", list_models), web.get("/v1/models/{model:.+}", get_model)]
