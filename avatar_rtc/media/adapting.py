"""Gives one viewer what its link carries: hears its reports, and moves it between two rungs."""

import logging
import math
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from aiortc import RTCRtpSender

from avatar_rtc.media.broadcast import Packet, Subscription
from avatar_rtc.media.feedback_private import LinkReport, on_link_report
from avatar_rtc.media.ladder import Ladder
from avatar_rtc.media.resending import ResendShare
from avatar_rtc.media.rtcp_private import sent_by
from avatar_rtc.media.rungs import UNLIMITED_BPS, Footing, LinkSigns, arrived, next_footing
from avatar_rtc.media.sending_private import Repairable
from avatar_rtc.media.thinning import Thinner
from avatar_rtc.media.unrepaired import Unrepaired
from avatar_rtc.stream.frame import Rendition

log = logging.getLogger(__name__)
WINDOW_S = 1.0
"""Over which rates are taken."""
MIN_PACKETS = 30
"""Of fewer, those lost twice say nothing yet."""


class RungSource(Protocol):
    """Where the rungs of a rendition come from; an avatar."""

    def watch(self, rendition: Rendition) -> Subscription[Packet]:
        """Subscribe to a rendition, starting it if need be."""

    def request_keyframe(self, rendition: Rendition) -> None:
        """Somebody cannot decode this rendition before its next keyframe."""


class Adapting:
    """Keeps one viewer's picture within its link."""

    def __init__(
        self,
        sender: RTCRtpSender,
        repair: Repairable,
        source: RungSource,
        rendition: Rendition,
        on_moved: Callable[[Rendition], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            sender: of the picture.
            repair: of that sender; what it sends again is bounded from now on.
            rendition: what it begins with.
            on_moved: called with the rendition whose packets are sent from then on.
        """
        self._sender, self._repair, self._source, self._rendition = sender, repair, source, rendition
        self._on_moved, self._now = on_moved, now
        self._footing = Footing(rendition.rung, begun_at=now())
        self._resend_share, self._thinner = ResendShare(), Thinner()
        self._ladder: Ladder | None = None
        self._estimate_bps: float | None = None
        self._sent: deque[tuple[float, int, int]] = deque()
        self._unrepaired = Unrepaired(WINDOW_S)
        self._dropped = 0
        on_link_report(sender, self._hear)
        repair.may_resend = self._may_resend

    def watch(self) -> Ladder:
        """What the viewer gets; called once."""
        self._ladder = Ladder(
            self._rendition, self._source.watch, self._source.request_keyframe, self._arrived, self._passes
        )
        return self._ladder

    def bears_keyframe(self) -> bool:
        """Whether a viewer that cannot decode is to get a keyframe where it is: not if it leaves there."""
        self._hear(LinkReport(), pleads=True)
        if self._is_thinned:
            # It comes when there is room for it; nothing before it is of any use.
            self._thinner.skip()
            return False
        return self._footing.rung == "lower" or self._footing.wanted == "upper"

    def _hear(self, report: LinkReport, pleads: bool = False) -> None:
        if self._ladder is None:
            return
        t = self._now()
        if report.estimate_bps is not None:
            self._estimate_bps = report.estimate_bps
        packets, bits_per_s = self._sent_lately(t)
        self._unrepaired.asked(report.missed, t)
        dropped, self._dropped = self._dropped, self._ladder.dropped
        heard = LinkSigns(
            t,
            bits_per_s,
            self._estimate_bps,
            report.lost,
            report.round_trip_s,
            self._unrepaired.lately(t) / max(packets, MIN_PACKETS),
            self._dropped > dropped,
            pleads,
        )
        before, self._footing = self._footing, next_footing(self._footing, heard)
        if self._footing.wanted != before.wanted:
            log.info("the %s rung is wanted: %s", self._footing.wanted, heard)
        self._ladder.move(self._footing.wanted)

    @property
    def _is_thinned(self) -> bool:
        return self._footing.limit_bps < math.inf

    def _may_resend(self, size: int) -> bool:
        may = self._resend_share.take(size, sent_by(self._sender).bytes)
        return may and (
            not self._is_thinned or self._thinner.takes(size, self._now(), self._footing.limit_bps)
        )

    def _passes(self, packet: Packet) -> bool:
        if not self._is_thinned and not self._thinner.is_skipping:
            return True
        t, bps = self._now(), min(self._footing.limit_bps, UNLIMITED_BPS)
        passes = self._thinner.passes(packet.size, packet.is_keyframe, t, bps)
        if self._thinner.has_room_for_key(t, bps) and self._ladder is not None:
            self._source.request_keyframe(self._ladder.rendition)
        return passes

    def _sent_lately(self, t: float) -> tuple[int, float]:
        """Packets, and bits a second, of the last second."""
        sent = sent_by(self._sender)
        self._sent.append((t, sent.bytes, sent.packets))
        while len(self._sent) > 2 and self._sent[1][0] <= t - WINDOW_S:
            self._sent.popleft()
        since, bytes_before, packets_before = self._sent[0]
        seconds = max(t - since, WINDOW_S / 2)
        return sent.packets - packets_before, 8 * (sent.bytes - bytes_before) / seconds

    def _arrived(self, rendition: Rendition) -> None:
        self._thinner = Thinner()
        self._footing = arrived(self._footing, rendition.rung, self._now())
        if rendition.rung == "lower":
            # It begins with a keyframe, so what is missing before that would only hold it up.
            self._repair.forget()
            self._resend_share.cut()
        self._unrepaired.forgive()
        self._on_moved(rendition)
