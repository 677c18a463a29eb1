"""The JSON interface of avatars and characters, and `/healthz`."""

import asyncio
from typing import Any

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict

from avatar_rtc.errors import NotFound, WorkerLost
from avatar_rtc.filters_schema import schema
from avatar_rtc.messages import control_from
from avatar_rtc.server.bodies import read_json, read_model, read_upload
from avatar_rtc.server.keys import AVATARS, RENDERER, STORE, UPLOADS, avatar_of


class AvatarPatch(BaseModel):
    """What may be changed of a running avatar."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    character: str
    """Name of a stored character."""


async def list_avatars(request: web.Request) -> web.Response:
    """All avatars, as objects of `GET /avatars/{id}`."""
    return web.json_response({"avatars": [avatar.describe() for avatar in request.app[AVATARS].values()]})


async def get_avatar(request: web.Request) -> web.Response:
    """One avatar: state, animator, viewers, emotion, chain."""
    return web.json_response(avatar_of(request).describe())


async def patch_avatar(request: web.Request) -> web.Response:
    """Swap the character; whatever is wrong with the new one, the running one goes on."""
    avatar = avatar_of(request)
    wanted = await read_model(request, AvatarPatch)
    avatar.swap(await asyncio.to_thread(request.app[STORE].load_character, wanted.character))
    return web.json_response(avatar.describe())


async def put_emotion(request: web.Request) -> web.Response:
    """As the message `emotion.set`."""
    return await _apply(request, "emotion.set")


async def put_chain(request: web.Request) -> web.Response:
    """As the message `chain.set`."""
    return await _apply(request, "chain.set")


async def get_filters(request: web.Request) -> web.Response:
    """A JSON schema per operation of the chain."""
    return web.json_response(schema())


async def list_characters(request: web.Request) -> web.Response:
    """The names of the stored characters."""
    return web.json_response({"characters": await asyncio.to_thread(request.app[STORE].names)})


async def post_character(request: web.Request) -> web.Response:
    """Check an uploaded picture, or zip of a character's folder, and keep it."""
    name, data = await read_upload(request)
    async with request.app[UPLOADS]:
        await asyncio.to_thread(request.app[STORE].save, name, data)
    return web.json_response(
        {"name": name}, status=201, headers={hdrs.LOCATION: f"/api/v1/characters/{name}"}
    )


async def get_character(request: web.Request) -> web.StreamResponse:
    """The PNG of a stored character."""
    name, store = request.match_info["name"], request.app[STORE]
    if name not in await asyncio.to_thread(store.names):
        raise NotFound("character", name)
    png = await asyncio.to_thread(store.png, name)
    return web.Response(body=png, content_type="image/png")


async def healthz(request: web.Request) -> web.Response:
    """200 if a render worker is up, 503 if not: for probes and load balancers."""
    renderer = request.app[RENDERER]
    if renderer.device is None:
        raise WorkerLost(renderer.failure or "no render worker is up; one is being started")
    return web.json_response(
        {
            "status": "ok",
            "device": renderer.device,
            "worker_restarts": renderer.restarts,
            "avatars": {name: avatar.phase for name, avatar in request.app[AVATARS].items()},
        }
    )


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    api = "/api/v1"
    return [
        web.get(f"{api}/avatars", list_avatars),
        web.get(f"{api}/avatars/{{avatar}}", get_avatar),
        web.patch(f"{api}/avatars/{{avatar}}", patch_avatar),
        web.put(f"{api}/avatars/{{avatar}}/emotion", put_emotion),
        web.put(f"{api}/avatars/{{avatar}}/chain", put_chain),
        web.get(f"{api}/filters", get_filters),
        web.get(f"{api}/characters", list_characters),
        web.post(f"{api}/characters", post_character),
        web.get(f"{api}/characters/{{name}}", get_character),
        web.get("/healthz", healthz),
    ]


async def _apply(request: web.Request, kind: str) -> web.Response:
    avatar = avatar_of(request)
    body: dict[str, Any] = {**await read_json(request), "type": kind}
    return web.json_response(avatar.apply(control_from(body)))
