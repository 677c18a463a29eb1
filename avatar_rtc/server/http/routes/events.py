"""What an avatar tells, without WebRTC: Server-Sent Events, as browsers' `EventSource` and curl read them.

    id: 5f0c91d2-17
    data: {"type": "speech.word", "speech_id": "abc", …}

Every connection begins with a `state`. Who comes back and names what it heard last, in `Last-Event-ID`, then
hears what it has missed. There are no names of events in the stream, so that one handler gets all of them.
"""

import asyncio
import json
from collections.abc import Collection, Iterable
from contextlib import closing, suppress

from aiohttp import hdrs, web
from multidict import MultiMapping

from avatar_rtc.errors import UnknownName
from avatar_rtc.server.addresses import address_of
from avatar_rtc.server.http.departure import while_there
from avatar_rtc.server.http.keys import LIMITS, avatar_of
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import TEXT, one
from avatar_rtc.server.http.while_granted import while_granted
from avatar_rtc.server.live.events import (
    CLOSING_TYPE,
    EVENT_KINDS,
    STATE_TYPE,
    EventListener,
    Events,
    ToldEvent,
)

EVENT_STREAM = "text/event-stream"
EVENT_HEARTBEAT_S = 15.0
"""Without an event; proxies close what is silent for 60 s, or for 30."""
_HEARTBEAT = b":\n"
"""A comment, without the blank line that would end an event: some clients take that for an empty one."""
LAST_EVENT_ID = "Last-Event-ID"
_HEADERS = {
    hdrs.CONTENT_TYPE: EVENT_STREAM,
    hdrs.CACHE_CONTROL: "no-store",
    "X-Accel-Buffering": "no",  # nginx would keep events back until 4 KiB are there
}
TYPES_QUERY = one("string", default=",".join(EVENT_KINDS), examples=["speech,state"])


@described(
    "events",
    query={"types": TYPES_QUERY, "last_event_id": one("string", default="")},
    headers={LAST_EVENT_ID: {**TEXT, "default": ""}},
    answer=EVENT_STREAM,
    statuses={503: "As many listen as may."},
)
async def get_events(request: web.Request) -> web.StreamResponse:
    """What the avatar tells, from now on, as Server-Sent Events: the same as on viewers' data channels.

    `types` are kinds with commas between. `Last-Event-ID`, or `last_event_id` in the query, is the id that
    was heard last; one that says nothing here is passed over.
    """
    avatar = avatar_of(request)
    kinds = event_kinds(request.query)
    if request.method == hdrs.METH_HEAD:
        return web.Response(headers=_HEADERS)
    seen = request.headers.get(LAST_EVENT_ID) or request.query.get("last_event_id", "")
    response = web.StreamResponse(headers=_HEADERS)
    with (
        request.app[LIMITS].listening(avatar.name, address_of(request.remote)),
        closing(avatar.events.listener(avatar.events.number_of(seen))) as listener,
        suppress(ConnectionError),
    ):
        await response.prepare(request)
        sending = while_there(request, _send(response, avatar.events, listener, kinds))
        if why := await while_granted(request, sending):
            await response.write(f"data: {json.dumps({'type': CLOSING_TYPE, 'reason': why})}\n\n".encode())
    return response


def event_kinds(query: MultiMapping[str]) -> frozenset[str]:
    """The kinds of events that a query wants; all if it names none.

    Raises:
        UnknownName: a kind that does not exist; lists those that do.
    """
    if "types" not in query:
        return frozenset(EVENT_KINDS)
    kinds = [kind.strip() for kind in query["types"].split(",")]
    for kind in kinds:
        if kind not in EVENT_KINDS:
            raise UnknownName("kind of event", kind, EVENT_KINDS, listed=True)
    return frozenset(kinds)


async def _send(
    response: web.StreamResponse, events: Events, listener: EventListener, kinds: Collection[str]
) -> None:
    found = [listener.begin()] if STATE_TYPE in kinds else []
    with suppress(ConnectionError):
        while True:
            if wanted := as_stream(events, (told for told in found if told.is_of(kinds))):
                await response.write(wanted)
            try:
                async with asyncio.timeout(EVENT_HEARTBEAT_S):
                    found = await listener.next()
            except TimeoutError:
                found = []
                await response.write(_HEARTBEAT)
                continue
            if not found:
                return


def as_stream(events: Events, told: Iterable[ToldEvent]) -> bytes:
    """Events as they stand in the stream; their JSON is plain ASCII in one line."""
    return "".join(f"id: {events.id_of(each)}\ndata: {each.text}\n\n" for each in told).encode()


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [web.get("/api/v1/avatars/{avatar}/events", get_events)]
