"""OpenAI's `/v1/audio/speech`: a text as a sound file; with `model: "avatar/ID"` that avatar says it, too."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from aiohttp import web
from pydantic import BaseModel, Field

from avatar_rtc.errors import AvatarRtcError, public
from avatar_rtc.provenance.manifest import Source
from avatar_rtc.server.http.bodies import read_model
from avatar_rtc.server.http.departure import while_there
from avatar_rtc.server.http.keys import CLASSIFIER, ENGINES, LIMITS, SOUND_FILES, SPEAKER, payer_of
from avatar_rtc.server.http.openai.choice import chosen_avatar
from avatar_rtc.server.http.openai.errors import NO_RETRY, OpenAiRefused, no_model
from avatar_rtc.server.http.openai.wanted import ModelName, model_name
from avatar_rtc.server.http.problems import status_of
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.sound_files import FASTEST, SLOWEST, SpokenText, file_of, speech_of
from avatar_rtc.server.limits import CHARACTERS_PER_S, Lease
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.voice.speaker import AUTO, Manner
from avatar_rtc.server.live.voice.utterance import Piece
from avatar_rtc.sound.files import CONTENT_TYPES, SoundFileKind
from avatar_rtc.sound.pcm import Pcm, silence
from avatar_rtc.speech.script import MAX_CHARACTERS, check_text
from avatar_rtc.speech.spoken import Engine, Speech
from avatar_rtc.speech.voices.espeak import Espeak
from avatar_rtc.speech.voices.voice_aliases import OPENAI_NAMES
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

SPEECH_HEADER = "X-Speech-Id"
_DELTA_BYTES = 24 * 1024
"""Of a file in one event; a multiple of three, so that base64 needs no padding."""
_FELT_FROM = 0.35
"""The least score of an emotion that is read from `instructions`."""


class VoiceById(BaseModel):
    """A voice as newer clients name it."""

    id: str


class OpenAiSpeak(BaseModel):
    """OpenAI's request; unknown fields are ignored."""

    input: Annotated[str, Field(max_length=MAX_CHARACTERS)]
    model: str = ""
    """Of "avatar/ID" that avatar says it, too; "avatar/ID:silent" moves its mouth alone. Others are files."""
    voice: str | VoiceById = ""
    instructions: Annotated[str, Field(max_length=MAX_CHARACTERS)] | None = None
    """How it is said; of an avatar it is read which emotion that is."""
    speed: Annotated[float, Field(ge=0.25, le=4.0)] = 1.0
    response_format: SoundFileKind = "mp3"
    stream_format: Literal["audio", "sse"] = "audio"

    @property
    def voice_name(self) -> str:
        """The voice, however it is named."""
        return self.voice if isinstance(self.voice, str) else self.voice.id


@described(
    "openai",
    body=OpenAiSpeak,
    answer=(*CONTENT_TYPES.values(), "text/event-stream"),
    statuses={502: "A speech engine failed.", 503: "There is no voice, or too many texts wait."},
    example={"model": "avatar/main", "input": "Hello there.", "response_format": "wav"},
)
async def openai_speech(request: web.Request) -> web.Response:
    """As OpenAI's `POST /v1/audio/speech`; an avatar says it as well if `model` names one.

    Then `X-Speech-Id` tells which speech it is; and a caller that leaves before the answer stops it.
    """
    wanted = await read_model(request, OpenAiSpeak)
    name = model_name(wanted.model)
    if name.avatar is not None and name.model:
        raise no_model(wanted.model, f"avatar/{name.avatar}")
    payer = payer_of(request)
    chosen = chosen_avatar(request, wanted.model).avatar if name.avatar is not None else None
    request.app[LIMITS].charge_text(payer, wanted.input)
    async with request.app[SOUND_FILES].turn(payer):
        if chosen is None:
            return await while_there(request, _file(request, wanted))
        return await while_there(request, _said(request, chosen, name, wanted))


async def _file(request: web.Request, wanted: OpenAiSpeak) -> web.Response:
    made = await speech_of(request.app, wanted.input, wanted.voice_name, wanted.speed)
    return await _answer(request, wanted, made)


async def _said(request: web.Request, avatar: Avatar, name: ModelName, wanted: OpenAiSpeak) -> web.Response:
    """Let an avatar say it, and give the same sound."""
    speaker, limits = request.app[SPEAKER], request.app[LIMITS]
    text = check_text(wanted.input)
    engine, voice = await _voice_on(request, avatar, wanted.voice_name)
    speed = min(FASTEST, max(SLOWEST, wanted.speed))
    manner = Manner(engine, voice, speed, await _emotion(request, avatar, wanted.instructions or ""))
    await speaker.check(text, manner)
    lease = Lease(limits.speech)
    lease.grow(len(text) / CHARACTERS_PER_S)
    twice = _Twice(name.is_silent)
    avatar.touch()
    speech_id = avatar.speech.play(twice.heard(), patience_s=speaker.sentence_s, on_over=lease.release)
    try:
        pieces = await twice.make(speaker.pieces(_once(text), manner))
        made = _joined(pieces, engine)
        response = await _answer(request, wanted, made)
    except AvatarRtcError as error:
        # What was heard once is not to be heard again because a client asks again by itself.
        raise OpenAiRefused(status_of(error), public(error), headers=NO_RETRY) from None
    except BaseException:
        avatar.speech.stop(speech_id)
        raise
    response.headers[SPEECH_HEADER] = speech_id
    return response


class _Twice:
    """Pieces that are made once: heard on the avatar as they come, and kept for the file."""

    def __init__(self, is_silent: bool) -> None:
        self._is_silent = is_silent
        self._ready: asyncio.Queue[Piece | AvatarRtcError | None] = asyncio.Queue()

    async def make(self, pieces: AsyncGenerator[Piece, None]) -> list[Piece]:
        """All of them; raises as `Speaker.pieces`."""
        made: list[Piece] = []
        try:
            async for piece in pieces:
                made.append(piece)
                self._ready.put_nowait(piece)
        except AvatarRtcError as error:
            self._ready.put_nowait(error)
            raise
        self._ready.put_nowait(None)
        return made

    async def heard(self) -> AsyncGenerator[Piece, None]:
        """What the avatar says of them."""
        while (piece := await self._ready.get()) is not None:
            if isinstance(piece, AvatarRtcError):
                raise piece
            yield replace(piece, pcm=np.zeros_like(piece.pcm)) if self._is_silent else piece


async def _once(text: str) -> AsyncIterator[str]:
    yield text


def _joined(pieces: list[Piece], engine: Engine) -> SpokenText:
    """The same sound, with the pauses that the avatar makes between sentences."""
    parts: list[Pcm] = []
    for piece in pieces:
        parts += [np.zeros(round(piece.gap * AUDIO_CLOCK_HZ) if parts else 0, np.int16), piece.pcm]
    notes = tuple(note for piece in pieces for note in piece.notes)
    pcm = np.concatenate(parts) if parts else silence()
    source: Source = "computed" if engine.name == Espeak.name and not notes else "voice"
    return SpokenText("", Speech(pcm, AUDIO_CLOCK_HZ), source)


async def _voice_on(request: web.Request, avatar: Avatar, voice: str) -> tuple[Engine, str]:
    """The voice that is asked; of names that clients send out of habit the avatar's own, if nobody has it."""
    engines = request.app[ENGINES]
    own = avatar.actor.character.voice
    if not voice:
        return await engines.resolve_own(own)
    engine, name = await engines.resolve(voice)
    if voice.lower() in OPENAI_NAMES and name != voice:
        return await engines.resolve_own(own)
    return engine, name


async def _emotion(request: web.Request, avatar: Avatar, instructions: str) -> str:
    """Which one instructions ask for; else it is read from the text itself."""
    for label, score in await request.app[CLASSIFIER].classify(instructions) if instructions.strip() else ():
        if score < _FELT_FROM:
            break
        with suppress(AvatarRtcError):
            avatar.actor.check_emotion(label)
            return AUTO if label == "neutral" else label
    return AUTO


async def _answer(request: web.Request, wanted: OpenAiSpeak, made: SpokenText) -> web.Response:
    kind = wanted.response_format
    body = await file_of(request.app, made, kind)
    if wanted.stream_format == "audio":
        return web.Response(body=body, content_type=CONTENT_TYPES[kind])
    return web.Response(body=await asyncio.to_thread(_as_events, body), content_type="text/event-stream")


def _as_events(file: bytes) -> bytes:
    """A file in events. Nothing is counted in tokens here."""
    parts = (file[at : at + _DELTA_BYTES] for at in range(0, len(file), _DELTA_BYTES))
    deltas = [{"type": "speech.audio.delta", "audio": base64.b64encode(part).decode()} for part in parts]
    usage = dict.fromkeys(("input_tokens", "output_tokens", "total_tokens"), 0)
    events = [*deltas, {"type": "speech.audio.done", "usage": usage}]
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [web.post("/v1/audio/speech", openai_speech)]
