"""Emotions in words and numbers: their names, and what each does to a face."""

from collections.abc import Mapping
from dataclasses import dataclass, field

_EMOTIONS = (
    "admiration amusement anger annoyance approval caring confusion curiosity desire disappointment "
    "disapproval disgust embarrassment excitement fear gratitude grief joy love nervousness neutral "
    "optimism pride realization relief remorse sadness surprise"
)
EMOTIONS = tuple(_EMOTIONS.split())
"""The labels of the GoEmotions data set, in alphabetical order."""


@dataclass(frozen=True)
class EmotionChange:
    """What a character does otherwise in one emotion; keys it does not name stay the template's."""

    pose: Mapping[str, float] = field(default_factory=dict)
    """Morph → value."""
    cels: Mapping[str, float] = field(default_factory=dict)
    """Cel → opacity in [0, 1]."""


@dataclass(frozen=True)
class EmotionTemplate:
    """What an emotion at full weight does; whatever it does not name is 0."""

    name: str
    pose: Mapping[str, float]
    """Morph → value."""
    cels: Mapping[str, float]
    """Cel → opacity in [0, 1]."""
