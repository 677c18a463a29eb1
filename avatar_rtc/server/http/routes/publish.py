"""An avatar is sent to a server of others, which distributes it: by WHIP, or into a room of Janus."""

import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, Field, model_validator

from avatar_rtc.media.addresses.ice import IceServers
from avatar_rtc.media.publisher import Publisher
from avatar_rtc.server.access.destinations import Destinations, shown_place
from avatar_rtc.server.http.admission import require_shown
from avatar_rtc.server.http.answers import CallTold
from avatar_rtc.server.http.bodies import read_model
from avatar_rtc.server.http.keys import CONFIG, DESTINATIONS, GATHERING, LIMITS, avatar_of, payer_of
from avatar_rtc.server.http.places import outward
from avatar_rtc.server.http.routes.ice import own_ice_servers
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.calls import Call
from avatar_rtc.server.live.publishing.janus_room import JanusAddress, JanusRoom
from avatar_rtc.server.live.publishing.publication import Publication, bind_towards
from avatar_rtc.server.live.publishing.signalling import Connect, Signalling
from avatar_rtc.server.live.publishing.whip_target import WhipAddress, WhipTarget, whip_session
from avatar_rtc.stream.frame import Layout

SentKey = Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^[\x21-\x7e]+$")]
"""What goes into a header or a message as it stands."""


class PublishWanted(BaseModel):
    """Where the avatar is to be sent: `url` is a WHIP endpoint, `janus` with `room` a room of VideoRoom."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | None = Field(None, max_length=2000)
    """`https://` or `http://`."""
    token: SentKey | None = None
    """Bearer token of the endpoint; or the token of that Janus."""
    janus: str | None = Field(None, max_length=2000)
    """`wss://` or `ws://`."""
    room: (
        Annotated[int, Field(strict=True, ge=0)] | Annotated[str, Field(min_length=1, max_length=200)] | None
    ) = None
    pin: str | None = Field(None, max_length=200)
    display: str = Field("", max_length=200)
    """Its name in the room; left out, its character's."""
    api_secret: SentKey | None = None
    """Of that Janus, if it wants one."""
    video: Layout = "matte"
    """alpha is the picture with its transparency below it, for pages that know of that."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.url is None) == (self.janus is None):
            raise ValueError("give 'url' of a WHIP endpoint, or 'janus' and 'room'")
        if self.janus is not None and self.room is None:
            raise ValueError("give 'room' beside 'janus': its number, or its name")
        if self.url is not None and any((self.room is not None, self.pin, self.display, self.api_secret)):
            raise ValueError("room, pin, display and api_secret go with 'janus', not with 'url'")
        return self


@described(
    "calls",
    body=PublishWanted,
    answer=CallTold,
    statuses={
        201: "It is being sent; `Location` is the call.",
        403: "The server may not be sent there.",
        429: "The caller comes too often.",
        503: "There are as many calls as may be.",
    },
    example={"url": "https://whip.example.org/live/main", "token": "SECRET"},
)
async def post_publish(request: web.Request) -> web.Response:
    """Send the avatar to a server that distributes it, until the call is deleted or that server says no.

    What fails for now, or breaks, is tried again: the call tells.
    """
    avatar = avatar_of(request)
    wanted = await read_model(request, PublishWanted)
    require_shown(avatar)
    address = wanted.url or wanted.janus or ""
    schemes = {"http", "https"} if wanted.url else {"ws", "wss"}
    request.app[DESTINATIONS].check(address, schemes)
    request.app[LIMITS].charge("offers_per_minute", payer_of(request))
    connect = _whip(wanted, request.app[DESTINATIONS]) if wanted.url else _janus(wanted, avatar)
    publication = Publication(
        connect,
        partial(_publisher, request.app, avatar, wanted.video, urlsplit(address).hostname or ""),
        lambda: own_ice_servers(request.app[CONFIG], request.app[GATHERING]),
    )
    call: Call = avatar.calls.start("whip" if wanted.url else "janus", shown_place(address), publication.run)
    where = outward(request, f"/api/v1/avatars/{avatar.name}/calls/{call.id}")
    return web.json_response(call.told(), status=201, headers={hdrs.LOCATION: where})


def _publisher(app: web.Application, avatar: Avatar, layout: Layout, host: str, ice: IceServers) -> Publisher:
    config = app[CONFIG]
    bind = bind_towards(config.media_bind, host)
    return Publisher(avatar.streams, layout, ice, bind, app[LIMITS].of_peer(), config.adaptation)


def _whip(wanted: PublishWanted, destinations: Destinations) -> Connect:
    address = WhipAddress(wanted.url or "", wanted.token)
    check = partial(destinations.check, schemes={"http", "https"})
    linked: list[str] = []

    @contextlib.asynccontextmanager
    async def connect() -> AsyncIterator[Signalling]:
        async with whip_session() as http:
            yield WhipTarget(http, address, check, linked)

    return connect


def _janus(wanted: PublishWanted, avatar: Avatar) -> Connect:
    keys: dict[str, Any] = {"token": wanted.token, "apisecret": wanted.api_secret}
    address = JanusAddress(
        wanted.janus or "",
        wanted.room if wanted.room is not None else "",
        wanted.pin,
        wanted.display or avatar.actor.character.name,
        {name: key for name, key in keys.items() if key},
    )
    return lambda: JanusRoom(address).opened()


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [web.post("/api/v1/avatars/{avatar}/publish", post_publish)]
