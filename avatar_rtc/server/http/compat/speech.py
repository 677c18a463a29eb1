"""Speech and emotion for the predecessor's clients, `/api/…`: sound for them to play; no avatar speaks it."""

import asyncio
import base64
from typing import Annotated, Literal

from aiohttp import hdrs, web
from pydantic import BaseModel, Field

from avatar_rtc.errors import InputError
from avatar_rtc.server.http.bodies import read_model
from avatar_rtc.server.http.compat.word_times import word_headers, word_times
from avatar_rtc.server.http.departure import while_there
from avatar_rtc.server.http.keys import CLASSIFIER, ENGINES, LIMITS, SOUND_FILES, payer_of
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import TEXT, an_object, many, one
from avatar_rtc.server.http.routes.speech import post_classify
from avatar_rtc.server.http.sound_files import file_of, speech_of
from avatar_rtc.sound.files import CONTENT_TYPES, FILE_RATE, SoundFileKind
from avatar_rtc.speech.script import MAX_CHARACTERS

_TextField = Annotated[str, Field(max_length=MAX_CHARACTERS)]
_Speed = Annotated[float, Field(ge=0.25, le=4.0)]
_NO_VOICE = {502: "A speech engine failed.", 503: "There is no voice, or too many texts wait."}
_JSON = "application/json"
_Place = Literal["header", "body"]


class Speak(BaseModel):
    """The predecessor's request; unknown fields are ignored, as it did."""

    text: _TextField
    voice: str = ""
    speed: _Speed = 1.0
    format: SoundFileKind = "flac"
    get_metadata: bool = True
    stream: bool = False
    """Taken and without effect: a sentence is made faster than it can be sent."""


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
        return await while_there(request, _sound_file(request, wanted, tells))


@described("predecessor", answer=an_object(labels=many(TEXT)))
async def classify_labels(request: web.Request) -> web.Response:
    """The labels `classify` tells apart."""
    return web.json_response({"labels": list(request.app[CLASSIFIER].labels)})


async def _sound_file(request: web.Request, wanted: Speak, tells: _Place | None) -> web.Response:
    made = await speech_of(request.app, wanted.text, wanted.voice, wanted.speed)
    headers = {"x-audio-duration": f"{made.speech.seconds:.6f}"}
    words = await asyncio.to_thread(word_times, made.spoken, made.speech) if tells else []
    body = await file_of(request.app, made, wanted.format)
    if tells == "body":
        audio = (await asyncio.to_thread(base64.b64encode, body)).decode()
        told = {
            "content_type": CONTENT_TYPES[wanted.format],
            "duration": made.speech.seconds,
            "timestamps": words,
        }
        return web.json_response({"audio": audio, **told}, headers=headers)
    if tells == "header":
        headers |= await asyncio.to_thread(word_headers, words)
    return web.Response(body=body, content_type=CONTENT_TYPES[wanted.format], headers=headers)


def _wants_json(request: web.Request) -> bool:
    place = request.query.get("timestamps", "")
    if place not in ("", "header", "body"):
        raise InputError(f"timestamps is {place[:80]!r}, but must be header or body")
    return place == "body" or (not place and request.headers.get(hdrs.ACCEPT, "").strip() == _JSON)


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [
        web.get("/api/tts/info", tts_info),
        web.get("/api/tts/list_voices", list_voices),
        web.post("/api/tts/speak", tts_speak),
        web.post("/api/classify", post_classify),
        web.get("/api/classify/labels", classify_labels),
        web.get("/v1/audio/voices", list_voices),
    ]
