"""One viewer's way between the rungs of its rendition: what it reads never has a gap, nor references of both.

upper ──P──P──P──P──┐                  read on above until there is a keyframe below, then leave:
lower               └─K──P──P──P──►    packets go on in the order of their times
"""

from collections.abc import Callable
from dataclasses import replace

import av

from avatar_rtc.media.broadcast import Packet, Subscription, any_ready
from avatar_rtc.stream.frame import Rendition, Rung


class Ladder:
    """Reads one rung after the other as a single stream of packets; made on the event loop."""

    def __init__(
        self,
        rendition: Rendition,
        watch: Callable[[Rendition], Subscription[Packet]],
        request_keyframe: Callable[[Rendition], None],
        on_moved: Callable[[Rendition], None],
        passes: Callable[[Packet], bool] = lambda packet: True,
    ) -> None:
        """Begins on the rung of `rendition`.

        Args:
            on_moved: called with the new one before its first packet is given.
            passes: whether a packet is given; after one that is not, none is before the next keyframe.
        """
        self._passes = passes
        self._watch, self._request_keyframe, self._on_moved = watch, request_keyframe, on_moved
        self.rendition = rendition
        """What it reads."""
        self._now = watch(rendition)
        self._coming: tuple[Rendition, Subscription[Packet]] | None = None
        self._dropped_before = 0
        self._given: int | None = None

    @property
    def needs_key(self) -> bool:
        """True until a keyframe is in the queue of what it reads."""
        return self._now.needs_key

    @property
    def dropped(self) -> int:
        """Packets lost because nobody read them in time."""
        return self._dropped_before + self._now.dropped

    def move(self, rung: Rung) -> None:
        """Go to another rung with its next keyframe; the last call counts.

        Downwards it is asked for. Upwards it is awaited, within 10 s: a trial costs the others there nothing.
        """
        wanted = replace(self.rendition, rung=rung)
        if self._coming is not None:
            if self._coming[0] == wanted:
                return
            self._coming[1].close()
            self._coming = None
        if wanted != self.rendition:
            self._coming = wanted, self._watch(wanted)
            if rung == "lower":
                self._request_keyframe(wanted)

    async def next(self) -> Packet:
        """The next packet; one reader at a time. Its time is later than that of the last.

        Raises:
            EndOfStream: it was closed, or what it reads has ended.
        """
        while not self._passes(packet := await self._next()):
            pass
        return self._later(packet)

    def close(self) -> None:
        """Leave; may be called again."""
        self._now.close()
        if self._coming is not None:
            self._coming[1].close()

    async def _next(self) -> Packet:
        while self._coming is not None:
            key, here = self._coming[1].first, self._now.first
            if key is not None and (here is None or _pts(here) >= _pts(key)):
                self._arrive(*self._coming)
            elif here is not None or self._now.is_closed:
                break
            else:
                await any_ready(self._now, self._coming[1])
        return await self._now.next()

    def _arrive(self, rendition: Rendition, subscription: Subscription[Packet]) -> None:
        self._now.close()
        self._dropped_before += self._now.dropped
        self.rendition, self._now, self._coming = rendition, subscription, None
        self._on_moved(rendition)

    def _later(self, packet: Packet) -> Packet:
        """The packet, or a copy that is a tick later than the last: two of one time were one picture."""
        if self._given is not None and packet.pts is not None and packet.pts <= self._given:
            copy = av.Packet(bytes(packet))
            copy.pts = copy.dts = self._given + 1
            copy.time_base, copy.is_keyframe = packet.time_base, packet.is_keyframe
            packet = copy
        self._given = packet.pts
        return packet


def _pts(packet: Packet) -> int:
    return packet.pts or 0
