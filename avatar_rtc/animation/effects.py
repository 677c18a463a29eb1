"""Effects over time: begun when an emotion is entered, finished or faded when it is left, never cut.

While the emotion lasts they come again now and then, gently: softer, slower, and from nothing to nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from avatar_rtc.animation.drivers import cycle, fade_out, sequence
from avatar_rtc.curves import smoothstep
from avatar_rtc.face.effects import Effect

CROSS_FADE = 0.2
"""Seconds in which an effect whose emotion is left goes, if it does not end sooner by itself."""
GENTLE = 0.6
"""Opacity of an effect that comes again."""
GENTLY = (0.8, 2.0)
"""Seconds it takes then: twice as long as at first within these bounds, and never less than at first."""
GENTLE_RISE = 0.15
"""Seconds in which it appears then."""
SCATTER = 0.2
"""The time between two is uniform, and so much shorter or longer than asked at most."""

_LOST = 30.0
"""A jump of media time by more seconds than this begins the wait anew."""
_FADING = {"cycle": "cycle_with_fadeout", "sequence": "sequence_with_fadeout"}


def strengths(effect: Effect, since: float, have: Collection[str]) -> dict[str, float]:
    """Cel → opacity of an effect, `since` seconds after it began; does with the cels there are."""
    cels = tuple(cel for cel in effect.cels if cel in have)
    if not cels or not 0.0 <= since < effect.duration:
        return {}
    if effect.type.startswith("cycle"):
        shown = cycle(cels, effect.fps, since)
    else:
        shown = sequence(cels, effect.duration, since)
    return {shown: fade_out(effect.duration, since) if effect.type.endswith("fadeout") else 1.0}


def gentle(effect: Effect) -> Effect:
    """The same as it comes again; how soft it is then is not told."""
    low, high = GENTLY
    longer = max(effect.duration, min(max(2 * effect.duration, low), high))
    return effect.model_copy(update={"type": _FADING.get(effect.type, effect.type), "duration": longer})


@dataclass
class _Show:
    effect: Effect
    """As in the settings."""
    begun: float
    again: bool = False
    left: float = inf
    """When it began to fade; media time in s."""
    share: float = 1.0
    """Of full opacity; goes with the emotion until that is left."""

    def __post_init__(self) -> None:
        self.drawn = gentle(self.effect) if self.again else self.effect

    def over(self, t: float) -> bool:
        return not self.begun <= t < min(self.begun + self.drawn.duration, self.left + CROSS_FADE)

    def strengths(self, t: float, have: Collection[str]) -> dict[str, float]:
        age = t - self.begun
        rising = GENTLE * smoothstep(age / GENTLE_RISE) if self.again else 1.0
        return {cel: rising * opacity for cel, opacity in strengths(self.drawn, age, have).items()}


@dataclass
class _Wait:
    """Until an effect comes again."""

    effect: Effect
    since: float
    """When it ended; media time in s."""
    scattered: float
    """Of the time asked."""


class EffectQueue:
    """The effects of one avatar that are under way; the same seed, calls and times give the same effects."""

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.default_rng([seed, 13])
        self._shows: list[_Show] = []
        self._waits: list[_Wait] = []

    def enter(self, emotion: str, effects: Sequence[Effect], t: float) -> None:
        """Begin the effects of an emotion at media time t; what is under way fades, even if it recurs."""
        self.leave(t)
        for each in effects:
            if each.enabled and emotion in each.emotions:
                self._begin(_Show(each, t))

    def leave(self, t: float) -> None:
        """Let what is under way fade from media time t on."""
        self._waits = []
        for show in self._shows:
            show.left = min(show.left, t)

    def keep(self, effects: Collection[Effect], t: float) -> None:
        """Let what is none of these any more fade from media time t on."""
        self._waits = [wait for wait in self._waits if wait.effect in effects]
        for show in self._shows:
            if show.effect not in effects:
                show.left = min(show.left, t)

    def at(self, t: float, share: float, have: Collection[str], every: float = 0.0) -> dict[str, float]:
        """Cel → opacity in (0, 1] at media time t.

        Args:
            share: scales what the emotion shown now has begun.
            every: seconds from the end of an effect until it comes again, on average; 0 is never.
        """
        self._shows = [show for show in self._shows if not show.over(t)]
        if every > 0:
            self._repeat(t, every)
        shown: dict[str, float] = {}
        for show in self._shows:
            if show.left == inf:
                show.share = share
            fading = show.share * fade_out(CROSS_FADE, max(t - show.left, 0.0))
            for cel, opacity in show.strengths(t, have).items():
                shown[cel] = max(shown.get(cel, 0.0), fading * opacity)
        return {cel: opacity for cel, opacity in shown.items() if opacity > 0}

    def _repeat(self, t: float, every: float) -> None:
        for wait in tuple(self._waits):
            due = wait.since + wait.scattered * every
            if not t - _LOST < due < t + _LOST + 2 * every:
                wait.since = t
            elif due <= t:
                self._waits.remove(wait)
                self._begin(_Show(wait.effect, due, again=True))

    def _begin(self, show: _Show) -> None:
        self._shows.append(show)
        if show.drawn.duration > 0:
            scattered = float(self._random.uniform(1 - SCATTER, 1 + SCATTER))
            self._waits.append(_Wait(show.effect, show.begun + show.drawn.duration, scattered))
