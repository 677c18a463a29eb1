"""Replies on their way through: the caller gets the upstream's bytes, the avatar speaks a copy of them.

caller ──► body, but for `model` ──► upstream ──► bytes ──► caller
                                                   └─ EventReader ──► ReplyPart ──► Reply ──► avatar
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp
from aiohttp import hdrs, web

from avatar_rtc.server.http.bodies import read_body, require_type
from avatar_rtc.server.http.departure import while_there
from avatar_rtc.server.http.keys import CONFIG, LIMITS, REPLIES, payer_of
from avatar_rtc.server.http.openai.choice import chosen_avatar, upstream_model
from avatar_rtc.server.http.openai.errors import NO_RETRY, OpenAiErrorResponse, OpenAiRefused, error_member
from avatar_rtc.server.http.openai.events import EventReader, SentEvent, WholeLines
from avatar_rtc.server.http.openai.parts import ReplyPart, object_of
from avatar_rtc.server.http.openai.upstream import OPENAI_UPSTREAM, told_headers
from avatar_rtc.server.http.openai.wanted import WantedReply, read_wanted
from avatar_rtc.server.http.while_granted import while_granted
from avatar_rtc.server.live.replies import Reply

log = logging.getLogger(__name__)

MOST_ASKED_BYTES = 64 * 1024 * 1024
"""Of a request: pictures come in it, in base64."""
MOST_ANSWERED_BYTES = 64 * 1024 * 1024
"""Of an answer that is not streamed."""
AFTER_END_S = 0.1
"""An upstream that keeps a stream open behind its end is waited for so long: clients wait for us."""
SPEAK_HEADER = "X-Avatar-Speak"
_STREAM, _JSON = "text/event-stream", "application/json"
_LONG = 256 * 1024
"""Bytes of JSON that are not read on the event loop."""
_LOST = "the connection to the server behind this one was lost amid the reply"
_SILENT = "the server behind this one fell silent amid the reply"


@dataclass(frozen=True)
class Dialect:
    """One of OpenAI's two ways to ask for a reply."""

    path: str
    """Behind the upstream's /v1."""
    part: Callable[[SentEvent], ReplyPart]
    whole: Callable[[Mapping[str, Any]], ReplyPart]
    names_events: bool
    """Whether an event says its type beside its data."""

    def broken(self, detail: str) -> bytes:
        """The event that ends a stream which broke off."""
        member = error_member(502, detail, code="upstream_broken")
        if self.names_events:
            # Its clients hand `type: error` on as one more event; for the sake of `error` they raise it.
            told = {**member, "type": "error", "error": member}
            return b"event: error\ndata: " + json.dumps(told).encode() + b"\n\n"
        return b"data: " + json.dumps({"error": member}).encode() + b"\n\n"


async def pass_on(request: web.Request, dialect: Dialect) -> web.StreamResponse:
    """Ask the upstream for a reply, give it to the caller, and let the avatar speak it.

    Raises:
        OpenAiRefused: there is no upstream, or none that answers, or no such model.
        BadMessage, TooLarge: the body is none that is taken.
    """
    require_type(request, _JSON)
    asked = await _asked(await read_body(request, MOST_ASKED_BYTES))
    chosen = chosen_avatar(request, asked.model)
    config, upstream = request.app[CONFIG].openai, request.app[OPENAI_UPSTREAM]
    is_spoken = asked.is_spoken(config.speaks, request.headers.get(SPEAK_HEADER))
    upstream.require()
    sent = asked.body(await upstream_model(request, chosen.name))
    reply = None
    if is_spoken:
        charge = partial(request.app[LIMITS].charge_text, payer_of(request))
        reply = request.app[REPLIES].begin(chosen.avatar, asked.goes_on, charge)
    elif asked.goes_on:
        request.app[REPLIES].answered(chosen.avatar)
    try:
        return await while_there(request, _passed(request, dialect, reply, sent))
    except BaseException:  # above all: the caller has left
        if reply is not None:
            reply.cancel()
        raise


async def _asked(body: bytes) -> WantedReply:
    return await asyncio.to_thread(read_wanted, body) if len(body) > _LONG else read_wanted(body)


async def _passed(
    request: web.Request, dialect: Dialect, reply: Reply | None, sent: bytes
) -> web.StreamResponse:
    async with request.app[OPENAI_UPSTREAM].answer(request, dialect.path, sent) as answer:
        _require_readable(answer)
        if answer.status == 200 and answer.content_type == _STREAM:
            response: web.StreamResponse = await _streamed(request, dialect, reply, answer)
        else:
            body = await _whole(answer)
            if answer.status == 200:
                _require_json(answer)
                _hear(reply, dialect.whole(await asyncio.to_thread(object_of, body.decode(errors="replace"))))
            response = _told(answer, body)
    if reply is not None:
        reply.finish()
    return response


async def _streamed(
    request: web.Request, dialect: Dialect, reply: Reply | None, answer: aiohttp.ClientResponse
) -> web.StreamResponse:
    response = web.StreamResponse(headers=told_headers(answer))
    response.headers["X-Accel-Buffering"] = "no"  # to proxies before us
    await response.prepare(request)
    stream = _Stream(dialect, reply, answer, response)
    if ended := await while_granted(request, stream.copy()):
        await stream.break_off(ended)
        if reply is not None:
            reply.cancel()
    await response.write_eof()
    return response


class _Stream:
    """One stream on its way."""

    def __init__(
        self,
        dialect: Dialect,
        reply: Reply | None,
        answer: aiohttp.ClientResponse,
        response: web.StreamResponse,
    ) -> None:
        self._dialect, self._reply, self._answer, self._response = dialect, reply, answer, response
        self._lines, self._events = WholeLines(), EventReader()

    async def copy(self) -> None:
        """Until its end; one that breaks off is ended by an event that says so."""
        try:
            async with asyncio.timeout(None) as patience:
                while chunk := await self._next():
                    if passed := self._lines.feed(chunk):
                        await self._response.write(passed)
                    if self._hear_all(chunk):
                        patience.reschedule(asyncio.get_running_loop().time() + AFTER_END_S)
        except TimeoutError:
            if not patience.expired():
                raise
        except _BrokenOff as error:
            await self.break_off(str(error))
            return
        if rest := self._lines.rest():
            await self._response.write(rest)

    async def break_off(self, detail: str) -> None:
        """End it by an event that tells why."""
        log.warning("a reply broke off: %s", detail)
        begun = b"\n\n" if self._lines.is_line_open else b"\n" if self._events.is_amid_data else b""
        await self._response.write(begun + self._dialect.broken(detail))

    async def _next(self) -> bytes:
        """What has come; empty at the end."""
        try:
            return await self._answer.content.readany()
        except aiohttp.SocketTimeoutError:
            raise _BrokenOff(_SILENT) from None
        except (aiohttp.ClientError, OSError):
            raise _BrokenOff(_LOST) from None

    def _hear_all(self, chunk: bytes) -> bool:
        """Whether the reply is complete."""
        is_over = False
        for event in self._events.feed(chunk):
            part = self._dialect.part(event)
            _hear(self._reply, part)
            is_over = is_over or part.ends == "stream"
        return is_over


class _BrokenOff(Exception):
    """The upstream is gone amid a reply."""


def _hear(reply: Reply | None, part: ReplyPart) -> None:
    if reply is None:
        return
    reply.feed(part.text)
    if part.tool:
        reply.tool()
    if part.ends:
        reply.end_text()


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    """The body of an answer.

    Raises:
        OpenAiRefused: it breaks off, or is too long.
    """
    parts, size = [], 0
    try:
        while part := await answer.content.readany():
            parts.append(part)
            size += len(part)
            if size > MOST_ANSWERED_BYTES:
                raise OpenAiRefused(
                    502, "the server behind this one answers more than 64 MiB", headers=NO_RETRY
                )
    except aiohttp.SocketTimeoutError:
        raise OpenAiRefused(504, _SILENT, headers=NO_RETRY) from None
    except (aiohttp.ClientError, OSError):
        raise OpenAiRefused(502, _LOST) from None
    return b"".join(parts)


def _require_readable(answer: aiohttp.ClientResponse) -> None:
    if (coding := answer.headers.get(hdrs.CONTENT_ENCODING, "identity")) != "identity":
        raise OpenAiRefused(
            502, f"the server behind this one packs its answer as {coding[:20]!r}", headers=NO_RETRY
        )


def _require_json(answer: aiohttp.ClientResponse) -> None:
    if answer.content_type != _JSON:
        raise OpenAiRefused(
            502,
            f"the server behind this one answers {answer.content_type[:60]!r} instead of {_JSON}; has the "
            "setting openai.upstream its /v1?",
            code="upstream_answer",
            headers=NO_RETRY,
        )


def _told(answer: aiohttp.ClientResponse, body: bytes) -> web.Response:
    """The answer as it is; an error that is no JSON in the envelope."""
    headers = told_headers(answer)
    if answer.status < 400 or answer.content_type == _JSON:
        return web.Response(status=answer.status, body=body, headers=headers)
    headers.popall(hdrs.CONTENT_TYPE, None)
    detail = f"the server behind this one answers {answer.status} {answer.reason or ''}".rstrip()
    return OpenAiErrorResponse(answer.status, f"{detail}, and says no more", headers=headers)
