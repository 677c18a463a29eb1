"""The JSON interface of avatars and characters, and `/healthz`."""

import asyncio
from typing import Any

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict

from avatar_rtc.backdrops import backdrop_files
from avatar_rtc.errors import NotFound, WorkerLost
from avatar_rtc.filters_schema.chain import schema
from avatar_rtc.filters_schema.presets import load_presets
from avatar_rtc.messages import control_from
from avatar_rtc.server.bodies import read_json, read_model, read_upload
from avatar_rtc.server.distillation import Quality, command_for
from avatar_rtc.server.keys import AVATARS, RENDERER, STORE, UPLOADS, avatar_of


class AvatarPatch(BaseModel):
    """What may be changed of a running avatar."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    character: str
    """Name of a stored character."""


class DistillationStart(BaseModel):
    """How good the student shall be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quality: Quality = "good"


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
    character = await asyncio.to_thread(request.app[STORE].load_character, wanted.character)
    if wanted.character != avatar.source:
        await avatar.distillation.close()
    avatar.swap(character, wanted.character)
    return web.json_response(avatar.describe())


async def post_distillation(request: web.Request) -> web.Response:
    """Make a student of the avatar's character in the background; it is shown once it is good enough."""
    avatar, store = avatar_of(request), request.app[STORE]
    wanted = await read_model(request, DistillationStart)
    source = avatar.source

    async def show(good_enough: bool) -> None:
        if good_enough and avatar.source == source:
            avatar.swap(await asyncio.to_thread(store.load_any_character, source), source)

    path = await asyncio.to_thread(store.character_path, source)
    avatar.distillation.start(command_for(str(path), wanted.quality), show)
    return web.json_response(avatar.distillation.describe(), status=202)


async def get_distillation(request: web.Request) -> web.Response:
    """How far the student is: `state`, `share` of the work, `doing`, `seconds_left`, in the end `figures`."""
    return web.json_response(avatar_of(request).distillation.describe())


async def delete_distillation(request: web.Request) -> web.Response:
    """Stop it; what was done is kept, and the next one goes on from there."""
    avatar = avatar_of(request)
    await avatar.distillation.close()
    return web.json_response(avatar.distillation.describe())


async def put_emotion(request: web.Request) -> web.Response:
    """As the message `emotion.set`."""
    return await _apply(request, "emotion.set")


async def put_chain(request: web.Request) -> web.Response:
    """As the message `chain.set`."""
    return await _apply(request, "chain.set")


async def get_filters(request: web.Request) -> web.Response:
    """A JSON schema per operation of the chain."""
    return web.json_response(schema())


async def put_backdrop(request: web.Request) -> web.Response:
    """As the message `backdrop.set`."""
    return await _apply(request, "backdrop.set")


async def list_backdrops(request: web.Request) -> web.Response:
    """The pictures that can stand behind an avatar, and where they can be seen."""
    files = backdrop_files().values()
    found = [{"name": file.stem, "url": f"/assets/backdrops/{file.name}"} for file in files]
    return web.json_response({"backdrops": found})


async def list_presets(request: web.Request) -> web.Response:
    """Name → title, description and chain of each shipped look."""
    presets = await asyncio.to_thread(load_presets)
    return web.json_response({"presets": {name: preset.json() for name, preset in presets.items()}})


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
        web.post(f"{api}/avatars/{{avatar}}/distillation", post_distillation),
        web.get(f"{api}/avatars/{{avatar}}/distillation", get_distillation),
        web.delete(f"{api}/avatars/{{avatar}}/distillation", delete_distillation),
        web.put(f"{api}/avatars/{{avatar}}/emotion", put_emotion),
        web.put(f"{api}/avatars/{{avatar}}/chain", put_chain),
        web.put(f"{api}/avatars/{{avatar}}/backdrop", put_backdrop),
        web.get(f"{api}/filters", get_filters),
        web.get(f"{api}/presets", list_presets),
        web.get(f"{api}/backdrops", list_backdrops),
        web.get(f"{api}/characters", list_characters),
        web.post(f"{api}/characters", post_character),
        web.get(f"{api}/characters/{{name}}", get_character),
        web.get("/healthz", healthz),
    ]


async def _apply(request: web.Request, kind: str) -> web.Response:
    avatar = avatar_of(request)
    body: dict[str, Any] = {**await read_json(request), "type": kind}
    return web.json_response(await avatar.apply(control_from(body)))
