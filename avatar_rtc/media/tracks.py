"""Tracks that hand encoded packets to aiortc, which only packs them into RTP."""

import logging
from collections.abc import Callable
from typing import Protocol

from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from avatar_rtc.media.broadcast import EndOfStream, MediaKind, Packet

log = logging.getLogger(__name__)


class PacketQueue(Protocol):
    """What a track reads: a `Subscription`, or several one after the other."""

    @property
    def needs_key(self) -> bool:
        """True until a keyframe is in the queue."""

    @property
    def dropped(self) -> int:
        """Packets lost because nobody read them in time."""

    async def next(self) -> Packet:
        """The next packet; EndOfStream if there will be none."""

    def close(self) -> None:
        """Leave; may be called again."""


class PacketTrack(MediaStreamTrack):
    """What one viewer gets of a broadcast; subscribes when the connection first asks for a packet."""

    def __init__(
        self,
        kind: MediaKind,
        subscribe: Callable[[], PacketQueue],
        request_keyframe: Callable[[], None] | None = None,
    ) -> None:
        """Made on the event loop.

        Args:
            subscribe: called once, when the peer is connected.
            request_keyframe: called when this viewer needs one: it has joined, or was too slow.
        """
        super().__init__()
        self.kind = kind
        self._subscribe, self._request_keyframe = subscribe, request_keyframe
        self._subscription: PacketQueue | None = None
        self.t: float | None = None
        """Media time in s of the packet given last."""
        self.level: int | None = None
        """How loud the packet given last is, as `loudness.told_level` writes it; None of pictures."""

    @property
    def dropped(self) -> int:
        """Packets lost because this viewer was too slow."""
        return self._subscription.dropped if self._subscription else 0

    async def recv(self) -> Packet:
        """The next packet.

        Raises:
            MediaStreamError: the track was stopped, or the broadcast has ended. Nothing else may leave
                here: aiortc's sender dies of it, and closing the connection then waits for ever.
        """
        if self.readyState != "live":
            raise MediaStreamError
        try:
            packet = await self._next()
        except EndOfStream:
            self.stop()
            raise MediaStreamError from None
        except Exception:
            log.exception("a %s track failed", self.kind)
            self.stop()
            raise MediaStreamError from None
        self.t = None if packet.pts is None else float(packet.pts * packet.time_base)
        if self.kind == "audio" and isinstance(packet.opaque, int):
            self.level = packet.opaque
        return packet

    def stop(self) -> None:
        """Leave the broadcast; may be called again."""
        super().stop()
        if self._subscription:
            self._subscription.close()

    async def _next(self) -> Packet:
        if self._subscription is None:
            self._subscription = self._subscribe()
        if self._subscription.needs_key and self._request_keyframe:
            # Dropped packets leave no gap in the RTP sequence, so the peer would not ask by itself.
            self._request_keyframe()
        return await self._subscription.next()
