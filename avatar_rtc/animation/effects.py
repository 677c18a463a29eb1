"""Effects over time: begun when an emotion is entered, finished or faded when it is left, never cut."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import inf

from avatar_rtc.animation.drivers import cycle, fade_out, sequence
from avatar_rtc.face.effects import Effect

CROSS_FADE = 0.2
"""Seconds in which an effect whose emotion is left goes, if it does not end sooner by itself."""


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


@dataclass
class _Show:
    effect: Effect
    begun: float
    left: float = inf
    """When it began to fade; media time in s."""
    share: float = 1.0
    """Of full opacity; goes with the emotion until that is left."""

    def over(self, t: float) -> bool:
        return not self.begun <= t < min(self.begun + self.effect.duration, self.left + CROSS_FADE)


class EffectQueue:
    """The effects of one avatar that are under way."""

    def __init__(self) -> None:
        self._shows: list[_Show] = []

    def enter(self, emotion: str, effects: Sequence[Effect], t: float) -> None:
        """Begin the effects of an emotion at media time t; what is under way fades, even if it recurs."""
        self.leave(t)
        self._shows += [_Show(each, t) for each in effects if each.enabled and emotion in each.emotions]

    def leave(self, t: float) -> None:
        """Let what is under way fade from media time t on."""
        for show in self._shows:
            show.left = min(show.left, t)

    def keep(self, effects: Collection[Effect], t: float) -> None:
        """Let what is none of these any more fade from media time t on."""
        for show in self._shows:
            if show.effect not in effects:
                show.left = min(show.left, t)

    def at(self, t: float, share: float, have: Collection[str]) -> dict[str, float]:
        """Cel → opacity in (0, 1] at media time t; `share` scales what the emotion shown now has begun."""
        self._shows = [show for show in self._shows if not show.over(t)]
        shown: dict[str, float] = {}
        for show in self._shows:
            if show.left == inf:
                show.share = share
            fading = show.share * fade_out(CROSS_FADE, max(t - show.left, 0.0))
            for cel, opacity in strengths(show.effect, t - show.begun, have).items():
                shown[cel] = max(shown.get(cel, 0.0), fading * opacity)
        return {cel: opacity for cel, opacity in shown.items() if opacity > 0}
