"""Films over HTTP: a script in one call; listed, downloaded, stopped and deleted as recordings are."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, Field

from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.control.messages import control_from
from avatar_rtc.errors import InputError, NotFound, UnknownName
from avatar_rtc.filters_schema.backdrops import Backdrops
from avatar_rtc.filters_schema.chain import Chain, chain_json
from avatar_rtc.filters_schema.presets import Preset
from avatar_rtc.server.http.answers import KeptTold
from avatar_rtc.server.http.bodies import check_model, read_json
from avatar_rtc.server.http.keys import (
    BACKDROPS,
    CONFIG,
    ENGINES,
    FILMS,
    LIMITS,
    PRESETS,
    STORE,
    avatar_of,
    payer_of,
)
from avatar_rtc.server.http.places import outward
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.recordings import PictureSize, RecordingBackdrop
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.films import FilmFormat, FilmSubtitles, WantedFilm, film_state
from avatar_rtc.speech.paragraphs import paragraphs_of
from avatar_rtc.stream.framing import FramingName

MAX_FILM_CHARACTERS = 200_000
"""About four hours of speech."""
MAX_FILM_BYTES = 1024 * 1024


class FilmStart(BaseModel):
    """What is said, and how it shall look; left out, as the avatar does now."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    script: str = Field(max_length=MAX_FILM_CHARACTERS)
    """Plain text: a blank line is a pause, `# Heading` begins a chapter; tags and SSML as `speech.say`."""
    format: FilmFormat = "mp4"
    """webm is transparent unless a backdrop is named."""
    size: PictureSize | None = None
    """Of the picture in px, such as "1280x720"; left out, what the chain gives."""
    fps: float = Field(25.0, ge=1.0, le=60.0)
    subtitles: FilmSubtitles = "none"
    """beside is a WebVTT file (`?download=clip.vtt`), inside a track of mp4, burnt is in the picture."""
    voice: str = Field("", max_length=200)
    """As listed under `voices`; "" is the avatar's own."""
    speed: float | None = Field(None, ge=0.5, le=2.0)
    emotion: str | None = Field(None, max_length=64)
    """Its emotion where no tag asks for another; "auto" reads it from the text."""
    preset: str | None = Field(None, max_length=64)
    """As listed under `presets`."""
    chain: Chain | None = None
    """Operations, instead of a preset."""
    framing: FramingName | None = None
    backdrop: RecordingBackdrop | None = None

    def messages(self, presets: Mapping[str, Preset], backdrops: Backdrops) -> list[dict[str, Any]]:
        """What its avatar is told beside what the live one was.

        Args:
            presets, backdrops: those that there are.

        Raises:
            UnknownName: there is no such preset or backdrop.
            InputError: a preset and a chain.
        """
        found: list[dict[str, Any]] = []
        if self.preset is not None and self.chain is not None:
            raise InputError("give 'preset' or 'chain', not both")
        if self.preset is not None:
            if self.preset not in presets:
                raise UnknownName("preset", self.preset, presets)
            found.append({"type": "chain.set", "chain": chain_json(presets[self.preset].chain)})
        if self.chain is not None:
            found.append({"type": "chain.set", "chain": chain_json(self.chain)})
        if self.framing is not None:
            found.append({"type": "framing.set", "name": self.framing})
        if self.backdrop is not None:
            if self.backdrop.name is not None:
                backdrops.file(self.backdrop.name)
            found.append({"type": "backdrop.set", **self.backdrop.fields()})
        if self.emotion not in (None, "auto"):
            found.append({"type": "emotion.set", "name": self.emotion})
        for message in found:
            control_from(message)
        return found


@described(
    "recordings",
    body=FilmStart,
    answer=KeptTold,
    statuses={
        202: "It is being made, or waits for its turn; `Location` is its path.",
        404: "The avatar's character is not there any more.",
        503: "Too many wait.",
        507: "There is no room for it.",
    },
    example={"script": "# Hello\n[joy] Nice to meet you.", "subtitles": "burnt"},
)
async def post_film(request: web.Request) -> web.Response:
    """Make a film of a script, with sound, as fast as this machine can, beside the live avatar.

    It is told, stopped, downloaded and deleted as recordings are. The server makes one at a time.
    """
    avatar = avatar_of(request)
    asked = check_model(FilmStart, await read_json(request, MAX_FILM_BYTES))
    paragraphs_of(asked.script)
    if asked.subtitles == "inside" and asked.format != "mp4":
        raise InputError("subtitles inside go into mp4 alone; take 'beside' or 'burnt'")
    if asked.emotion not in (None, "auto"):
        avatar.actor.check_emotion(str(asked.emotion))
    if asked.voice:
        await request.app[ENGINES].resolve(asked.voice)
    wanted = await _wanted(request, avatar, asked)
    request.app[LIMITS].charge("recordings_per_minute", payer_of(request))
    kept = await request.app[FILMS].start(avatar.name, wanted, payer_of(request))
    where = outward(request, f"/api/v1/avatars/{avatar.name}/recordings/{kept.id}")
    return web.json_response(kept.told(), status=202, headers={hdrs.LOCATION: where})


async def _wanted(request: web.Request, avatar: Avatar, asked: FilmStart) -> WantedFilm:
    if not avatar.source:
        raise InputError("this avatar's character is not stored; upload it under /api/v1/characters first")
    app, config = request.app, request.app[CONFIG]
    presets = await asyncio.to_thread(app[PRESETS].with_shipped)
    told = asked.messages(presets, app[BACKDROPS].known)
    character = await asyncio.to_thread(_place, request.app[STORE], avatar.source)
    return WantedFilm(
        asked.script,
        character,
        film_state(avatar.lasting, told),
        config.speech,
        asked.format,
        asked.size,
        asked.fps,
        asked.subtitles,
        asked.voice,
        asked.speed,
        asked.emotion,
        asked.format == "mp4" or asked.backdrop is not None,
        avatar.animator or config.animator,
        config.device.split(",")[0],
        config.disclosure,
        config.data_dir,
    )


def _place(store: CharacterStore, source: str) -> str:
    """How the command line is told of a character."""
    path = store.character_path(source)
    if not path.exists():
        raise NotFound("character", path.stem)
    return source if source in store.names() and store.is_shipped(source) else str(path)


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [web.post("/api/v1/avatars/{avatar}/films", post_film)]
