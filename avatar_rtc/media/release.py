"""Release frames and audio blocks for media time t at t + D, by deadline.

Browsers learn how sound and picture belong together from the moment of *sending*: aiortc's sender reports
pair RTP time with it. So a frame and an audio block for the same t leave together, D later, where D is
long enough for nearly every frame to be ready. A frame that is not goes out at once and is counted.
"""

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

import av

from avatar_rtc.clock import MediaClock
from avatar_rtc.media.broadcast import Broadcast, Packet
from avatar_rtc.stream.frame import VIDEO_TIME_BASE, EncodedFrame, video_t

log = logging.getLogger(__name__)

DELAY_MIN_S, DELAY_MAX_S = 0.040, 0.150
DELAY_SLOPE = 0.005
"""Seconds D may change per second: 0.5 % of stretch, which nobody hears."""
RECENT_FRAMES = 256
SETTLING_FRAMES = 16
"""The first frames say what this machine can do; until then D follows them without a slope."""
DUE_S = 1e-6
"""Timers fire up to the clock's resolution early; a deadline this near is now."""
LANE_CAPACITY = 64
"""Far more than D holds; only a broken clock gets here."""


@dataclass
class _Lane:
    """What waits for release in one rendition or in the sound, oldest first."""

    waiting: deque[tuple[float, Callable[[], None]]] = field(default_factory=deque)
    newest: float = -math.inf
    timer: asyncio.TimerHandle | None = None


class Release:
    """Lets everything of one avatar out at t + D, each lane in order."""

    def __init__(self, clock: MediaClock, may_change: Callable[[], bool] = lambda: True) -> None:
        """Made on the event loop that releases.

        Args:
            may_change: asked before D changes; False while the avatar speaks.
        """
        self._clock, self._may_change = clock, may_change
        self._loop = asyncio.get_running_loop()
        self._lanes: dict[Hashable, _Lane] = {}
        self._costs: deque[float] = deque(maxlen=RECENT_FRAMES)
        self._measured = 0
        self._changed_at = clock.t()
        self.delay = DELAY_MIN_S
        """D in seconds."""
        self.late = 0
        """Frames that came after t + D and were released at once."""
        self.dropped = 0
        """Frames and blocks not released: older than one of their lane that came before, or too many."""

    def frame(self, frame: EncodedFrame, broadcast: Broadcast[Packet]) -> None:
        """Publish a frame to its viewers at its time + D, and learn from how long it took."""
        t = video_t(frame.pts)
        self._learn(self._clock.t() - t)
        packet = av.Packet(frame.data)
        packet.pts = packet.dts = frame.pts
        packet.time_base, packet.is_keyframe = VIDEO_TIME_BASE, frame.key
        if t + self.delay < self._clock.t():
            self.late += 1
        self.put(frame.rendition, t, lambda: broadcast.publish(packet, frame.key))

    def put(self, lane: Hashable, t: float, deliver: Callable[[], None]) -> None:
        """Call `deliver` at media time t + D, at once if that is over, after all before it in its lane.

        An older t than one already put into the lane is dropped and counted.
        """
        line = self._lanes.setdefault(lane, _Lane())
        if t <= line.newest or len(line.waiting) >= LANE_CAPACITY:
            self.dropped += 1
            return
        line.newest = t
        line.waiting.append((t, deliver))
        if line.timer is None:
            self._run(line)

    def forget(self, lane: Hashable) -> None:
        """Drop what waits in a lane; the next t put into it may be any."""
        line = self._lanes.pop(lane, None)
        if line and line.timer:
            line.timer.cancel()

    def close(self) -> None:
        """Release nothing more."""
        for lane in tuple(self._lanes):
            self.forget(lane)

    def _run(self, line: _Lane) -> None:
        line.timer = None
        while line.waiting:
            t, deliver = line.waiting[0]
            ahead = t + self.delay - self._clock.t()
            if ahead > DUE_S:
                line.timer = self._loop.call_at(self._loop.time() + ahead, self._run, line)
                return
            line.waiting.popleft()
            try:
                deliver()
            except Exception:
                log.exception("a release failed")

    def _learn(self, cost: float) -> None:
        """Move D towards the 99th percentile of what frames took, from their t to their arrival."""
        self._costs.append(cost)
        self._measured += 1
        now = self._clock.t()
        allowed = DELAY_SLOPE * (now - self._changed_at)
        self._changed_at = now
        p99 = sorted(self._costs)[math.ceil(0.99 * len(self._costs)) - 1]
        wanted = min(DELAY_MAX_S, max(DELAY_MIN_S, p99))
        if self._measured <= SETTLING_FRAMES:
            self.delay = wanted
        elif self._may_change():
            self.delay += min(allowed, max(-allowed, wanted - self.delay))
