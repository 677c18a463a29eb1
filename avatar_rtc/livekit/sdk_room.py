"""A room by LiveKit's own library, which is loaded when the first room is joined.

Its pictures are ours as they are encoded (`EncodedVideoSource`); its sound it encodes itself.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from avatar_rtc.errors import Refused, SetupError, Unreachable
from avatar_rtc.livekit.invitation import RoomInvitation
from avatar_rtc.livekit.room import (
    CallRefused,
    Participant,
    PictureOut,
    PictureWishes,
    RoomGuest,
    SoundOut,
)
from avatar_rtc.livekit.wire import AUDIO_TOPIC, CLEAR, TEXT_TOPIC
from avatar_rtc.sound.pcm import Pcm, pcm_to_bytes
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ, Codec

log = logging.getLogger(__name__)

JOIN_S = 15.0
"""Within which a room lets somebody in, or not at all."""
LEAVE_S = 2.0
CALL_S = 5.0
"""Within which a participant answers."""
_SOUND_BLOCK = AUDIO_CLOCK_HZ // 100
"""Samples that the library takes without keeping them in a queue of its own."""
_FINAL = ("CLIENT_INITIATED", "DUPLICATE_IDENTITY", "PARTICIPANT_REMOVED", "ROOM_DELETED", "ROOM_CLOSED")


def check_livekit() -> None:
    """Raise SetupError if LiveKit's library is not installed; does not load it."""
    try:
        is_here = find_spec("livekit.rtc") is not None
    except ModuleNotFoundError:
        is_here = False
    if not is_here:
        raise SetupError("rooms of LiveKit are an extra: pip install 'avatar-rtc[livekit]'")


class SdkRooms:
    """Joins rooms by LiveKit's library. Made and used on the event loop."""

    def __init__(self, library: Callable[[], Awaitable[Any]] | None = None) -> None:
        """
        Args:
            library: gives what stands in for `livekit.rtc`; None is that itself.
        """
        self._library = library
        self._leaving: set[asyncio.Future[None]] = set()

    async def join(self, invitation: RoomInvitation, guest: RoomGuest) -> "SdkRoom":
        """See `JoinRoom`."""
        if self._library is None:
            check_livekit()
            rtc = await asyncio.to_thread(_load_library)
        else:
            rtc = await self._library()
        room = rtc.Room()
        joined = SdkRoom(rtc, room, guest)
        options = rtc.RoomOptions(auto_subscribe=False)
        connecting = asyncio.ensure_future(room.connect(invitation.url, invitation.token, options))
        try:
            async with asyncio.timeout(JOIN_S):
                # Not cancelled with us: the library would go on, and be in the room without anybody.
                await asyncio.shield(connecting)
        except rtc.ConnectError as error:
            log.info("LiveKit's library could not join: %s", error)
            raise Unreachable(_why(str(error))) from None
        except TimeoutError:
            self._leave_later(connecting, joined)
            raise Unreachable(f"no room has let the avatar in within {JOIN_S:g} s") from None
        except asyncio.CancelledError:
            self._leave_later(connecting, joined)
            raise
        joined.opened()
        return joined

    def _leave_later(self, connecting: "asyncio.Future[None]", joined: "SdkRoom") -> None:
        """Go again as soon as the library is in, if it ever is."""

        def done(connected: "asyncio.Future[None]") -> None:
            if not connected.cancelled() and connected.exception() is None:
                leaving = asyncio.ensure_future(joined.leave())
                self._leaving.add(leaving)
                leaving.add_done_callback(self._leaving.discard)

        connecting.add_done_callback(done)


class SdkRoom:
    """See `JoinedRoom`."""

    def __init__(self, rtc: Any, room: Any, guest: RoomGuest) -> None:
        self._rtc, self._room, self._guest = rtc, room, guest
        self._sources: list[Any] = []
        # Before it connects: an agent that waits there sends at once.
        room.register_byte_stream_handler(
            AUDIO_TOPIC, lambda stream, who: guest.sends_sound(_Stream(stream), who)
        )
        room.register_text_stream_handler(
            TEXT_TOPIC, lambda stream, who: guest.sends_text(_Stream(stream), who)
        )
        for event, told in (
            ("participant_connected", lambda who: guest.came(self._told(who))),
            ("participant_disconnected", lambda who: guest.left(who.identity)),
            ("participant_attributes_changed", lambda _, who: guest.changed(self._told(who))),
            ("data_received", self._data),
            ("reconnecting", lambda: guest.wavers(False)),
            ("reconnected", lambda: guest.wavers(True)),
            ("disconnected", self._disconnected),
        ):
            room.on(event, told)

    def opened(self) -> None:
        """It is connected."""
        self._room.local_participant.register_rpc_method(
            CLEAR, lambda called: self._guest.clear(called.caller_identity)
        )
        for who in self.participants():
            self._guest.came(who)

    def participants(self) -> Sequence[Participant]:
        """See `JoinedRoom`."""
        return [self._told(who) for who in self._room.remote_participants.values()]

    async def publish_sound(self) -> SoundOut:
        """See `JoinedRoom`."""
        rtc = self._rtc
        source = rtc.AudioSource(AUDIO_CLOCK_HZ, 1, 0)
        self._sources.append(source)
        track = rtc.LocalAudioTrack.create_audio_track("voice", source)
        await self._publish(
            track, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=False)
        )
        return SdkSound(rtc, source)

    async def publish_picture(
        self, codec: Codec, size: tuple[int, int], fps: float, most_bps: int
    ) -> PictureOut:
        """See `JoinedRoom`."""
        rtc = self._rtc
        source = rtc.EncodedVideoSource(*size)
        self._sources.append(source)
        track = rtc.LocalVideoTrack.create_video_track("face", source)
        options = rtc.TrackPublishOptions(
            source=rtc.TrackSource.SOURCE_CAMERA,
            video_codec=_codec(rtc, codec),
            video_encoder=rtc.VideoEncoderBackend.ENCODER_BACKEND_PRE_ENCODED,
            video_encoding=rtc.VideoEncoding(max_bitrate=most_bps, max_framerate=fps),
            simulcast=False,
        )
        await self._publish(track, options)
        return SdkPicture(rtc, source, codec)

    async def call(self, identity: str, method: str, payload: str) -> str:
        """See `JoinedRoom`."""
        try:
            answer: str = await self._room.local_participant.perform_rpc(
                destination_identity=identity, method=method, payload=payload, response_timeout=CALL_S
            )
        except self._rtc.RpcError as error:
            raise CallRefused(int(error.code)) from None
        return answer

    async def set_attributes(self, attributes: Mapping[str, str]) -> None:
        """See `JoinedRoom`."""
        try:
            await self._room.local_participant.set_attributes(dict(attributes))
        except Exception as error:  # the library has no class of its own for it
            raise Refused(f"the room does not let the avatar say what it can read: {error}") from None

    async def leave(self) -> None:
        """See `JoinedRoom`."""
        try:
            async with asyncio.timeout(LEAVE_S):
                await self._room.disconnect()
        except TimeoutError:
            log.warning("a room did not take leave within %g s", LEAVE_S)
        finally:
            sources, self._sources = self._sources, []
            for source in sources:
                with contextlib.suppress(Exception):
                    await source.aclose()

    async def _publish(self, track: Any, options: Any) -> None:
        try:
            await self._room.local_participant.publish_track(track, options)
        except self._rtc.participant.PublishTrackError as error:
            log.info("LiveKit's library could not publish: %s", error)
            raise Refused("the room does not let the avatar publish sound and picture") from None

    def _told(self, who: Any) -> Participant:
        is_agent = who.kind == self._rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        return Participant(who.identity, is_agent, dict(who.attributes))

    def _data(self, packet: Any) -> None:
        if packet.participant is not None:
            self._guest.sends_data(packet.topic or "", packet.data, packet.participant.identity)

    def _disconnected(self, reason: Any = 0) -> None:
        try:
            name = self._rtc.DisconnectReason.Name(reason)
        except (ValueError, TypeError):
            name = "UNKNOWN_REASON"
        self._guest.lost(name.lower().replace("_", " "), name in _FINAL)


class SdkPicture:
    """See `PictureOut`."""

    def __init__(self, rtc: Any, source: Any, codec: Codec) -> None:
        self._rtc, self._source, self._codec = rtc, source, _codec(rtc, codec)

    def put(self, data: bytes, is_key: bool, size: tuple[int, int], t_us: int) -> bool:
        """See `PictureOut`."""
        kinds = self._rtc.EncodedFrameType
        kind = kinds.ENCODED_FRAME_KEY if is_key else kinds.ENCODED_FRAME_DELTA
        frame = self._rtc.EncodedVideoFrame(data, *size, self._codec, kind, t_us)
        return bool(self._source.capture_frame(frame))

    def wishes(self) -> PictureWishes:
        """See `PictureOut`."""
        told = self._source.take_feedback()
        rate = told.rate_control
        return PictureWishes(told.keyframe_requested, None if rate is None else rate.target_bitrate_bps)


class SdkSound:
    """See `SoundOut`."""

    def __init__(self, rtc: Any, source: Any) -> None:
        self._rtc, self._source = rtc, source

    async def put(self, pcm: Pcm) -> None:
        """See `SoundOut`."""
        for begin in range(0, len(pcm), _SOUND_BLOCK):
            block = pcm[begin : begin + _SOUND_BLOCK]
            frame = self._rtc.AudioFrame(pcm_to_bytes(block), AUDIO_CLOCK_HZ, 1, len(block))
            await self._source.capture_frame(frame)


class _Stream:
    """See `RoomStream`."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    @property
    def attributes(self) -> Mapping[str, str]:
        return self._reader.info.attributes or {}

    def __aiter__(self) -> AsyncIterator[Any]:
        chunks: AsyncIterator[Any] = self._reader.__aiter__()
        return chunks

    def close(self) -> None:
        self._reader.close()


def _load_library() -> Any:
    """Some 30 MB of it are mapped, and its log is told of less: at INFO it names the addresses of rooms."""
    from livekit import rtc

    logging.getLogger("livekit").setLevel(logging.WARNING)
    return rtc


def _codec(rtc: Any, codec: Codec) -> Any:
    return rtc.VideoCodec.H264 if codec == "h264" else rtc.VideoCodec.VP8


def _why(told: str) -> str:
    """What a caller may read of the library's error: what a server has answered stays in the log."""
    if any(word in told.lower() for word in ("401", "403", "unauthorized", "permission", "token")):
        return "the room's server does not take the token"
    return "the room's server cannot be reached, or is none"
