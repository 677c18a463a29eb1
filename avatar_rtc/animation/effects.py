"""Effects around the character: short signs that appear when an emotion is entered."""

from collections.abc import Collection
from dataclasses import dataclass

from avatar_rtc.animation.drivers import cycle, fade_out, sequence


@dataclass(frozen=True)
class Effect:
    """A sign and the emotions that show it."""

    emotions: frozenset[str]
    cels: tuple[str, ...]
    duration: float
    """Seconds from entering the emotion to its end."""
    fps: float | None = None
    """Pictures per second, over and over; None shows each once, for an equal part of the duration."""
    fades: bool = True

    def strengths(self, since: float, have: Collection[str]) -> dict[str, float]:
        """Cel → opacity, `since` seconds after the emotion was entered; does with the cels there are."""
        cels = tuple(cel for cel in self.cels if cel in have)
        if not cels or not 0.0 <= since < self.duration:
            return {}
        shown = sequence(cels, self.duration, since) if self.fps is None else cycle(cels, self.fps, since)
        return {shown: fade_out(self.duration, since) if self.fades else 1.0}


def _effect(
    emotions: str, cels: str, duration: float, fps: float | None = None, fades: bool = True
) -> Effect:
    return Effect(
        frozenset(emotions.split()), tuple(f"fx_{cel}" for cel in cels.split()), duration, fps, fades
    )


EFFECTS = (
    _effect("anger", "angervein1 angervein2", 1.0, fps=6),
    _effect("embarrassment", "sweatdrop1 sweatdrop2 sweatdrop3", 0.3),
    _effect("nervousness", "smallsweatdrop1 smallsweatdrop2 smallsweatdrop3", 0.3),
    _effect("desire love", "heart1 heart2 heart3", 0.3),
    _effect("annoyance", "blackcloud1 blackcloud2", 1.0, fps=6),
    _effect("joy", "flowers1 flowers2", 1.0, fps=6),
    _effect("disgust fear", "shock1", 2.0),
    _effect("surprise", "notice1 notice2 notice1 notice2", 0.25, fades=False),
    _effect("admiration amusement excitement pride", "beaming1 beaming2", 0.25, fades=False),
    _effect("confusion", "question1 question2 question3", 0.25, fades=False),
    _effect("realization", "exclaim1 exclaim2 exclaim3", 0.25, fades=False),
)
"""In drawing order. Signs that fade are gone softly; those of a quarter second end with a cut."""


def effects_of(emotion: str, since: float, have: Collection[str]) -> dict[str, float]:
    """Cel → opacity of all effects of an emotion entered `since` seconds ago."""
    shown: dict[str, float] = {}
    for effect in EFFECTS:
        if emotion in effect.emotions:
            shown |= effect.strengths(since, have)
    return shown
