"""Whether a render worker lives, of what it has said and when; no clock and no process of its own.

beats every 0.5 s ─► silent for 2.5 s: told ─► it computes nothing either: lost after 3.5 s
                                            └► it computes: it holds its interpreter, lost after 20 s
"""

from dataclasses import dataclass, field

from avatar_rtc.link.orders import Beat, Booted, Up

HANG_TIMEOUT_S = 20.0
"""A worker that owes pictures and brings none for so long is lost. THA3 on two busy cores takes under 2 s a
picture."""
SILENT_S = 2.5
"""Without a beat: it is noticed."""
STOPPED_S = 3.5
"""Without a beat, and without having computed since the last look: it is lost."""
STUCK_S = 60.0
"""A worker may take so long over one avatar's picture while others have theirs."""
STARVED_S = 120.0
"""A worker may owe pictures for so long if the machine is too busy to let it compute."""
IDLE_SHARE = 0.02
"""Of a processor: who computes less waits for something else."""
LOOK_S = 1.0
"""Between looks at one that is silent."""
OPENING_S = 120.0
"""One avatar takes at most so long to open: OpenVINO compiles THA3 in half a minute on two busy cores."""
BOOTING_S = 120.0
"""From the start of the process until it has booted."""


@dataclass(frozen=True)
class WorkerHealth:
    """How the worker is."""

    ailment: str = ""
    """A sentence about what is wrong; "" if nothing is."""
    is_lost: bool = False
    """It has to be replaced."""


@dataclass
class Pulse:
    """Of one worker. All times are of one clock, in s."""

    started: float
    hang_timeout_s: float = HANG_TIMEOUT_S
    heard_at: float = field(init=False)
    """When it said anything."""
    news_at: float = field(init=False)
    """When it said more than that it lives, or owed nothing."""
    _beat: Beat | None = field(init=False, default=None)
    _beat_at: float = field(init=False, default=0.0)
    _has_booted: bool = field(init=False, default=False)
    _busy_s: float | None = field(init=False, default=None)
    """What it had computed at the last look at its silence."""

    _last_news: tuple[float, float | None] = field(init=False, default=(-1.0, None))
    """When the last news came that a look has seen, and what it had computed by then."""

    def __post_init__(self) -> None:
        self.heard_at = self.news_at = self.started

    def hear(self, message: Up, now: float) -> None:
        """It has said something."""
        self.heard_at, self._busy_s = now, None
        if isinstance(message, Beat):
            self._beat, self._beat_at = message, now
            return
        self.news_at = now
        self._has_booted = self._has_booted or isinstance(message, Booted)

    def excuse(self, now: float) -> None:
        """Who listens was away, so nothing is known of the time until now."""
        self.heard_at = self.news_at = self._beat_at = now
        self._busy_s = None

    def is_fresh(self, now: float) -> bool:
        """Whether it has just been heard, or is of a kind that tells nothing unasked."""
        return self._beat is None or now - self.heard_at < SILENT_S / 2

    def look_in(self, now: float) -> float:
        """Seconds until it has to be looked at again, if it says nothing."""
        due = self.news_at + self.hang_timeout_s
        if self._beat is not None:
            due = min(due, self.heard_at + SILENT_S)
        return min(due - now, SILENT_S) if due > now else LOOK_S

    def look(self, now: float, owes: bool, busy_s: float | None) -> WorkerHealth:
        """How it is.

        Args:
            owes: it has an avatar that is ready and watched.
            busy_s: what it has computed so far; None if that is unknown.
        """
        if not owes:
            self.news_at = now
        if self.news_at != self._last_news[0]:
            self._last_news = self.news_at, busy_s
        if not self._has_booted and now - self.started > BOOTING_S:
            return WorkerHealth(f"the render worker has not started within {BOOTING_S:g} s", True)
        if self._beat is None:
            return self._overdue(now, owes, busy_s)
        silent_s = now - self.heard_at
        if silent_s < SILENT_S:
            return self._overdue(now, owes, busy_s)
        ailment = f"the render worker has been silent for {silent_s:.1f} s"
        stopped_s = STOPPED_S if self._has_booted else HANG_TIMEOUT_S
        if silent_s >= stopped_s and self._busy_s is not None and busy_s == self._busy_s:
            return WorkerHealth(f"{ailment} and does nothing", True)
        self._busy_s = busy_s
        limit = OPENING_S if self._beat.opening_s or not self._has_booted else HANG_TIMEOUT_S
        return WorkerHealth(ailment, silent_s >= limit)

    def _overdue(self, now: float, owes: bool, busy_s: float | None) -> WorkerHealth:
        """How it is as far as its work tells."""
        beat = self._beat or Beat()
        age = now - self._beat_at
        if beat.opening_s and beat.opening_s + age > OPENING_S:
            return WorkerHealth(f"the render worker has been opening an avatar for {OPENING_S:g} s", True)
        waited = now - self.news_at if not beat.opening_s else 0.0
        if owes and waited < self.hang_timeout_s and beat.rendering_s > STUCK_S:
            return WorkerHealth(f"the render worker has been rendering a picture for {STUCK_S:g} s", True)
        if not owes or waited < self.hang_timeout_s:
            return WorkerHealth()
        ailment = f"the render worker brings no pictures for {waited:.0f} s"
        since = self._last_news[1]
        if since is None or busy_s is None:
            return WorkerHealth(ailment, True)
        is_starved = IDLE_SHARE * waited < busy_s - since < self.hang_timeout_s
        return WorkerHealth(ailment, not is_starved or waited > STARVED_S)
