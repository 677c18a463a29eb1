"""Speech and emotion for clients of others: the predecessor's `/api/…`, OpenAI's `/v1/audio`.

They make sound for the caller to play; no avatar speaks it.
"""

import asyncio
import base64
import logging
from typing import Annotated, Literal

from aiohttp import hdrs, web
from pydantic import BaseModel, Field

from avatar_rtc.errors import InputError
from avatar_rtc.provenance.manifest import Source
from avatar_rtc.server.http.bodies import read_model
from avatar_rtc.server.http.compat.word_times import word_headers, word_times
from avatar_rtc.server.http.departure import while_there
from avatar_rtc.server.http.keys import (
    AVATARS,
    CLASSIFIER,
    ENGINES,
    LIMITS,
    MARKER,
    SOUND_FILES,
    SPEAKER,
    payer_of,
)
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import TEXT, an_object, many, one
from avatar_rtc.server.http.routes.speech import post_classify
from avatar_rtc.server.live.avatars import MAIN
from avatar_rtc.sound.files import CONTENT_TYPES, FILE_RATE, SoundFileKind, write_sound
from avatar_rtc.sound.pcm import silence
from avatar_rtc.speech.languages.joined import joined
from avatar_rtc.speech.script import MAX_CHARACTERS
from avatar_rtc.speech.spoken import Speech
from avatar_rtc.speech.voices.espeak import Espeak

log = logging.getLogger(__name__)

_TextField = Annotated[str, Field(max_length=MAX_CHARACTERS)]
_Speed = Annotated[float, Field(ge=0.25, le=4.0)]
_NO_VOICE = {502: "A speech engine failed.", 503: "There is no voice, or too many texts wait."}
_JSON = "application/json"
_Place = Literal["header", "body"]
FILES_AT_ONCE = 3
"""Sound files that are made at the same time: each holds up to ten minutes of samples."""
FILES_OF_ONE = 2
"""And of one caller: whoever asks for long ones leaves room for another's short one."""


class Speak(BaseModel):
    """The predecessor's request; unknown fields are ignored, as it did."""

    text: _TextField
    voice: str = ""
    speed: _Speed = 1.0
    format: SoundFileKind = "flac"
    get_metadata: bool = True
    stream: bool = False
    """Taken and without effect: a sentence is made faster than it can be sent."""


class OpenAiSpeak(BaseModel):
    """OpenAI's request; unknown fields, such as `model`, are ignored."""

    input: _TextField
    voice: str = ""
    speed: _Speed = 1.0
    response_format: SoundFileKind = "mp3"


@described("predecessor", answer=an_object(sample_rate=one("integer"), model=TEXT))
async def tts_info(request: web.Request) -> web.Response:
    """What speaks."""
    return web.json_response({"sample_rate": FILE_RATE, "model": ", ".join(request.app[ENGINES].names)})


@described("predecessor", answer=an_object(voices=many(TEXT)), statuses=_NO_VOICE)
async def list_voices(request: web.Request) -> web.Response:
    """The names of all voices, in alphabetical order."""
    voices = await request.app[ENGINES].voices()
    return web.json_response({"voices": sorted({voice.name for voice in voices})})


@described(
    "predecessor",
    body=Speak,
    answer=(*CONTENT_TYPES.values(), _JSON),
    query={"timestamps": one("string", enum=["header", "body"], default="header")},
    statuses=_NO_VOICE,
    example={"text": "Hello there.", "format": "wav"},
)
async def tts_speak(request: web.Request) -> web.Response:
    """A sound file of a text, and with `get_metadata` when its words sound.

    That is in `x-word-timestamps`, as far as 6 KiB go; `x-word-timestamps-truncated` then tells how many of
    how many words. With `?timestamps=body`, or `Accept: application/json`, the answer is JSON with all of
    them, and the file as `audio` in base64.
    """
    wanted = await read_model(request, Speak)
    tells: _Place | None = None if not wanted.get_metadata else "body" if _wants_json(request) else "header"
    payer = payer_of(request)
    request.app[LIMITS].charge_text(payer, wanted.text)
    async with request.app[SOUND_FILES].turn(payer):
        return await while_there(request, _sound_file(request, wanted.text, wanted, wanted.format, tells))


@described(
    "predecessor",
    body=OpenAiSpeak,
    answer=tuple(CONTENT_TYPES.values()),
    statuses=_NO_VOICE,
    example={"input": "Hello there.", "response_format": "wav"},
)
async def openai_speech(request: web.Request) -> web.Response:
    """As OpenAI's `POST /v1/audio/speech`."""
    wanted = await read_model(request, OpenAiSpeak)
    payer = payer_of(request)
    request.app[LIMITS].charge_text(payer, wanted.input)
    async with request.app[SOUND_FILES].turn(payer):
        return await while_there(
            request, _sound_file(request, wanted.input, wanted, wanted.response_format, None)
        )


@described("predecessor", answer=an_object(labels=many(TEXT)))
async def classify_labels(request: web.Request) -> web.Response:
    """The labels `classify` tells apart."""
    return web.json_response({"labels": list(request.app[CLASSIFIER].labels)})


async def _sound_file(
    request: web.Request, text: str, how: Speak | OpenAiSpeak, kind: SoundFileKind, tells: _Place | None
) -> web.Response:
    spoken, speech, source = await _speech(request, text, how.voice, how.speed)
    marker = request.app[MARKER]
    headers = {"x-audio-duration": f"{speech.seconds:.6f}"} if isinstance(how, Speak) else {}
    words = await asyncio.to_thread(word_times, spoken, speech) if tells else []
    plain = await asyncio.to_thread(write_sound, speech.pcm, speech.rate, kind, comment=marker.comment)
    body = await marker.marked_beside(plain, CONTENT_TYPES[kind], source)
    if tells == "body":
        audio = (await asyncio.to_thread(base64.b64encode, body)).decode()
        told = {"content_type": CONTENT_TYPES[kind], "duration": speech.seconds, "timestamps": words}
        return web.json_response({"audio": audio, **told}, headers=headers)
    if tells == "header":
        headers |= await asyncio.to_thread(word_headers, words)
    return web.Response(body=body, content_type=CONTENT_TYPES[kind], headers=headers)


def _wants_json(request: web.Request) -> bool:
    place = request.query.get("timestamps", "")
    if place not in ("", "header", "body"):
        raise InputError(f"timestamps is {place[:80]!r}, but must be header or body")
    return place == "body" or (not place and request.headers.get(hdrs.ACCEPT, "").strip() == _JSON)


async def _speech(request: web.Request, text: str, voice: str, speed: float) -> tuple[str, Speech, Source]:
    """What is spoken of a text, its sound, and how that is made.

    A text with nothing to say is no sound, as it used to be.
    """
    engines = request.app[ENGINES]
    engine, name = await (engines.resolve(voice) if voice else engines.resolve_own(own_voice(request.app)))
    speaker = request.app[SPEAKER]
    engine, name = speaker.reader.manner_of(text, engine, name)
    spoken = await speaker.spoken_of(text, engine)
    if not spoken:
        return "", Speech(silence(), FILE_RATE), "computed"
    reading = await speaker.reader.read(spoken, engine, name, min(2.0, max(0.5, speed)))
    speech = await asyncio.to_thread(joined, reading.parts, reading.notes)
    if speech.notes:
        log.info("a sound file: %s", "; ".join(speech.notes))
    # Where there is a note, another voice may have read a part.
    is_computed = engine.name == Espeak.name and not speech.notes
    return spoken, speech, "computed" if is_computed else "voice"


def own_voice(app: web.Application) -> str:
    """That of the character that is shown first, as `Engines.resolve_own` takes it."""
    main = app[AVATARS].get(MAIN)
    return "" if main is None else main.actor.character.voice


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [
        web.get("/api/tts/info", tts_info),
        web.get("/api/tts/list_voices", list_voices),
        web.post("/api/tts/speak", tts_speak),
        web.post("/api/classify", post_classify),
        web.get("/api/classify/labels", classify_labels),
        web.get("/v1/audio/voices", list_voices),
        web.post("/v1/audio/speech", openai_speech),
    ]
