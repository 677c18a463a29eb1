"""Speech and emotion for clients of others: the predecessor's `/api/…`, OpenAI's `/v1/audio`.

They make sound for the caller to play; no avatar speaks it.
"""

import asyncio
import json
from bisect import bisect_left
from functools import partial
from typing import Annotated
from urllib.parse import quote

from aiohttp import web
from pydantic import BaseModel, Field

from avatar_rtc.server.http.bodies import read_model
from avatar_rtc.server.http.departure import while_there
from avatar_rtc.server.http.keys import CLASSIFIER, ENGINES, SOUND_FILES, SPEAKER
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import TEXT, an_object, many, one
from avatar_rtc.server.http.routes.speech import post_classify
from avatar_rtc.server.live.voice.speaker import in_thread_if_long
from avatar_rtc.sound.files import CONTENT_TYPES, FILE_RATE, SoundFileKind, write_sound
from avatar_rtc.sound.pcm import silence
from avatar_rtc.speech.cleaning.cleaner import clean
from avatar_rtc.speech.script import MAX_CHARACTERS, prepare_all
from avatar_rtc.speech.spoken import Speech

_TextField = Annotated[str, Field(max_length=MAX_CHARACTERS)]
_Speed = Annotated[float, Field(ge=0.25, le=4.0)]
_NO_VOICE = {502: "A speech engine failed.", 503: "There is no voice, or too many texts wait."}
MAX_HEADER_BYTES = 60_000
"""A longer header no client reads: Python's own gives up at 65,536, and most earlier."""
FILES_AT_ONCE = 2
"""Sound files that are made at the same time: each holds up to ten minutes of samples."""


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
    answer=tuple(CONTENT_TYPES.values()),
    statuses=_NO_VOICE,
    example={"text": "Hello there.", "format": "wav"},
)
async def tts_speak(request: web.Request) -> web.Response:
    """A sound file of a text, and with `get_metadata` when its words sound."""
    wanted = await read_model(request, Speak)
    async with request.app[SOUND_FILES].turn():
        return await while_there(
            request, _sound_file(request, wanted.text, wanted, wanted.format, wanted.get_metadata)
        )


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
    async with request.app[SOUND_FILES].turn():
        return await while_there(
            request, _sound_file(request, wanted.input, wanted, wanted.response_format, False)
        )


@described("predecessor", answer=an_object(labels=many(TEXT)))
async def classify_labels(request: web.Request) -> web.Response:
    """The labels `classify` tells apart."""
    return web.json_response({"labels": list(request.app[CLASSIFIER].labels)})


async def _sound_file(
    request: web.Request, text: str, how: Speak | OpenAiSpeak, kind: SoundFileKind, tells_words: bool
) -> web.Response:
    spoken, speech = await _speech(request, text, how.voice, how.speed)
    headers: dict[str, str] = {}
    if isinstance(how, Speak):
        headers["x-audio-duration"] = f"{speech.seconds:.6f}"
    if tells_words:
        words = await asyncio.to_thread(_words, spoken, speech)
        if len(words) <= MAX_HEADER_BYTES:
            headers["x-word-timestamps"] = words
    body = await asyncio.to_thread(write_sound, speech.pcm, speech.rate, kind)
    return web.Response(body=body, content_type=CONTENT_TYPES[kind], headers=headers)


async def _speech(request: web.Request, text: str, voice: str, speed: float) -> tuple[str, Speech]:
    """What is spoken of a text, and its sound; a text with nothing to say is no sound, as it used to be."""
    engine, name = await request.app[ENGINES].resolve(voice)
    speaker = request.app[SPEAKER]
    heard = await in_thread_if_long(partial(clean, read_aloud=speaker.read_aloud), text)
    spoken = (await in_thread_if_long(partial(prepare_all, reads_ssml=engine.ssml), heard)).spoken
    if not spoken:
        return "", Speech(silence(), FILE_RATE)
    return spoken, await speaker.synthesize(engine, spoken, name, min(2.0, max(0.5, speed)))


def _words(spoken: str, speech: Speech) -> str:
    """The JSON of `x-word-timestamps`: text percent-encoded, for headers are ASCII; times in s."""
    starts = [phoneme.start for phoneme in speech.phonemes]
    told = []
    for word in speech.words:
        first, end = bisect_left(starts, word.start), bisect_left(starts, word.end)
        told.append(
            {
                "word": quote(spoken[word.begin : word.stop]),
                "phonemes": quote("".join(p.ipa for p in speech.phonemes[first:end])),
                "start_time": round(word.start, 4),
                "end_time": round(word.end, 4),
            }
        )
    return json.dumps(told)


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
