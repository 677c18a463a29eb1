"""What lips do over the time of some speech: made once per sentence, read by the mixer once per frame."""

from dataclasses import dataclass, field

from avatar_rtc.face.visemes import MouthShape

GAIN_STEP_S = 0.010
"""A loudness gain is given for every 10 ms."""


@dataclass(frozen=True)
class Segment:
    """One shape of the lips, in s from the first sample."""

    start: float
    end: float
    shape: MouthShape


@dataclass(frozen=True)
class Timeline:
    """The lips of one piece of speech, and what else of the face goes with it, whenever it is said.

    Times are in s from the first sample.
    """

    seconds: float
    """How long it sounds."""
    segments: tuple[Segment, ...] = field(repr=False)
    """In order, without overlap."""
    gains: tuple[float, ...] = field(default=(), repr=False)
    """How far loudness lets the mouth open, in [0, 1], every GAIN_STEP_S; empty is 1 throughout."""
    accents: tuple[float, ...] = ()
    """When brows and head stress something."""
    pauses: tuple[tuple[float, float], ...] = ()
    """Long enough to blink in: start and end."""
    is_hum: bool = False
    """No speech: who hums goes on thinking."""
