"""Streamed sound: a WebSocket on `/avatars/{id}/audio`.

    caller ──► {"type": "speech.begin", "sample_rate": 24000}, binary PCM16 …, {"type": "speech.end"}
           ◄── speech.started, speech.progress, speech.finished {position_ms, interrupted}

Messages of sound may be cut anywhere. One utterance after the other; `speech.interrupt` ends what it has
begun. A caller that sends faster than the avatar speaks is read no further once a minute of sound waits.
"""

import asyncio
import json
from typing import Annotated, Any, Literal

from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from avatar_rtc.control.envelope import envelope_of, error
from avatar_rtc.errors import AvatarRtcError, BadMessage, InputError, public
from avatar_rtc.intake.complaints import complaint
from avatar_rtc.server.http.authorization import SOCKET_PROTOCOL
from avatar_rtc.server.http.keys import LIMITS, SOCKETS, avatar_of
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.socket_teller import SocketTeller
from avatar_rtc.server.http.while_granted import while_granted
from avatar_rtc.server.limits import Pool
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.voice.sound_line import SoundLine
from avatar_rtc.server.live.voice.utterance import Event
from avatar_rtc.sound.pcm import MAX_SOUND_CHANNELS
from avatar_rtc.speech.phonemes.timings import Units

PROGRESS_S = 0.5
MAX_SOUND_MESSAGE_BYTES = 4 * 1024 * 1024


class Begin(BaseModel):
    """Opens an utterance."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["speech.begin"]
    id: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """The speech id; made here if it is left out."""
    sample_rate: int
    """Of bare samples, 16 bit, little-endian; a WAV in the stream says its own."""
    channels: int = Field(1, ge=1, le=MAX_SOUND_CHANNELS)
    text: str = Field("", max_length=20_000)
    """The words, if they are known. With text or timings the sound is heard when a minute of it is here."""
    timings: Units = []


@described("speech", statuses={101: "A WebSocket, which takes sound.", 400: "It is no WebSocket."})
async def audio_socket(request: web.Request) -> web.WebSocketResponse:
    """The WebSocket; ends with the caller, its token or the avatar."""
    avatar = avatar_of(request)
    socket = web.WebSocketResponse(
        heartbeat=20.0, max_msg_size=MAX_SOUND_MESSAGE_BYTES, protocols=(SOCKET_PROTOCOL,)
    )
    await socket.prepare(request)
    request.app[SOCKETS].add(socket)
    if why := await while_granted(request, _Caller(avatar, socket, request.app[LIMITS].speech).serve()):
        await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=why.encode())
    return socket


class _Caller:
    """One connection: at most one utterance is open for sound at a time."""

    def __init__(self, avatar: Avatar, socket: web.WebSocketResponse, pool: Pool) -> None:
        self._avatar, self._socket = avatar, socket
        self._teller = SocketTeller(socket, "an audio socket")
        self._line = SoundLine(avatar, pool, self._tell)
        self._is_told = False

    async def serve(self) -> None:
        """Until the connection ends; what it has begun ends with it."""
        tasks = [asyncio.create_task(self._teller.send()), asyncio.create_task(self._progress())]
        try:
            async for message in self._socket:
                if message.type is WSMsgType.BINARY:
                    await self._hear(message.data)
                elif message.type is WSMsgType.TEXT:
                    self._take(message.data)
        finally:
            # First: a connection that breaks cancels this, and nothing after an await runs.
            self._line.interrupt()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _hear(self, data: bytes) -> None:
        try:
            if self._line.is_open:
                await self._line.feed(data)
            elif not self._is_told:
                self._is_told = True  # once: the rest of an utterance that was refused may be on its way
                raise InputError("sound comes after speech.begin")
        except AvatarRtcError as refusal:
            self._tell(error(None, public(refusal)))

    def _take(self, text: str) -> None:
        envelope = envelope_of(text)
        try:
            data = envelope.object()
            match data.get("type"):
                case "speech.begin":
                    self._begin(data)
                case "speech.end":
                    self._end()
                case "speech.interrupt":
                    self._line.interrupt()
                case other:
                    raise BadMessage(
                        f"type is {other!r}, but must be speech.begin, speech.end or speech.interrupt"
                    )
        except AvatarRtcError as refusal:
            self._tell(error(envelope.id, public(refusal)))

    def _begin(self, data: dict[str, Any]) -> None:
        try:
            wanted = Begin.model_validate(data)
        except ValidationError as wrong:
            raise complaint(wrong, Begin, "speech.begin: ", otherwise=BadMessage) from None
        self._end()  # one left open has lost its end
        speech_id = self._line.begin(
            wanted.sample_rate, wanted.channels, wanted.text, wanted.timings, wanted.id
        )
        self._is_told = False
        self._tell({"type": "ok", "id": wanted.id, "speech_id": speech_id})

    def _end(self) -> None:
        if (wrong := self._line.end()) is not None:
            self._tell(error(None, public(wrong)))

    def _tell(self, event: Event) -> None:
        self._teller.tell(json.dumps(event))

    async def _progress(self) -> None:
        while True:
            await asyncio.sleep(PROGRESS_S)
            if (position := self._avatar.speech.queue.position) and position[0] in self._line.unfinished:
                speech_id, seconds = position
                self._tell(
                    {
                        "type": "speech.progress",
                        "speech_id": speech_id,
                        "position_ms": int(seconds * 1000),
                    }
                )


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [web.get("/api/v1/avatars/{avatar}/audio", audio_socket)]
