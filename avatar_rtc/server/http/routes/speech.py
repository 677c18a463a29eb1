"""Speech over HTTP: say, append, stop, voices, and the emotion of a text."""

from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from avatar_rtc.control.messages import SpeechAppend, SpeechSay, SpeechStop, control_from
from avatar_rtc.errors import without_addresses
from avatar_rtc.server.http.admission import charge_message
from avatar_rtc.server.http.bodies import read_json, read_model
from avatar_rtc.server.http.keys import CLASSIFIER, ENGINES, LIMITS, avatar_of, payer_of
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import EMPTY, TEXT, an_object, many, one, values_by_name
from avatar_rtc.speech.script import MAX_CHARACTERS

_NO_VOICE = {502: "A speech engine failed.", 503: "Too much waits to be said, or there is no voice."}


class Text(BaseModel):
    """A text to be classified."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = Field(max_length=MAX_CHARACTERS)


@described(
    "speech",
    body=SpeechSay,
    answer=an_object(speech_id=TEXT),
    statuses={202: "It will be said.", **_NO_VOICE},
    example={"text": "Hello there.", "emotion": "joy"},
)
async def post_speech(request: web.Request) -> web.Response:
    """As the message `speech.say`; 202 with the `speech_id`, whose events go to the viewers."""
    return await _said(request, {**await read_json(request), "type": "speech.say"})


@described(
    "speech",
    body=SpeechAppend,
    answer=EMPTY,
    statuses={202: "It will be said.", **_NO_VOICE},
    example={"text": "And more.", "more": False},
)
async def post_more(request: web.Request) -> web.Response:
    """As the message `speech.append`, for the speech the path names."""
    body: dict[str, Any] = {
        **await read_json(request),
        "type": "speech.append",
        "speech_id": request.match_info["speech"],
    }
    return await _said(request, body)


async def _said(request: web.Request, body: dict[str, Any]) -> web.Response:
    message = control_from(body)
    charge_message(request.app[LIMITS], payer_of(request), message)
    return web.json_response(await avatar_of(request).apply(message), status=202)


@described("speech", answer=EMPTY)
async def delete_speech(request: web.Request) -> web.Response:
    """Fall silent: one speech, or everything that is and was to be said."""
    await avatar_of(request).apply(SpeechStop(speech_id=request.match_info.get("speech")))
    return web.json_response({})


@described(
    "speech",
    answer=an_object(
        voices=many(an_object(name=TEXT, language=TEXT, engine=TEXT)), away=values_by_name(TEXT)
    ),
)
async def get_voices(request: web.Request) -> web.Response:
    """The voices of all engines, and why engines that could be there are not."""
    engines = request.app[ENGINES]
    voices = await engines.voices()
    return web.json_response(
        {
            "voices": [
                {"name": voice.name, "language": voice.language, "engine": voice.engine} for voice in voices
            ],
            "away": {name: without_addresses(why) for name, why in engines.away.items()},
        }
    )


@described(
    "speech",
    body=Text,
    answer=an_object(classification=many(an_object(label=TEXT, score=one("number")))),
    statuses=_NO_VOICE,
    example={"text": "What a lovely day!"},
)
async def post_classify(request: web.Request) -> web.Response:
    """How a text feels: `{"classification": [{"label", "score"}, …]}`, likeliest first."""
    wanted = await read_model(request, Text)
    scores = await request.app[CLASSIFIER].classify(wanted.text)
    return web.json_response(
        {"classification": [{"label": label, "score": round(score, 6)} for label, score in scores]}
    )


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    api = "/api/v1"
    speech = f"{api}/avatars/{{avatar}}/speech"
    return [
        web.post(speech, post_speech),
        web.delete(speech, delete_speech),
        web.post(f"{speech}/{{speech}}", post_more),
        web.delete(f"{speech}/{{speech}}", delete_speech),
        web.get(f"{api}/voices", get_voices),
        web.post(f"{api}/classify", post_classify),
    ]
