"""As much of a server of LiveKit as one avatar and one agent need, so that its own library joins it.

The library's signals are answered, its sound and picture are decoded by aiortc, and the agent's part is
packets on its data channel. One participant at a time; nothing is forwarded.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from avatar_rtc.errors import SetupError
from avatar_rtc.livekit.wire import AUDIO_TOPIC

MADE_AGENT = "agent"
MADE_CHUNK_BYTES = 15_000
"""Of one packet of a stream."""


class MadeSfu:
    """One room, with an agent in it. Made on the event loop."""

    def __init__(self) -> None:
        try:
            from livekit.protocol import models, rtc
        except ImportError:
            raise SetupError("this takes livekit-protocol: pip install livekit-protocol") from None
        self._models, self._rtc = models, rtc
        self.url = ""
        self.tracks: asyncio.Queue[Any] = asyncio.Queue()
        """Those that the avatar has published, as they can be decoded."""
        self.calls: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        """(method, payload) of what the avatar has called the agent for."""
        self.takes: set[str] = set()
        """Methods that the agent takes."""
        self._answers: dict[str, asyncio.Future[str]] = {}
        self._numbers = itertools.count(1)
        self._socket: Any = None
        self._channel: Any = None
        self.has_channel = asyncio.Event()
        self.connections: list[RTCPeerConnection] = []

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["MadeSfu"]:
        """While it can be joined at `url`."""
        app = web.Application()
        app.router.add_get("/rtc", self._signals)  # newer ways are 404, and the library falls back
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"ws://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            for connection in self.connections:
                await connection.close()
            await runner.cleanup()

    async def ask_keyframe(self) -> None:
        """Somebody cannot decode the avatar's picture."""
        for transceiver in self.connections[0].getTransceivers():
            receiver = transceiver.receiver
            if transceiver.kind == "video":
                for ssrc in list(receiver._RTCRtpReceiver__active_ssrc):  # type: ignore[attr-defined]
                    await receiver._send_rtcp_pli(ssrc)

    async def say(self, pcm: bytes, rate: int, has_end: bool = True) -> None:
        """The agent sends sound to be said."""
        stream, models = f"ST_{next(self._numbers)}", self._models
        header = models.DataStream.Header(
            stream_id=stream,
            timestamp=round(time.time() * 1000),
            topic=AUDIO_TOPIC,
            mime_type="application/octet-stream",
            attributes={"sample_rate": str(rate), "num_channels": "1"},
        )
        header.byte_header.name = stream
        self._send_packet(stream_header=header)
        for index, begin in enumerate(range(0, len(pcm), MADE_CHUNK_BYTES)):
            chunk = pcm[begin : begin + MADE_CHUNK_BYTES]
            self._send_packet(
                stream_chunk=models.DataStream.Chunk(stream_id=stream, chunk_index=index, content=chunk)
            )
            await asyncio.sleep(0)
        if has_end:
            self._send_packet(stream_trailer=models.DataStream.Trailer(stream_id=stream))

    async def call(self, method: str, payload: str = "") -> str:
        """The agent calls the avatar; gives its answer."""
        name = f"RPC_{next(self._numbers)}"
        self._answers[name] = asyncio.get_running_loop().create_future()
        request = self._models.RpcRequest(
            id=name, method=method, payload=payload, response_timeout_ms=5_000, version=1
        )
        self._send_packet(rpc_request=request)
        return await self._answers[name]

    async def set_agent(self, **attributes: str) -> None:
        """The agent tells of itself; a dot in a name is written as two underscores."""
        await self._signal(update=self._rtc.ParticipantUpdate(participants=[self._agent(attributes)]))

    async def remove_agent(self) -> None:
        """The agent has left."""
        gone = self._agent()
        gone.state = self._models.ParticipantInfo.DISCONNECTED
        await self._signal(update=self._rtc.ParticipantUpdate(participants=[gone]))

    async def close_room(self) -> None:
        """The room is deleted."""
        await self._signal(leave=self._rtc.LeaveRequest(reason=self._models.DisconnectReason.ROOM_DELETED))

    def _agent(self, attributes: dict[str, str] | None = None) -> Any:
        models = self._models
        named = {name.replace("__", "."): value for name, value in (attributes or {}).items()}
        info = models.ParticipantInfo
        return info(sid="PA_agent", identity=MADE_AGENT, state=info.ACTIVE, kind=info.AGENT, attributes=named)

    async def _signals(self, request: web.Request) -> web.WebSocketResponse:
        self._socket = socket = web.WebSocketResponse()
        await socket.prepare(request)
        models, rtc = self._models, self._rtc
        may = models.ParticipantPermission(can_publish=True, can_publish_data=True, can_subscribe=True)
        info = models.ParticipantInfo
        join = rtc.JoinResponse(
            room=models.Room(sid="RM_made", name="room"),
            participant=info(sid="PA_face", identity="face", state=info.ACTIVE, permission=may),
            other_participants=[self._agent()],
            server_info=models.ServerInfo(version="1.9.0", protocol=15),
            ping_interval=10,
            ping_timeout=30,
            fast_publish=True,
        )
        join.enabled_publish_codecs.extend(
            models.Codec(mime=mime) for mime in ("video/H264", "video/VP8", "audio/opus")
        )
        await self._signal(join=join)
        publisher, subscriber = self._connection(), self._connection()
        publisher.on("track", self.tracks.put_nowait)
        publisher.on("datachannel", lambda channel: channel.on("message", self._packet))
        self._channel = subscriber.createDataChannel("_reliable")
        self._channel.on("open", self.has_channel.set)
        await subscriber.setLocalDescription(await subscriber.createOffer())
        offer = rtc.SessionDescription(type="offer", sdp=subscriber.localDescription.sdp)
        await self._signal(offer=offer)
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                asked = rtc.SignalRequest()
                asked.ParseFromString(message.data)
                await self._answer(asked, publisher, subscriber)
        return socket

    def _connection(self) -> RTCPeerConnection:
        self.connections.append(RTCPeerConnection(RTCConfiguration(iceServers=[])))
        return self.connections[-1]

    async def _answer(self, asked: Any, publisher: RTCPeerConnection, subscriber: RTCPeerConnection) -> None:
        rtc = self._rtc
        match asked.WhichOneof("message"):
            case "offer":
                await publisher.setRemoteDescription(RTCSessionDescription(asked.offer.sdp, "offer"))
                await publisher.setLocalDescription(await publisher.createAnswer())
                sdp = publisher.localDescription.sdp
                await self._signal(answer=rtc.SessionDescription(type="answer", sdp=sdp, id=asked.offer.id))
            case "answer":
                await subscriber.setRemoteDescription(RTCSessionDescription(asked.answer.sdp, "answer"))
            case "add_track":
                track = asked.add_track
                info = self._models.TrackInfo(
                    sid=f"TR_{next(self._numbers)}", type=track.type, name=track.name, source=track.source
                )
                await self._signal(track_published=rtc.TrackPublishedResponse(cid=track.cid, track=info))
            case "ping_req":
                pong = rtc.Pong(
                    last_ping_timestamp=asked.ping_req.timestamp, timestamp=round(time.time() * 1000)
                )
                await self._signal(pong_resp=pong)

    async def _signal(self, **message: Any) -> None:
        await self._socket.send_bytes(self._rtc.SignalResponse(**message).SerializeToString())

    def _packet(self, data: bytes) -> None:
        packet = self._models.DataPacket()
        packet.ParseFromString(data)
        match packet.WhichOneof("value"):
            case "rpc_request":
                asked = packet.rpc_request
                self.calls.put_nowait((asked.method, asked.payload))
                self._send_packet(rpc_ack=self._models.RpcAck(request_id=asked.id))
                answer = self._models.RpcResponse(request_id=asked.id)
                if asked.method in self.takes:
                    answer.payload = "ok"
                else:
                    answer.error.code, answer.error.message = 1400, "Method not supported at destination"
                self._send_packet(rpc_response=answer)
            case "rpc_response":
                waiting = self._answers.pop(packet.rpc_response.request_id, None)
                if waiting is not None:
                    waiting.set_result(packet.rpc_response.payload)

    def _send_packet(self, **value: Any) -> None:
        packet = self._models.DataPacket(
            participant_identity=MADE_AGENT,
            participant_sid="PA_agent",
            destination_identities=["face"],
            **value,
        )
        self._channel.send(packet.SerializeToString())
