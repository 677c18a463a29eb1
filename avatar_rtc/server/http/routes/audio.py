"""Speak a given sound: `POST /avatars/{id}/audio`."""

import asyncio

from aiohttp import hdrs, web
from pydantic import TypeAdapter, ValidationError

from avatar_rtc.errors import BadMessage, InputError
from avatar_rtc.intake.complaints import complaint
from avatar_rtc.server.http.bodies import read_form, read_spool, require_plain, text_of
from avatar_rtc.server.http.keys import DECODING, LIMITS, avatar_of, payer_of
from avatar_rtc.server.http.places import outward
from avatar_rtc.server.http.problems import RequestRefused
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import BYTES, TEXT, an_object, many, one
from avatar_rtc.server.limits import Lease
from avatar_rtc.server.live.voice.decoding import StoredSound
from avatar_rtc.server.live.voice.hearing import pieces_of
from avatar_rtc.sound.format import format_of
from avatar_rtc.speech.phonemes.timings import Unit, Units
from avatar_rtc.speech.script import check_text

SOUND_TYPES = ("audio/*", "video/mp4", "video/webm", "application/octet-stream")
"""What a body of sound ought to be called. Recorders, shells and frameworks call it otherwise, so its bytes
tell."""
MAX_SOUND_BYTES = 48 * 1024 * 1024
_MAX_TEXT_BYTES = 128 * 1024
_MAX_TIMINGS_BYTES = 4 * 1024 * 1024
WAITING_BYTES_PER_S = 14_000
"""A file that waits counts as a second for so many bytes, if it does not last longer; an hour of them has
50 MB. A usual mp3 has 16,000."""
_UNITS: TypeAdapter[list[Unit]] = TypeAdapter(Units)


@described(
    "speech",
    body=SOUND_TYPES,
    form={"audio": BYTES},
    optional={"text": TEXT, "timings": many(Unit)},
    query={"text": one("string", default="")},
    answer=an_object(speech_id=TEXT, duration_ms=one("integer")),
    statuses={202: "It will be heard; `Location` is its path.", 503: "Too much waits to be said."},
)
async def post_audio(request: web.Request) -> web.Response:
    """Speak a sound file, lips and all; 202 with the `speech_id`.

    The body is the file, with `?text=` if its words are known; or a form with `audio`, and if they are known
    `text` and `timings` (see speech/phonemes/timings.py). What kind of file it is is told by its bytes.
    """
    avatar = avatar_of(request)
    require_plain(request, "multipart/form-data", *SOUND_TYPES)
    if request.content_type == "multipart/form-data":
        form = await read_form(
            request, {"audio": MAX_SOUND_BYTES, "text": _MAX_TEXT_BYTES, "timings": _MAX_TIMINGS_BYTES}
        )
        if "audio" not in form:
            raise InputError("the form lacks the part 'audio'")
        sound, text = form["audio"], text_of(form.get("text"))
        timings = form.get("timings")
        units = [] if timings is None else await asyncio.to_thread(lambda: read_units(timings.read()))
    else:
        sound, text, units = await read_spool(request, MAX_SOUND_BYTES), request.query.get("text", ""), []
    if text:
        check_text(text)
    lease = Lease(request.app[LIMITS].speech)
    try:
        # What is held while it waits, whatever it turns out to be.
        lease.grow(sound.size / WAITING_BYTES_PER_S)
        data = await asyncio.to_thread(sound.read)
        _check_kind(request, data)
        seconds = await request.app[DECODING].examine(data)
        lease.grow(max(0.0, seconds - lease.amount))
        request.app[LIMITS].charge("speech_s_per_minute", payer_of(request), seconds)
        pieces = pieces_of(StoredSound(data, request.app[DECODING]), text, units)
        speech_id = avatar.speech.play(pieces, on_over=lease.release)
    except BaseException:
        lease.release()
        raise
    return web.json_response(
        {"speech_id": speech_id, "duration_ms": round(seconds * 1000)},
        status=202,
        headers={hdrs.LOCATION: outward(request, f"/api/v1/avatars/{avatar.name}/speech/{speech_id}")},
    )


def _check_kind(request: web.Request, data: bytes) -> None:
    """Refuse at once what neither is sound nor is said to be.

    Raises:
        Problem: 415, naming what it looks like and what is wanted.
    """
    named = request.headers.get(hdrs.CONTENT_TYPE) and request.content_type
    if not named or named.startswith(("audio/", "video/", "multipart/")) or named == SOUND_TYPES[-1]:
        return  # whatever is wrong with it is told by who decodes it
    try:
        format_of(data)
    except InputError as error:
        wanted = f"send a sound as audio/wav or another of {', '.join(SOUND_TYPES)}"
        raise RequestRefused(
            415, f"the body is called {named}: {error}; {wanted}", {"Accept": ", ".join(SOUND_TYPES)}
        ) from None


def read_units(data: bytes | str) -> list[Unit]:
    """The timings in a JSON text.

    Raises:
        BadMessage: not a list of timed units; says which is wrong.
    """
    try:
        return _UNITS.validate_json(data)
    except ValidationError as error:
        raise complaint(error, _UNITS, "timings: ", otherwise=BadMessage) from None


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [web.post("/api/v1/avatars/{avatar}/audio", post_audio)]
