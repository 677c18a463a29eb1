"""The predecessor's `/api/avatar/…`, on the same avatars: an "instance" is an avatar, "stopped" is paused.

Where it answered 500, or 200 for an error, these answer 4xx.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, Field

from avatar_rtc.characters.character import Character
from avatar_rtc.characters.image import MAX_PICTURE_BYTES
from avatar_rtc.characters.parts import PICTURE
from avatar_rtc.control.envelope import MAX_MESSAGE_BYTES, json_object
from avatar_rtc.control.messages import (
    ControlMessage,
    DataEyesSet,
    EmotionSet,
    FramingSet,
    PauseSet,
    SettingsSet,
    TalkingSet,
    control_from,
)
from avatar_rtc.errors import InputError
from avatar_rtc.face.cels import CELS, FX, is_fx
from avatar_rtc.server.http.admission import require_room
from avatar_rtc.server.http.bodies import (
    MAX_CHARACTER_BYTES,
    MAX_TEMPLATES_BYTES,
    check_model,
    read_json,
    read_lenient_form,
    require_type,
)
from avatar_rtc.server.http.compat.feed import FEED_FORMATS, send_feed
from avatar_rtc.server.http.compat.settings import NOTES, feed_format, noted, our_settings, our_templates
from avatar_rtc.server.http.keys import AVATARS, STORE, UPLOADS, find_avatar, payer_of, require_covered
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import BYTES, NOT_ADMITTED, TEXT, an_object, many
from avatar_rtc.server.http.spool import Spool

_NAME = "uploaded"
_NO_INSTANCE = {404: "There is no such avatar."}
_MAIN = {"instance_id": "main"}


class Instance(BaseModel):
    """Which avatar is meant; unknown fields are ignored, as they were."""

    instance_id: str


class Emotion(Instance):
    """The emotion to show."""

    emotion_name: str


class Templates(Instance):
    """Emotion → `{"pose": {morph: value}, "cels": {cel: opacity}}`; none is the factory's."""

    emotions: dict[str, Any] | None = None


class Settings(Instance):
    """The animator's settings; what is unknown or cannot be is left out."""

    animator_settings: dict[str, Any]


class Overrides(Instance):
    """Morph or cel → value."""

    overrides: dict[str, float]


class ModifyOverrides(Instance):
    """Some overrides to hold, or to let go."""

    action: Literal["set", "unset"] = "set"
    overrides: dict[str, Any] = Field(default_factory=dict)


@described(
    "predecessor",
    form={"file": BYTES},
    optional=dict.fromkeys((*CELS, *FX), BYTES),
    answer=an_object(instance_id=TEXT, prepared=many(TEXT), ignored=many(TEXT)),
    statuses={503: "There are as many avatars as may be."},
)
async def load(request: web.Request) -> web.Response:
    """A form with the picture as `file`, and cels under their names: makes an avatar, which is paused."""
    form, ignored = await _form(request)
    if "json" in form:
        raise InputError("the form may have no part 'json' here; reload takes one")
    character = await _character(request, form)
    avatar = request.app[AVATARS].create(character, str(uuid.uuid4()))
    # Its clients know no framing: without a crop of theirs they place the whole picture.
    await avatar.apply(FramingSet(name="whole"))
    await avatar.apply(PauseSet(on=True))
    return web.json_response(
        {"instance_id": avatar.name, "prepared": character.done, "ignored": [name[:80] for name in ignored]}
    )


@described(
    "predecessor",
    form={"file": BYTES, "json": Instance},
    optional=dict.fromkeys((*CELS, *FX), BYTES),
    answer="text/plain",
    statuses=_NO_INSTANCE,
    example={"json": _MAIN},
)
async def reload(request: web.Request) -> web.Response:
    """As `load`, with `{"instance_id"}` as `json`: another character for an avatar; its state stays.

    `X-Notes` tells what was done to the picture, and what was passed over.
    """
    form, ignored = await _form(request)
    if "json" not in form:
        raise InputError("the form lacks the part 'json'")
    instance = check_model(Instance, json_object(form["json"].read()))
    avatar = find_avatar(request, instance.instance_id)
    character = await _character(request, form)
    avatar.swap(character, "")
    return _ok((*character.done, *(f"part {name!r:.80} is nothing of a character's" for name in ignored)))


@described(
    "predecessor",
    body=Instance,
    answer="text/plain",
    statuses={403: "It is `main`."},
    example={"instance_id": "guest"},
)
async def unload(request: web.Request) -> web.Response:
    """Delete an avatar, if it is there; `main` stays."""
    instance = check_model(Instance, await read_json(request))
    require_covered(request, instance.instance_id)
    if instance.instance_id in request.app[AVATARS]:
        await request.app[AVATARS].delete(instance.instance_id)
    return _ok()


@described(
    "predecessor",
    body=Templates,
    answer="text/plain",
    statuses=_NO_INSTANCE,
    example={**_MAIN, "emotions": {"joy": {"pose": {"mouth_smirk_index": 1.0}, "cels": {}}}},
)
async def load_emotion_templates(request: web.Request) -> web.Response:
    """Emotions of an avatar's own, over the factory's; none brings back the factory's."""
    body = check_model(Templates, await read_json(request, MAX_TEMPLATES_BYTES))
    understood = our_templates(body.emotions or {})
    message = control_from({"type": "emotions.set", "emotions": understood.wanted})
    await find_avatar(request, body.instance_id).apply(message)
    return _ok(understood.notes)


@described(
    "predecessor",
    body=Settings,
    answer="text/plain",
    statuses=_NO_INSTANCE,
    example={**_MAIN, "animator_settings": {"target_fps": 25}},
)
async def load_animator_settings(request: web.Request) -> web.Response:
    """Replace an avatar's settings."""
    body = check_model(Settings, await read_json(request))
    wanted = body.animator_settings
    avatar = find_avatar(request, body.instance_id)
    understood = our_settings(wanted)
    await avatar.apply(SettingsSet(settings=understood.wanted))
    request.app[FEED_FORMATS][avatar] = feed_format(wanted)
    return _ok(understood.notes)


@described(
    "predecessor",
    body=Emotion,
    answer="text/plain",
    statuses=_NO_INSTANCE,
    example={**_MAIN, "emotion_name": "joy"},
)
async def set_emotion(request: web.Request) -> web.Response:
    """Show an emotion."""
    body = check_model(Emotion, await read_json(request))
    return await _tell(request, body, EmotionSet(name=body.emotion_name))


@described(
    "predecessor",
    body=Overrides,
    answer="text/plain",
    statuses=_NO_INSTANCE,
    example={**_MAIN, "overrides": {"head_x_index": 0.5}},
)
async def set_overrides(request: web.Request) -> web.Response:
    """Hold these morphs and cels, and no others."""
    body = check_model(Overrides, await read_json(request))
    return await _told(request, body, {"type": "overrides.set", "overrides": body.overrides})


@described(
    "predecessor",
    body=ModifyOverrides,
    answer="text/plain",
    statuses=_NO_INSTANCE,
    example={**_MAIN, "action": "unset", "overrides": {"head_x_index": 0.0}},
)
async def modify_overrides(request: web.Request) -> web.Response:
    """Hold some morphs and cels, or let go of some."""
    body = check_model(ModifyOverrides, await read_json(request))
    is_set = body.action == "set"
    changed = {name: value if is_set else None for name, value in body.overrides.items()}
    return await _told(request, body, {"type": "overrides.patch", "overrides": changed})


@described(
    "predecessor",
    query={"instance_id": TEXT},
    answer="multipart/x-mixed-replace",
    statuses={**_NO_INSTANCE, **NOT_ADMITTED},
)
async def result_feed(request: web.Request) -> web.StreamResponse:
    """The video of `?instance_id=`: an endless multipart answer of PNG, QOI or TGA pictures with alpha."""
    name = request.query.get("instance_id")
    if name is None:
        raise InputError("the query lacks instance_id")
    avatar = find_avatar(request, name)
    require_room(request, avatar)
    return await send_feed(request, avatar)


def _switch(name: str, message: ControlMessage, doc: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that tells one message."""

    async def handler(request: web.Request) -> web.Response:
        return await _tell(request, check_model(Instance, await read_json(request)), message)

    handler.__name__, handler.__doc__ = name, doc
    return described("predecessor", body=Instance, answer="text/plain", statuses=_NO_INSTANCE, example=_MAIN)(
        handler
    )


start = _switch("start", PauseSet(on=False), "Go on after `stop`, or begin after `load`.")
stop = _switch("stop", PauseSet(on=True), "Let the picture stand still.")
start_talking = _switch("start_talking", TalkingSet(on=True), "Open and close the mouth at random.")
stop_talking = _switch("stop_talking", TalkingSet(on=False), "Close the mouth again.")
start_data_eyes = _switch("start_data_eyes", DataEyesSet(on=True), "Let data run through the eyes.")
stop_data_eyes = _switch("stop_data_eyes", DataEyesSet(on=False), "Let the data in the eyes fade.")


@described("predecessor", answer=an_object(modules=many(TEXT)))
async def get_modules(request: web.Request) -> web.Response:
    """What of the predecessor's modules there is."""
    return web.json_response({"modules": ["avatar", "classify", "imagefx", "natlang", "tts"]})


@described("predecessor", answer="text/plain")
async def get_health(request: web.Request) -> web.Response:
    """OK, as long as the server answers."""
    return _ok()


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    commands = (
        load, reload, unload, load_emotion_templates, load_animator_settings, set_emotion, set_overrides,
        modify_overrides,
    )  # fmt: skip
    switches = {
        "start": start, "stop": stop, "start_talking": start_talking, "stop_talking": stop_talking,
        "start_data_eyes": start_data_eyes, "stop_data_eyes": stop_data_eyes,
    }  # fmt: skip
    return [
        *(web.post(f"/api/avatar/{command.__name__}", command) for command in commands),
        *(web.post(f"/api/avatar/{name}", switch) for name, switch in switches.items()),
        web.get("/api/avatar/result_feed", result_feed),
        web.get("/api/modules", get_modules),
        web.get("/health", get_health),
    ]


async def _form(request: web.Request) -> tuple[dict[str, Spool], tuple[str, ...]]:
    """Its parts, and the names of those that are nothing of a character's."""
    require_type(request, "multipart/form-data")
    return await read_lenient_form(request, _limit_of, MAX_CHARACTER_BYTES)


def _limit_of(part: str) -> int | None:
    if part == "json":
        return MAX_MESSAGE_BYTES
    return MAX_PICTURE_BYTES if part == "file" or part in CELS or is_fx(part) else None


async def _character(request: web.Request, form: dict[str, Spool]) -> Character:
    if "file" not in form:
        raise InputError("the form lacks the part 'file', the character's picture")
    files = {f"{name}.png": data for name, data in form.items() if name not in ("file", "json")}

    def build() -> Character:
        read = {name: data.read() for name, data in {PICTURE: form["file"], **files}.items()}
        return request.app[STORE].build(_NAME, read)

    async with request.app[UPLOADS].turn(payer_of(request)):
        return await asyncio.to_thread(build)


async def _told(request: web.Request, instance: Instance, message: dict[str, Any]) -> web.Response:
    avatar = find_avatar(request, instance.instance_id)
    await avatar.apply(control_from(message))
    return _ok()


async def _tell(request: web.Request, instance: Instance, message: ControlMessage) -> web.Response:
    await find_avatar(request, instance.instance_id).apply(message)
    return _ok()


def _ok(notes: Iterable[str] = ()) -> web.Response:
    """The answer, with what was not taken as it was given."""
    told = noted(notes)
    return web.Response(text="OK", headers={NOTES: told} if told else None)
