"""A room of LiveKit that is made here: no server of theirs could be had, and both sides of it are real.

`MadeServer.library` gives what stands in for `livekit.rtc`. Rooms, streams and calls are its own, as much of
them as agents and avatars use; all else is LiveKit's. Sound and picture end in it, and are kept.
"""

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

CutBytes = Callable[[bytes], list[bytes]]


def room_token(identity: str, room: str = "room", **attributes: str) -> str:
    """A room token that nobody has signed.

    Args:
        attributes: with `__` for each dot of their names.
    """
    claims = {
        "sub": identity,
        "video": {"room": room, "roomJoin": True},
        "attributes": {name.replace("__", "."): value for name, value in attributes.items()},
    }
    parts = (json.dumps(part).encode() for part in ({"alg": "HS256"}, claims))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + ".c2ln"


class MadeReader:
    """A stream as it is received."""

    def __init__(self, attributes: Mapping[str, str]) -> None:
        self.info = SimpleNamespace(attributes=dict(attributes))
        self._chunks: asyncio.Queue[Any] = asyncio.Queue()
        self.is_closed = False

    def put(self, chunk: Any) -> None:
        """A piece of it, or None for its end."""
        self._chunks.put_nowait(chunk)

    def __aiter__(self) -> "MadeReader":
        return self

    async def __anext__(self) -> Any:
        if self.is_closed:
            raise StopAsyncIteration
        chunk = await self._chunks.get()
        if isinstance(chunk, Exception):
            raise chunk
        if chunk is None:
            self.is_closed = True
            raise StopAsyncIteration
        return chunk

    def close(self) -> None:
        """Nobody reads the rest."""
        self.is_closed = True
        self.put(None)


class MadeWriter:
    """A stream as it is sent; `cut` cuts its pieces, and `loses` says whether its end is lost."""

    def __init__(self, reader: MadeReader, cut: CutBytes, loses: Callable[[], bool]) -> None:
        self._reader, self._cut, self._loses = reader, cut, loses

    async def write(self, data: Any) -> None:
        """Send a piece."""
        await asyncio.sleep(0)
        for chunk in self._cut(data) if isinstance(data, bytes) else [data]:
            self._reader.put(chunk)

    async def aclose(self, *, reason: str = "", attributes: Mapping[str, str] | None = None) -> None:
        """Send its end."""
        await asyncio.sleep(0)
        self._reader.info.attributes |= attributes or {}
        if not self._loses():
            self._reader.put(None)


class MadeServer:
    """One room, and who is in it. Made on the event loop."""

    def __init__(self) -> None:
        from livekit import rtc

        self.rtc = rtc
        self.rooms: dict[str, Any] = {}
        """Identity → the room as that participant has it."""
        self.calls: list[tuple[str, str, str]] = []
        """(caller, method, payload) of each call that was made."""
        self.cut: CutBytes = lambda data: [data]
        self.loses_trailer: Callable[[], bool] = lambda: False
        self.latency_s: Callable[[], float] = lambda: 0.002
        """How long a call is on its way."""
        self.refuses = ""
        """What joining is refused with."""
        self.takes_pictures = True
        self.wishes: list[Any] = []
        """Feedback that the next picture's sender gets."""

    async def library(self) -> Any:
        """What stands in for `livekit.rtc`; rooms that it makes are this one."""
        return _Library(self)

    def made_room(self) -> Any:
        """A room for an agent, not connected yet."""
        return _room_class(self)()

    def tell(self, identity: str, event: str, *told: Any) -> None:
        """Tell all others of somebody."""
        for name, room in self.rooms.items():
            if name != identity:
                room.emit(event, *told)

    async def drop(self, identity: str, reason: int = 9) -> None:
        """Somebody loses the room."""
        room = self.rooms[identity]
        room.gone()
        room.emit("disconnected", reason)


def _room_class(server: MadeServer) -> Any:
    rtc = server.rtc

    class MadeRoom(rtc.EventEmitter):  # type: ignore[misc, name-defined]
        """As `rtc.Room`."""

        def __init__(self) -> None:
            super().__init__()
            self.name = "room"
            self.remote_participants: dict[str, Any] = {}
            self.byte_handlers: dict[str, Any] = {}
            self.text_handlers: dict[str, Any] = {}
            self.local_participant = _Local(server, self)
            self.is_connected = False

        def isconnected(self) -> bool:
            return self.is_connected

        def register_byte_stream_handler(self, topic: str, handler: Any) -> None:
            self.byte_handlers[topic] = handler

        def register_text_stream_handler(self, topic: str, handler: Any) -> None:
            self.text_handlers[topic] = handler

        async def connect(self, url: str, token: str, options: Any = None) -> None:
            await asyncio.sleep(0.01)
            if server.refuses:
                raise rtc.ConnectError(server.refuses)
            body = token.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
            local = self.local_participant
            local.identity, local.attributes = claims["sub"], dict(claims["attributes"])
            local.kind = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
            local.state = rtc.ParticipantState.PARTICIPANT_STATE_ACTIVE
            self.remote_participants |= {name: room.local_participant for name, room in server.rooms.items()}
            server.rooms[local.identity] = self
            self.is_connected = True
            for name, room in server.rooms.items():
                if name != local.identity:
                    room.remote_participants[local.identity] = local
            server.tell(local.identity, "participant_connected", local)
            server.tell(local.identity, "participant_active", local)

        async def disconnect(self) -> None:
            if self.is_connected:
                self.gone()
                self.emit("disconnected", rtc.DisconnectReason.CLIENT_INITIATED)

        def gone(self) -> None:
            self.is_connected = False
            local = self.local_participant
            local.track_publications.clear()
            server.rooms.pop(local.identity, None)
            for room in server.rooms.values():
                room.remote_participants.pop(local.identity, None)
            server.tell(local.identity, "participant_disconnected", local)

    return MadeRoom


class _Local:
    """As `rtc.LocalParticipant`, and as others see it."""

    def __init__(self, server: MadeServer, room: Any) -> None:
        self._server, self._room = server, room
        self.identity = ""
        self.kind = self.state = 0
        self.attributes: dict[str, str] = {}
        self.track_publications: dict[str, Any] = {}
        self._rpc_handlers: dict[str, Any] = {}

    def register_rpc_method(self, method: str, handler: Any) -> Any:
        self._rpc_handlers[method] = handler
        return handler

    async def perform_rpc(
        self, *, destination_identity: str, method: str, payload: str, response_timeout: float | None = None
    ) -> str:
        rtc, server = self._server.rtc, self._server
        await asyncio.sleep(server.latency_s())
        room = server.rooms.get(destination_identity)
        if room is None:
            raise rtc.RpcError(rtc.RpcError.ErrorCode.RECIPIENT_NOT_FOUND, "not there")
        server.calls.append((self.identity, method, payload))
        handler = room.local_participant._rpc_handlers.get(method)
        if handler is None:
            raise rtc.RpcError(rtc.RpcError.ErrorCode.UNSUPPORTED_METHOD, "not taken")
        try:
            answer = handler(rtc.RpcInvocationData("r", self.identity, payload, 10.0))
            return str(await answer if asyncio.iscoroutine(answer) else answer)
        except Exception as error:
            raise rtc.RpcError(rtc.RpcError.ErrorCode.APPLICATION_ERROR, repr(error)) from error

    async def stream_bytes(
        self, *, name: str = "", topic: str, destination_identities: Any = None, attributes: Any = None
    ) -> MadeWriter:
        return await self._stream("byte_handlers", topic, destination_identities, attributes, self.identity)

    async def stream_text(
        self,
        *,
        topic: str,
        sender_identity: str = "",
        destination_identities: Any = None,
        attributes: Any = None,
    ) -> MadeWriter:
        who = sender_identity or self.identity
        return await self._stream("text_handlers", topic, destination_identities, attributes, who)

    async def _stream(self, kind: str, topic: str, to: Any, attributes: Any, who: str) -> MadeWriter:
        await asyncio.sleep(0.001)
        server = self._server
        reader = MadeReader(attributes or {})
        for name, room in tuple(server.rooms.items()):
            handler = getattr(room, kind).get(topic)
            if name != self.identity and handler is not None and (to is None or name in to):
                handler(reader, who)
        return MadeWriter(reader, server.cut, server.loses_trailer)

    async def publish_track(self, track: Any, options: Any) -> Any:
        await asyncio.sleep(0.005)
        publication = SimpleNamespace(
            sid=f"TR_{len(self.track_publications)}", kind=track.kind, options=options
        )
        publication.track = track
        self.track_publications[publication.sid] = publication
        self._server.tell(self.identity, "track_published", publication, self)
        return publication

    async def set_attributes(self, attributes: Mapping[str, str]) -> None:
        self.attributes |= attributes
        self._server.tell(self.identity, "participant_attributes_changed", list(attributes), self)


class _Library:
    """`livekit.rtc`, but for rooms and media."""

    def __init__(self, server: MadeServer) -> None:
        self._server = server
        self.Room = server.made_room
        kinds = server.rtc.TrackKind
        self.LocalAudioTrack = _tracks(kinds.KIND_AUDIO)
        self.LocalVideoTrack = _tracks(kinds.KIND_VIDEO)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._server.rtc, name)

    def AudioSource(self, rate: int, channels: int, queue_ms: int) -> "KeptSound":
        return KeptSound()

    def EncodedVideoSource(self, width: int, height: int) -> "KeptPictures":
        return KeptPictures(self._server, (width, height))


def _tracks(kind: Any) -> Any:
    def create(name: str, source: Any) -> Any:
        return SimpleNamespace(kind=kind, name=name, source=source)

    return SimpleNamespace(create_audio_track=create, create_video_track=create)


class KeptSound:
    """What an avatar has let be heard: (second of the loop, bytes) of each frame."""

    def __init__(self) -> None:
        self.frames: list[tuple[float, bytes]] = []
        self.is_closed = False

    async def capture_frame(self, frame: Any) -> None:
        """Keep it."""
        self.frames.append((asyncio.get_running_loop().time(), bytes(frame.data)))

    async def aclose(self) -> None:
        """No more of it."""
        self.is_closed = True


class KeptPictures:
    """What an avatar has let be seen."""

    def __init__(self, server: MadeServer, size: tuple[int, int]) -> None:
        self._server, self.size = server, size
        self.frames: list[Any] = []
        self.is_closed = False

    def capture_frame(self, frame: Any) -> bool:
        """Keep it."""
        self.frames.append(frame)
        return self._server.takes_pictures

    def take_feedback(self) -> Any:
        """What the server wishes."""
        if self._server.wishes:
            return self._server.wishes.pop(0)
        return SimpleNamespace(keyframe_requested=False, rate_control=None)

    async def aclose(self) -> None:
        """No more of them."""
        self.is_closed = True
