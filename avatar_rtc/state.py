"""What an avatar should do: a frozen value, replaced by one assignment and read once per frame."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from avatar_rtc.filters_schema.chain import Operation


@dataclass(frozen=True)
class Cue:
    """Mouth shapes sent by a caller that plays its own audio."""

    t_ms: float
    """The caller's clock; a cue older than the one held is dropped, for the channel is unordered."""
    visemes: Mapping[str, float]
    """Weights in [0, 1] of the six mouth morphs; one not named is 0."""
    until: float
    """Media time in s from which the mouth is the emotion's again: the closing cue may be lost."""


@dataclass(frozen=True)
class DataEyes:
    """Eyes that show running data, to tell that a tool is at work; they fade when it is done."""

    on: bool
    since: float
    """Media time in s of the last change."""


@dataclass(frozen=True)
class AvatarState:
    """Everything the render worker needs to know of an avatar, apart from its picture."""

    emotions: Mapping[str, float] = field(default_factory=lambda: {"neutral": 1.0})
    """Emotion name → weight in [0, 1]."""
    intensity: float = 1.0
    """Scales the emotion's pose, cels and effects; [0, 1]."""
    overrides: Mapping[str, float] = field(default_factory=dict)
    """Morph → value; wins over everything else."""
    cue: Cue | None = None
    data_eyes: DataEyes | None = None
    """None if they were never on."""
    chain: tuple[Operation, ...] = ()
    """Operations on the picture, first to last."""
