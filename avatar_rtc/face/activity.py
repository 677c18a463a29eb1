"""What an avatar is doing in a conversation, and what it hears of whoever talks to it."""

from dataclasses import dataclass
from typing import Literal

ActivityName = Literal["idle", "listening", "thinking", "speaking"]
HEARING_HOLD_S = 0.5
"""What was heard counts so long after the last word of it."""


@dataclass(frozen=True)
class Activity:
    """What it is told to do; that it speaks it knows by itself."""

    name: ActivityName = "idle"
    since: float = 0.0
    """Media time in s of the last change."""


@dataclass(frozen=True)
class Hearing:
    """How somebody sounds who talks to it now."""

    level: float
    """Loudness in [0, 1]; 0 is silence, 1 a loud voice."""
    voice: bool
    """Whether it is a voice, and not another sound."""
    t: float
    """Media time in s."""

    def holds(self, t: float) -> bool:
        """Whether it counts at media time t."""
        return t < self.t + HEARING_HOLD_S
