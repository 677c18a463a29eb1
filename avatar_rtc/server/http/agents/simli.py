"""The doors of Simli, as its clients and Pipecat's `SimliVideoService` ask for a face that says their sound.

POST /compose/token         {faceId, maxIdleTime, maxSessionLength} → {session_token}
GET  /compose/ice           STUN and TURN, as a list
WS   /compose/webrtc/p2p    ?session_token=…: offer in, answer and START out, then sound in: `SimliTalk`

Refusals are problems, whose `detail` these clients read.
"""

import asyncio
import ipaddress
import json
import logging

from aiohttp import WSCloseCode, WSMsgType, hdrs, web
from pydantic import BaseModel, ConfigDict, Field

from avatar_rtc.control.envelope import MAX_MESSAGE_BYTES, envelope_of
from avatar_rtc.control.messages import EmotionSet
from avatar_rtc.errors import AvatarRtcError, BadMessage, public
from avatar_rtc.log_context import concerning
from avatar_rtc.server.http.admission import admit
from avatar_rtc.server.http.agents.simli_talk import SimliTalk
from avatar_rtc.server.http.bodies import check_model, read_model
from avatar_rtc.server.http.keys import CONFIG, ENGAGEMENTS, GRANT, LIMITS, SIMLI_SESSIONS, SOCKETS, grant_of
from avatar_rtc.server.http.problems import RequestRefused
from avatar_rtc.server.http.routes.ice import ice_servers
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import TEXT, an_object, many, one
from avatar_rtc.server.http.while_granted import while_granted
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.simli_sessions import SimliLimits, SimliSession
from avatar_rtc.server.live.viewers import Viewer
from avatar_rtc.speech.tags import emotion_named

log = logging.getLogger(__name__)

ROOT = "/compat/simli"
OFFER_S = 10.0
"""In which a client that has connected has to make its offer."""
IDLE_MORE_S = 5.0
"""A session that says nothing lasts so much longer than its client asks for."""
MOST_SESSION_S = 24 * 3600.0
_MOST_FRAME_BYTES = 512 * 1024
"""Clients send 128 kB at most."""
_HEARTBEAT_S = 20.0


class Compose(BaseModel):
    """What a session is to be; fields of others, such as `handleSilence` and `model`, change nothing."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    faceId: str = Field("", max_length=200)
    """An avatar, a character or an id of `[compat] faces`; behind a slash an emotion."""
    maxSessionLength: float = Field(SimliLimits.length_s, gt=0, le=MOST_SESSION_S)
    """Seconds."""
    maxIdleTime: float = Field(SimliLimits.idle_s, gt=0, le=MOST_SESSION_S)
    """Seconds without a sound to be said."""


class PeerOffer(BaseModel):
    """The offer, with all of its addresses."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sdp: str
    type: str = Field(pattern="^offer$")


@described(
    "agents",
    body=Compose,
    answer=an_object(session_token=TEXT, warnings=many(TEXT)),
    statuses={503: "As many sessions wait to begin as may."},
    example={"faceId": "main/happy", "maxSessionLength": 600, "maxIdleTime": 30},
)
async def post_simli_token(request: web.Request) -> web.Response:
    """A token for one session, which has to begin within a minute."""
    wanted = await read_model(request, Compose)
    token = request.app[SIMLI_SESSIONS].open(
        wanted.faceId, SimliLimits(wanted.maxIdleTime, wanted.maxSessionLength), grant_of(request)
    )
    return web.json_response(
        {"session_token": token, "warnings": []}, headers={hdrs.CACHE_CONTROL: "no-store"}
    )


@described("agents", answer=many(an_object(urls=many(TEXT))))
async def get_simli_ice(request: web.Request) -> web.Response:
    """STUN and TURN for the client; none for one on this machine, which would wait seconds for nothing."""
    servers = [] if _is_here(request.remote) else ice_servers(request.app[CONFIG])
    return web.json_response(servers, headers={hdrs.CACHE_CONTROL: "no-store"})


@described(
    "agents",
    query={"session_token": TEXT, "enableSFU": one("string", default="")},
    statuses={
        101: "A WebSocket, which speaks as Simli does.",
        400: "It is no WebSocket.",
        401: "`session_token` opens nothing.",
        404: "There is no such avatar.",
        503: "There are as many avatars as may be.",
    },
)
async def simli_p2p(request: web.Request) -> web.WebSocketResponse:
    """One session, from its offer to its end; the avatar is silent then, and free for the next."""
    socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_S, max_msg_size=_MOST_FRAME_BYTES, compress=False)
    if not socket.can_prepare(request):
        raise RequestRefused(400, "this is a WebSocket: connect to it as one, with the headers of an upgrade")
    session = request.app[SIMLI_SESSIONS].take(request.query.get("session_token", ""))
    request[GRANT] = session.grant
    engagement = await request.app[ENGAGEMENTS].engage(session.face, only=session.grant.avatar)
    try:
        with concerning(avatar=engagement.avatar.name):
            await socket.prepare(request)
            request.app[SOCKETS].add(socket)
            meeting = _Meeting(request, socket, engagement.avatar, session)
            if why := await while_granted(request, meeting.run()):
                await meeting.close(why)
    finally:
        await engagement.release()
    return socket


class _Meeting:
    """One client, who watches an avatar and lends it a voice."""

    def __init__(
        self, request: web.Request, socket: web.WebSocketResponse, avatar: Avatar, session: SimliSession
    ) -> None:
        self._request, self._socket, self._avatar, self._session = request, socket, avatar, session

    async def run(self) -> None:
        """Until either side ends it."""
        try:
            viewer = await self._connect()
        except AvatarRtcError as refusal:
            await self._refuse(public(refusal))
            return
        try:
            await self.close(await self._talk(viewer))
        finally:
            viewer.peer.end("its session is over")

    async def close(self, why: str) -> None:
        """Tell the client why it ends, where there is somebody to be told."""
        if why and not self._socket.closed:
            await self._send(f"CLOSING REASON: {why}")
            await self._send("STOP")
        await self._socket.close()

    async def _connect(self) -> Viewer:
        """Answer the offer.

        Raises:
            BadMessage: none came, or one that cannot be read.
            AvatarRtcError: as `admit`.
        """
        offer = await self._offer()
        viewer, answer = await admit(self._request, self._avatar, offer.sdp, "matte")
        await self._feel()
        await self._send(json.dumps({"sdp": answer, "type": "answer"}))
        await self._send("START")
        return viewer

    async def _offer(self) -> PeerOffer:
        try:
            message = await asyncio.wait_for(self._socket.receive(), OFFER_S)
        except TimeoutError:
            raise BadMessage(f"no offer came within {OFFER_S:g} s") from None
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            raise BadMessage("the first message is to be an offer")
        return check_model(PeerOffer, envelope_of(message.data, 2 * MAX_MESSAGE_BYTES).object())

    async def _feel(self) -> None:
        if not self._session.emotion:
            return
        known = self._avatar.actor.emotions
        named = self._session.emotion
        emotion = named if named in known else emotion_named(named)
        if emotion in known:
            await self._avatar.apply(EmotionSet(name=emotion))
        else:
            log.info("nobody knows the emotion %.40r that a session asks for", named)

    async def _talk(self, viewer: Viewer) -> str:
        limits = self._session.limits
        talk = SimliTalk(
            self._avatar,
            self._socket,
            self._request.app[LIMITS].speech,
            SimliLimits(limits.idle_s + IDLE_MORE_S, limits.length_s),
        )
        return await talk.run(viewer.left)

    async def _refuse(self, why: str) -> None:
        log.info("a session of Simli's client is refused: %s", why)
        await self._send(f"ERROR: {why}")
        await self._socket.close(code=WSCloseCode.POLICY_VIOLATION)

    async def _send(self, text: str) -> None:
        if not self._socket.closed:
            try:
                await self._socket.send_str(text)
            except ConnectionError:
                log.debug("a client has left before it was told %.20r", text)


def _is_here(remote: str | None) -> bool:
    try:
        return ipaddress.ip_address(remote or "").is_loopback
    except ValueError:
        return False


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [
        web.post(f"{ROOT}/compose/token", post_simli_token),
        web.get(f"{ROOT}/compose/ice", get_simli_ice),
        web.get(f"{ROOT}/compose/webrtc/p2p", simli_p2p),
    ]
