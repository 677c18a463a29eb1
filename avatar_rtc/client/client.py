"""Watch and control a live avatar from Python.

async with AvatarClient("http://127.0.0.1:8080") as avatar:
    await avatar.say("Hello! [joy] It is good to see you.")
    async for frame in avatar.frames():
        ...
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from numpy.typing import NDArray

from avatar_rtc.client.channel_line import ChannelLine
from avatar_rtc.client.control import Control
from avatar_rtc.client.heard import HeardStretch, stretches_heard_at
from avatar_rtc.client.hearing import Hearer
from avatar_rtc.client.newest import Newest
from avatar_rtc.client.talking import TalkSource, say_through
from avatar_rtc.client.whep import Whep, endpoint
from avatar_rtc.config import MediaBind
from avatar_rtc.control.microphone_message import MicrophoneMode
from avatar_rtc.errors import AvatarRtcError, InputError, NotFound, Unreachable
from avatar_rtc.media.addresses.aioice_private import ask_servers
from avatar_rtc.media.addresses.hosts_private import bind_media
from avatar_rtc.media.addresses.ice import IceServers, ice_servers_from
from avatar_rtc.media.aiortc_private import guard_connection
from avatar_rtc.media.aiortc_receiving import Mended, mend_losses
from avatar_rtc.media.guard import Guard
from avatar_rtc.media.picture import VideoFrame, rgba_from_stacked, rgba_opaque
from avatar_rtc.media.talk_track import TalkTrack
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ, Layout

PICTURES_KEPT = 2
"""Pictures waiting for `frames()`; older ones are dropped."""
BLOCKS_KEPT = 50
"""Blocks of 20 ms waiting for `audio()`."""


@dataclass
class Timing:
    """When the steps of connecting happened, in CLOCK_MONOTONIC seconds; 0 is not yet."""

    offered: float = 0.0
    """The POST leaves."""
    answered: float = 0.0
    """Its answer is here."""
    connected: float = 0.0
    """ICE and DTLS are through."""


class AvatarClient(Hearer):
    """One viewer of one avatar.

    Live pictures do not wait: a consumer slower than the avatar gets the newest ones, and `dropped` counts
    what it missed. A lost connection ends every iteration and request with `Unreachable`; `reconnecting`
    gives a new one then. To be used as an asynchronous context manager, once.
    """

    def __init__(
        self,
        url: str,
        *,
        video: Layout = "alpha",
        audio: bool = False,
        token: str | None = None,
        connect_timeout_s: float = 15.0,
        silence_timeout_s: float = 10.0,
        microphone: Literal["speak", "listen"] | None = None,
    ) -> None:
        """Nothing is sent before `async with`.

        Args:
            url: a server, one of its avatars or pages, or any WHEP endpoint.
            video: "alpha" for transparency, "matte" for a plain picture as other players get it.
            audio: receive sound too.
            token: bearer token for servers that ask for one.
            connect_timeout_s: from the offer to the established connection.
            silence_timeout_s: without one packet for so long, the connection counts as lost.
            microphone: what `talk` sends is spoken by the avatar, or listened to; None sends nothing.

        Raises:
            InputError: not a URL we can use.
        """
        super().__init__()
        self._endpoint = endpoint(url, video, microphone)
        self._talk_track = TalkTrack() if microphone is not None else None
        self._talks = asyncio.Lock()
        self._video_layout, self._with_audio, self._token = video, audio, token
        self._connect_timeout_s, self._silence_timeout_s = connect_timeout_s, silence_timeout_s
        self._video: Newest[VideoFrame] = Newest(PICTURES_KEPT)
        self._audio: Newest[Any] = Newest(BLOCKS_KEPT)
        self._tasks: list[asyncio.Task[None]] = []
        self._pc: RTCPeerConnection | None = None
        self._line: ChannelLine | None = None
        self._settled = asyncio.Event()
        self._error: AvatarRtcError | None = None
        self._closed = False
        self.timing = Timing()
        """When connecting got how far."""
        self.mended = Mended()
        """What was lost on the way, and what became of it."""

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            Unreachable: no server, no WHEP, or no media path within the time-out.
            NotFound, Refused, InputError: the server said no.
        """
        self._whep = Whep(self._endpoint, self._token)
        try:
            ice = await self._ice_servers()
            self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
            self._control = self._prepare(self._pc, ice)
            await self._connect(self._pc)
        except BaseException:
            await self.close()
            raise
        self._tasks.append(asyncio.create_task(self._watch_silence()))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close; see `close`."""
        await self.close()

    async def close(self) -> None:
        """Delete the WHEP resource and end all iterations normally; may be called twice."""
        self._closed = True
        self._end(None)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._whep.close()
        if self._pc is not None:
            await self._pc.close()

    async def renew(self, token: str) -> None:
        """Show a newer token, before the one that counts expires: the connection goes on as long as that one.

        Raises:
            Refused: it is for less, ends sooner, or does not count; the connection goes on as before.
            InputError, Unreachable: this server knows no such thing, or is away.
        """
        await self._whep.renew(token)

    async def frames(self) -> AsyncIterator[VideoFrame]:
        """Decoded pictures as `av.VideoFrame`, in the layout asked for.

        Raises:
            Unreachable: the connection is lost.
        """
        while (frame := await self._video.next()) is not None:
            yield frame

    async def frames_rgba(self) -> AsyncIterator[tuple[float, NDArray[np.uint8]]]:
        """(seconds, pixels): pixels are (height, width, 4) uint8, sRGB + straight alpha.

        Seconds count from the first picture of this connection, on the avatar's media clock. With
        `video="matte"` the alpha is 255. Raises as `frames`.
        """
        picture = rgba_from_stacked if self._video_layout == "alpha" else rgba_opaque
        async for frame in self.frames():
            yield frame.time or 0.0, picture(frame)

    async def audio(self) -> AsyncIterator[Any]:
        """Decoded sound as `av.AudioFrame`: s16, 48 kHz, 20 ms each. Raises as `frames`.

        A block that was lost is given all the same, mended or made up. The one behind it may wait for it for
        0.3 s, and others come with it: who plays them holds as much in store, or goes by their `pts`.
        """
        while (frame := await self._audio.next()) is not None:
            yield frame

    async def talk(self, source: TalkSource, *, rate: int = AUDIO_CLOCK_HZ) -> None:
        """Send sound as fast as it sounds, and end with it; one source after the other.

        Args:
            source: a file of any kind that `Server` takes as sound; arrays of int16 that come one by one; or
                "microphone", this machine's own, which has no end (extra `microphone`).
            rate: Hz of such arrays.

        Raises:
            InputError: no such sound, or this client was made without `microphone`.
            SetupError: no such file, or no microphone here.
            Unreachable: the connection is lost.
        """
        if self._talk_track is None:
            raise InputError("this client sends no sound: make it with microphone='listen' or 'speak'")
        async with self._talks:
            try:
                await say_through(self._talk_track, source, rate)
            except MediaStreamError:
                raise self._error or Unreachable("this client is closed") from None

    async def set_microphone(self, mode: MicrophoneMode) -> None:
        """Let what is sent be spoken, listened to, or neither ("off"); raises as `request`."""
        await self.request("microphone.set", mode=mode)

    async def ears(self) -> AsyncGenerator[HeardStretch, None]:
        """What viewers say who are listened to, each stretch when it has ended.

        Raises:
            Refused: the token does not grant `control`.
            NotFound: this is no server of ours, or one without ears.
            Unreachable: the connection is lost.
        """
        if self._endpoint.avatar is None:
            raise NotFound("avatar to hear with at", self._endpoint.whep)
        async for heard in stretches_heard_at(self._endpoint.avatar, self._token):
            yield heard

    @property
    def received(self) -> int:
        """Pictures decoded since the connection."""
        return self._video.received

    @property
    def dropped(self) -> int:
        """Pictures decoded but taken by nobody before newer ones came."""
        return self._video.dropped

    async def received_bytes(self) -> int:
        """Bytes received since the connection: media, repairs and messages, without IP and UDP headers."""
        stats = await self._pc.getStats() if self._pc is not None else {}
        # Audio, video and data share one transport (max-bundle), so there is one such entry.
        return max((s.bytesReceived for s in stats.values() if s.type == "transport"), default=0)

    async def _ice_servers(self) -> IceServers:
        if self._endpoint.ice_servers is None or self._endpoint.is_loopback:
            return IceServers()
        try:
            found = await self._whep.get(self._endpoint.ice_servers)
        except (NotFound, InputError):
            return IceServers()  # an older server, or none of ours behind a path like ours
        return ice_servers_from(found.get("iceServers", []))

    def _prepare(self, pc: RTCPeerConnection, ice: IceServers) -> Control:
        pc.addTransceiver("video", direction="recvonly")
        if self._talk_track is not None:
            pc.addTransceiver(self._talk_track, direction="sendrecv" if self._with_audio else "sendonly")
        elif self._with_audio:
            pc.addTransceiver("audio", direction="recvonly")
        self._mend(pc)
        cues = pc.createDataChannel("cues", ordered=False, maxRetransmits=0)
        pose = pc.createDataChannel("pose", ordered=False, maxRetransmits=0)
        control = pc.createDataChannel("control")
        guard = Guard()
        guard_connection(pc, guard)
        ask_servers(pc, ice, guard)
        bind_media(pc, MediaBind(True, ("127.0.0.1",) if self._endpoint.is_loopback else ()))
        pc.on("track", self._track)
        pc.on("connectionstatechange", lambda: self._state_changed(pc.connectionState))
        self._line = ChannelLine(control, cues, pose)
        talk = Control(self._line, self._event)
        self._line.carry(talk)
        return talk

    def _mend(self, pc: RTCPeerConnection) -> None:
        for transceiver in pc.getTransceivers():
            mend_losses(transceiver.receiver, self.mended)

    async def _connect(self, pc: RTCPeerConnection) -> None:
        await pc.setLocalDescription(await pc.createOffer())
        self.timing.offered = time.monotonic()
        answer = await self._whep.offer(pc.localDescription.sdp)
        self.timing.answered = time.monotonic()
        try:
            await pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        except Exception as error:  # aiortc raises whatever its parser stumbles over
            raise Unreachable(f"the answer of {self._endpoint.whep} cannot be used: {error}") from error
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._connect_timeout_s):
                await self._settled.wait()
        if pc.connectionState != "connected":
            raise Unreachable(
                f"{self._endpoint.whep} answered, but no media path to it was found within "
                f"{self._connect_timeout_s:g} s; a firewall may block UDP"
            )

    def _track(self, track: MediaStreamTrack) -> None:
        queue = self._video if track.kind == "video" else self._audio
        self._tasks.append(asyncio.create_task(self._pump(track, queue)))

    async def _pump(self, track: MediaStreamTrack, queue: Newest[Any]) -> None:
        # aiortc queues decoded frames without a bound, so they are taken whether anyone asks or not.
        try:
            while True:
                queue.put(await track.recv())
        except MediaStreamError:
            self._lost("the server ended the stream")

    def _state_changed(self, state: str) -> None:
        if state == "connected":
            self.timing.connected = time.monotonic()
            self._settled.set()
        elif state in ("failed", "closed"):
            self._lost(f"the peer connection is {state}")

    async def _watch_silence(self) -> None:
        # A server that vanished says nothing; ICE consent alone would take 30 s to notice.
        seen, since = -1, 0.0
        while since < self._silence_timeout_s:
            now = await self.received_bytes()
            seen, since = now, (0.0 if now != seen else since + 1.0)
            await asyncio.sleep(1.0)
        self._lost(f"nothing came for {self._silence_timeout_s:g} s")

    def _lost(self, why: str) -> None:
        if not self._closed:
            self._end(Unreachable(f"the connection to {self._endpoint.whep} is lost: {self._goodbye or why}"))

    def _end(self, error: AvatarRtcError | None) -> None:
        self._error = self._error or error
        self._settled.set()
        if self._talk_track is not None:
            self._talk_track.stop()
        self._video.end(error)
        self._audio.end(error)
        self._end_hearing(error)
