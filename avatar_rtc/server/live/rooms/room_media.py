"""An avatar's picture and sound on their way into a room, each as it is for every other viewer.

Streams ─ packets, encoded once ─► Ladder ─► PictureOut         ◄─ wishes: a keyframe, fewer bits
        └ bare blocks of 20 ms ────────────► SoundOut
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from avatar_rtc.errors import Unreachable
from avatar_rtc.link.orders import MATTE_SIZE
from avatar_rtc.livekit.link_rung import LinkFooting, next_link_footing
from avatar_rtc.livekit.room import JoinedRoom, PictureOut, SoundOut
from avatar_rtc.media.broadcast import EndOfStream, Packet
from avatar_rtc.media.ladder import Ladder
from avatar_rtc.media.picture_size import PictureSizes
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.stream.frame import Codec, Rendition, video_t
from avatar_rtc.stream.rungs import take_of

log = logging.getLogger(__name__)

CAMERA_PATIENCE_S = 1.0
"""For which it is awaited: agents send no sound before they see a camera."""
SENT_S = 2.0
MOST_SHARE = 2
"""What the links may be given, of what the upper rung takes: keyframes are large."""


class RoomPicture:
    """The picture of one avatar in one room. Made on the event loop, run once."""

    def __init__(self, avatar: Avatar, codec: Codec) -> None:
        self._avatar, self._codec = avatar, codec
        self._sizes = PictureSizes(codec)
        self._size: tuple[int, int] | None = None
        self._footing = LinkFooting()
        self._target_bps: int | None = None
        """What the links were last said to carry."""
        self._sent: deque[tuple[float, int]] = deque()
        """(second, bytes) of the pictures of the last SENT_S."""
        streams = avatar.streams
        self._ladder = Ladder(
            Rendition(codec, "matte"), streams.watch, streams.request_keyframe, lambda rendition: None
        )

    async def run(self, room: JoinedRoom, shown: Callable[[], None]) -> None:
        """Show it until it ends; raises as `JoinedRoom.publish_picture`.

        Args:
            shown: called once the room knows of it.
        """
        try:
            first = await self._first()
            size, fps = self._size or self._awaited, self._avatar.fps
            most_bps = MOST_SHARE * take_of("upper", *size, fps).bitrate_bps
            out = await room.publish_picture(self._codec, size, fps, most_bps)
            shown()
            self._footing = LinkFooting(moved_at=self._now())
            if first is not None:
                self._put(out, first)
            while True:
                self._put(out, await self._next())
        except EndOfStream:
            raise Unreachable("the avatar was closed") from None
        finally:
            self._ladder.close()

    @property
    def _awaited(self) -> tuple[int, int]:
        """(width, height) in px that a camera is shown with whose first picture is not here yet."""
        cast = self._avatar.state.cast
        return MATTE_SIZE if cast is None else (cast.width, cast.height)

    async def _first(self) -> "Packet | None":
        try:
            async with asyncio.timeout(CAMERA_PATIENCE_S):
                packet = await self._next()
        except TimeoutError:
            return None
        self._measure(packet)
        return packet

    async def _next(self) -> Packet:
        if self._ladder.needs_key:
            self._avatar.streams.request_keyframe(self._ladder.rendition)
        return await self._ladder.next()

    def _measure(self, packet: Packet) -> None:
        if packet.is_keyframe:
            self._size = self._sizes.of(bytes(packet)) or self._size

    def _put(self, out: PictureOut, packet: Packet) -> None:
        self._measure(packet)
        if self._size is None:
            return
        avatar = self._avatar
        due = avatar.clock.at(video_t(packet.pts or 0) + avatar.streams.release.delay)
        is_taken = out.put(bytes(packet), packet.is_keyframe, self._size, round(1e6 * due))
        wishes = out.wishes()
        if wishes.keyframe or not is_taken:
            avatar.streams.request_keyframe(self._ladder.rendition)
        self._target_bps = wishes.target_bps or self._target_bps
        self._adapt(packet.size)

    def _adapt(self, size: int) -> None:
        now = self._now()
        self._sent.append((now, size))
        while self._sent[0][0] < now - SENT_S:
            self._sent.popleft()
        if self._target_bps is None:
            return
        sent_bps = 8 * sum(size for _, size in self._sent) / SENT_S
        before = self._footing
        self._footing = next_link_footing(before, self._target_bps, sent_bps, now)
        if self._footing.rung != before.rung:
            log.info("a room gets the %s rung: it carries %d b/s", self._footing.rung, self._target_bps)
            self._ladder.move(self._footing.rung)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


async def send_sound(avatar: Avatar, out: SoundOut) -> None:
    """The sound of an avatar into a room, until it ends."""
    blocks = avatar.streams.listen_bare()
    try:
        while True:
            await out.put(await blocks.next())
    except EndOfStream:
        raise Unreachable("the avatar was closed") from None
    finally:
        blocks.close()
