"""Stored characters over HTTP."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, TypeVar

from aiohttp import hdrs, web

from avatar_rtc.characters.character import Character
from avatar_rtc.characters.own import NoRoom, Room
from avatar_rtc.characters.saved_emotions import SavedValues, with_emotion, without_emotion, without_emotions
from avatar_rtc.characters.saved_gestures import with_gesture, without_gesture, without_gestures
from avatar_rtc.characters.thumbnail import MAX_SIDE, MIN_SIDE, head_thumbnail
from avatar_rtc.doctor.picture import picture_findings
from avatar_rtc.errors import InputError, NotFound
from avatar_rtc.face.emotions import Template, emotion_id
from avatar_rtc.face.gestures import GestureFile
from avatar_rtc.server.http.bodies import (
    MAX_TEMPLATES_BYTES,
    PART_FILES,
    UPLOAD_TYPES,
    check_model,
    read_json,
    read_upload,
)
from avatar_rtc.server.http.keys import LIMITS, STORE, TEMPLATES, UPLOADS, payer_of
from avatar_rtc.server.http.places import outward
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import (
    ANYTHING,
    BYTES,
    TEXT,
    an_object,
    many,
    one,
    values_by_name,
)

log = logging.getLogger(__name__)

Found = TypeVar("Found")
_MOST_LETTERS = 80
"""Of a name that is told to be ignored."""


@described("characters", answer=an_object(characters=many(TEXT)))
async def list_characters(request: web.Request) -> web.Response:
    """The names of the stored characters."""
    return web.json_response({"characters": await asyncio.to_thread(request.app[STORE].names)})


@described(
    "characters",
    body=UPLOAD_TYPES,
    form={"image": BYTES},
    optional={"name": TEXT, **dict.fromkeys(PART_FILES, BYTES)},
    query={"name": one("string", default="")},
    answer=an_object(
        name=TEXT,
        characters=many(TEXT),
        prepared=many(TEXT),
        findings=many(an_object(severity=TEXT, what=TEXT, advice=TEXT)),
        ignored=many(TEXT),
    ),
    statuses={
        201: "It is stored; `Location` is its path. `prepared` says what was done to the picture, `findings`"
        " what of its outline and ground will not animate well; `severity` is error, warning or note.",
        403: "It would replace a shipped one.",
        503: "As many are stored as may be, or the disk is full.",
    },
)
async def post_character(request: web.Request) -> web.Response:
    """Check an uploaded picture, or zip of a character's folder, and keep it.

    A form has the parts `name` and `image`, and may have cels under their names (`blush1`, `fx_heart1`, …),
    effects of its own (`fx_star1`), `toml` and `student`. A zip of several folders stores a character for
    each, under the folder's name. What belongs to none is `ignored`.
    """
    upload = await read_upload(request)
    store = request.app[STORE]
    async with request.app[UPLOADS].turn(payer_of(request)):
        kept = await _kept(request, lambda room: store.save(upload.name, *upload.read(), room))
    several = len(kept) > 1
    ignored = [*upload.ignored, *(f"{each.name}/{file}" for each in kept for file in each.unused)]
    if several and upload.name and upload.name not in {each.name for each in kept}:
        ignored.append("name: the zip holds several characters, and each has the name of its folder")
    told: dict[str, Any] = {
        "name": kept[0].name,
        "characters": [each.name for each in kept],
        "prepared": [f"{each.name}: {said}" if several else said for each in kept for said in each.done],
        "findings": await asyncio.to_thread(_findings, kept[0]),
        "ignored": [name[:_MOST_LETTERS] for name in ignored],
    }
    if told["prepared"] or told["ignored"]:
        log.info("uploaded %r: %s", told["name"], "; ".join((*told["prepared"], *map(repr, told["ignored"]))))
    location = outward(request, f"/api/v1/characters/{kept[0].name}")
    return web.json_response(told, status=201, headers={hdrs.LOCATION: location})


@described("characters", answer=values_by_name(ANYTHING))
async def get_saved(request: web.Request) -> web.Response:
    """What was saved into a stored character, by key of `character.toml`."""
    name, store = request.match_info["name"], request.app[STORE]
    return web.json_response(await asyncio.to_thread(_found, store.saved, name))


@described(
    "characters",
    body=values_by_name(ANYTHING),
    answer=values_by_name(ANYTHING),
    statuses={503: "The disk is full."},
    example={"voice": "en-us+f3", "crop": {"bottom": 0.8}, "settings": {"liveliness": 0.8}},
)
async def put_saved(request: web.Request) -> web.Response:
    """Save into a stored character what goes before its `character.toml`.

    Keys are the toml's: `emotions`, `own_emotions`, `gestures`, `settings`, `crop`, `framing`, `voice` and
    the others. What was saved before is replaced as a whole. It counts for avatars that are made from then
    on, and for those that are given the character anew. A shipped one stays as it is: what is saved lies
    beside it.
    """
    values = await read_json(request, MAX_TEMPLATES_BYTES)
    name, store = request.match_info["name"], request.app[STORE]

    def keep(room: Room) -> None:
        _found(store.saved, name)  # a name that is none is 404, a value that cannot be is 400
        store.keep_saved(name, values, room)

    async with request.app[UPLOADS].turn(payer_of(request)):
        await _kept(request, keep)
    return web.json_response(values)


@described("characters", statuses={204: "It is as it was uploaded."})
async def delete_saved(request: web.Request) -> web.Response:
    """Forget what was saved into a stored character: back to its `character.toml`."""
    name, store = request.match_info["name"], request.app[STORE]
    await asyncio.to_thread(_found, lambda name: store.keep_saved(name, {}), name)
    return web.Response(status=204)


@described(
    "characters",
    body=Template,
    answer=values_by_name(ANYTHING),
    statuses={503: "The disk is full."},
    example={"pose": {"mouth_smirk": 1, "eyebrow_raised_left": 0.5}, "cels": {"blush1": 0.4}},
)
async def put_saved_emotion(request: web.Request) -> web.Response:
    """Save one emotion into a stored character for good: exactly this pose and these cels. Gives all of it.

    A name that none of the 28 has makes an emotion of its own. It counts as `PUT …/saved` does.
    """
    emotion = request.match_info["emotion"]
    to = check_model(Template, await read_json(request))
    common = request.app[TEMPLATES].get(emotion_id(emotion))
    return await _resaved(request, lambda toml, saved: with_emotion(toml, saved, emotion, to, common))


@described("characters", answer=values_by_name(ANYTHING), statuses={404: "No such emotion was saved."})
async def delete_saved_emotion(request: web.Request) -> web.Response:
    """One emotion as the character came with it. Gives all that is still saved."""
    emotion = request.match_info["emotion"]
    return await _resaved(request, lambda toml, saved: without_emotion(toml, saved, emotion))


@described("characters", answer=values_by_name(ANYTHING))
async def delete_saved_emotions(request: web.Request) -> web.Response:
    """All emotions as the character came with them. Gives all that is still saved."""
    return await _resaved(request, lambda toml, saved: without_emotions(saved))


@described(
    "characters",
    body=GestureFile,
    answer=values_by_name(ANYTHING),
    statuses={503: "The disk is full."},
    example={"tracks": {"head_x": [[0, 0], [0.4, -0.9], [1.2, 0]]}},
)
async def put_saved_gesture(request: web.Request) -> web.Response:
    """Save one gesture into a stored character for good: exactly these tracks. Gives all that is saved.

    A name that none of the factory's has makes a gesture of its own. It counts as `PUT …/saved` does.
    """
    gesture = request.match_info["gesture"]
    to = check_model(GestureFile, await read_json(request))
    return await _resaved(request, lambda toml, saved: with_gesture(toml, saved, gesture, to))


@described("characters", answer=values_by_name(ANYTHING), statuses={404: "No such gesture was saved."})
async def delete_saved_gesture(request: web.Request) -> web.Response:
    """One gesture as the character came with it. Gives all that is still saved."""
    gesture = request.match_info["gesture"]
    return await _resaved(request, lambda toml, saved: without_gesture(toml, saved, gesture))


@described("characters", answer=values_by_name(ANYTHING))
async def delete_saved_gestures(request: web.Request) -> web.Response:
    """All gestures as the character came with them. Gives all that is still saved."""
    return await _resaved(request, lambda toml, saved: without_gestures(saved))


@described(
    "characters",
    answer="image/png",
    query={"size": one("integer", minimum=MIN_SIDE, maximum=MAX_SIDE, default=None)},
)
async def get_character(request: web.Request) -> web.Response:
    """The PNG of a stored character; with `size` its head alone, so many px wide and high."""
    name, store = request.match_info["name"], request.app[STORE]
    side = _side(request.query.get("size"))
    png = await asyncio.to_thread(_found, store.png, name)
    if side is not None:
        png = await asyncio.to_thread(head_thumbnail, png, side)
    return web.Response(body=png, content_type="image/png")


@described("characters", statuses={204: "It is gone.", 403: "It is a shipped one."})
async def delete_character(request: web.Request) -> web.Response:
    """Forget a character somebody uploaded; avatars that show it go on."""
    name, store = request.match_info["name"], request.app[STORE]
    await asyncio.to_thread(_found, store.delete, name)
    return web.Response(status=204)


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    characters = "/api/v1/characters"
    return [
        web.get(characters, list_characters),
        web.post(characters, post_character),
        web.get(f"{characters}/{{name}}", get_character),
        web.delete(f"{characters}/{{name}}", delete_character),
        web.get(f"{characters}/{{name}}/saved", get_saved),
        web.put(f"{characters}/{{name}}/saved", put_saved),
        web.delete(f"{characters}/{{name}}/saved", delete_saved),
        web.delete(f"{characters}/{{name}}/saved/emotions", delete_saved_emotions),
        web.put(f"{characters}/{{name}}/saved/emotions/{{emotion}}", put_saved_emotion),
        web.delete(f"{characters}/{{name}}/saved/emotions/{{emotion}}", delete_saved_emotion),
        web.delete(f"{characters}/{{name}}/saved/gestures", delete_saved_gestures),
        web.put(f"{characters}/{{name}}/saved/gestures/{{gesture}}", put_saved_gesture),
        web.delete(f"{characters}/{{name}}/saved/gestures/{{gesture}}", delete_saved_gesture),
    ]


async def _resaved(
    request: web.Request, change: Callable[[SavedValues, SavedValues], SavedValues]
) -> web.Response:
    """Change what is saved into the character that a path names."""
    name, store = request.match_info["name"], request.app[STORE]

    def keep(room: Room) -> SavedValues:
        _found(store.saved, name)  # a name that is none is 404, a value that cannot be is 400
        return store.change_saved(name, change, room)

    async with request.app[UPLOADS].turn(payer_of(request)):
        return web.json_response(dict(await _kept(request, keep)))


async def _kept(request: web.Request, keep: Callable[[Room], Found]) -> Found:
    """What `keep` gives when it may take as much room as there is; a refusal is counted."""
    limits = request.app[LIMITS]
    room = Room(limits.config.characters, limits.config.characters_mb)
    try:
        return await asyncio.to_thread(keep, room)
    except NoRoom as full:
        limits.count(full.setting)
        raise


def _findings(character: Character) -> list[dict[str, str]]:
    """What the doctor sees without posing it."""
    found = picture_findings(character.rgba)
    return [{"severity": each.severity, "what": each.what, "advice": each.advice} for each in found]


def _side(text: str | None) -> int | None:
    """What `?size=` asks for; None if it is not there.

    Raises:
        InputError: it is no whole number within what is given.
    """
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 5 and MIN_SIDE <= int(text) <= MAX_SIDE):
        raise InputError(f"size is {text[:20]!r}, but must be a whole number from {MIN_SIDE} to {MAX_SIDE}")
    return int(text)


def _found(do: Callable[[str], Found], name: str) -> Found:
    """What `do` gives of a character that a path names.

    Raises:
        NotFound: there is none of that name, or no longer.
    """
    try:
        return do(name)
    except InputError:
        raise NotFound("character", name) from None
