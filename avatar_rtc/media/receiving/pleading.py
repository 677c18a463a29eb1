"""When to ask for a keyframe because the picture stands still (PLI, RFC 4585). Time is a parameter."""

STALL_S = 0.25
"""Without a picture, while a packet is missing."""
MAX_PAUSE_S = 2.0


class Pleading:
    """Asks after STALL_S of a stall, and again after twice as long each time, up to MAX_PAUSE_S."""

    def __init__(self) -> None:
        self.pleas = 0
        """Keyframes asked for."""
        self.due: float | None = None
        """When `plead` is true next; None while nothing is missing."""
        self._pause = STALL_S

    def stalled(self, is_missing: bool, has_shown: bool, now: float) -> None:
        """What a packet has changed.

        Args:
            is_missing: whether a packet is missing before others that are here.
            has_shown: whether a picture went to the decoder.
        """
        if not is_missing:
            self.due = None
        elif self.due is None or has_shown:
            self.due, self._pause = now + STALL_S, STALL_S

    def plead(self, now: float) -> bool:
        """Whether to ask now."""
        if self.due is None or now < self.due:
            return False
        self.due = now + self._pause
        self._pause = min(2 * self._pause, MAX_PAUSE_S)
        self.pleas += 1
        return True
