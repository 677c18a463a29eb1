"""One sender of poses for an avatar: at most 60 times a second, and held as long as what it follows lives.

changed ──► a pose at once, or as soon as 1/60 s is over ──► again each 0.25 s ──► nothing: no timer runs
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from avatar_rtc.face.holding import POSE_HOLD_S

MOST_POSES_PER_S = 60.0
RESEND_S = 0.25
"""What is held is sent again so often: a pose ends 0.5 s after the last one."""
_EVERY_S = 1 / MOST_POSES_PER_S
_DUST_S = 1e-6


class PoseSender:
    """Made and used on the event loop; its clock is the loop's."""

    def __init__(
        self,
        pose: Callable[[], Mapping[str, Any]],
        ends: Callable[[], Sequence[float]],
        send: Callable[[Mapping[str, Any]], None],
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        """
        Args:
            pose: what is to be sent now; empty is no pose.
            ends: the loop's seconds at which something of it ends, in order; empty is nothing under way.
            send: takes a pose.
            on_end: called when something of it has ended.
        """
        self._pose, self._ends, self._send, self._on_end = pose, ends, send, on_end
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._sent_at = float("-inf")
        self._sent: Mapping[str, Any] = {}
        self.poses = 0
        """How many were sent."""

    @property
    def is_waiting(self) -> bool:
        """Whether a timer runs."""
        return self._timer is not None

    def changed(self) -> None:
        """There are other values now."""
        wait = self._sent_at + _EVERY_S - self._loop.time()
        if wait > _DUST_S:
            self._wake_in(wait)
        else:
            self._look()

    def close(self) -> None:
        """Send nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self.close()
        now = self._loop.time()
        alive = [end for end in self._ends() if end > now + _DUST_S]
        pose = self._pose()
        # A value that ends within this pose's hold needs no other: by one more it would live too long.
        is_needed = bool(alive) and alive[-1] > self._sent_at + POSE_HOLD_S + _DUST_S
        if pose and (is_needed or pose != self._sent or now - self._sent_at >= POSE_HOLD_S):
            self._sent_at, self._sent = now, pose
            self.poses += 1
            self._send(pose)
        self._on_end()
        if alive:
            self._wake_in(min(RESEND_S, alive[0] - now))

    def _wake_in(self, seconds: float) -> None:
        due = self._loop.time() + max(seconds, 0.0)
        if self._timer is not None and self._timer.when() <= due:
            return
        self.close()
        self._timer = self._loop.call_at(due, self._look)
