"""One look per frame, from everything that wants to move the face.

Layers, later wins: emotion (weighted blend, eased) → sway, breathing, blinks → cue, speech → overrides.
Cels go with the emotion, effects with the moment it was entered.
Everything follows from the states and times given and the seed; so any second can be replayed.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.animation.accents import Accents
from avatar_rtc.animation.blink import Blink
from avatar_rtc.animation.breathing import breathing
from avatar_rtc.animation.cels import opacities, strengths
from avatar_rtc.animation.easing import EMOTION_RATE, approach, step_of_rate
from avatar_rtc.animation.effects import effects_of
from avatar_rtc.animation.emotions import EmotionTemplate
from avatar_rtc.animation.lips import Lips
from avatar_rtc.animation.mouth import Mouth
from avatar_rtc.animation.overrides import Overrides
from avatar_rtc.animation.sway import AXES, Sway
from avatar_rtc.errors import UnknownName
from avatar_rtc.look import CELS, FX
from avatar_rtc.pose import HIGH, INDEX, LOW, MORPHS, Pose, pose_from
from avatar_rtc.state import AvatarState

_CELS_FROM = len(MORPHS)
_BREATHING = INDEX["breathing"]
_WINK = slice(INDEX["eye_wink_left"], INDEX["eye_wink_right"] + 1)
_HAPPY_WINK = slice(INDEX["eye_happy_wink_left"], INDEX["eye_happy_wink_right"] + 1)
_RELAXED = slice(INDEX["eye_relaxed_left"], INDEX["eye_relaxed_right"] + 1)
_WIDE = slice(INDEX["eye_surprised_left"], INDEX["eye_surprised_right"] + 1)


@dataclass(frozen=True)
class Look:
    """How an avatar looks at one moment."""

    pose: Pose
    """(45,)."""
    cels: Mapping[str, float]
    """Cel on the character → opacity in (0, 1]; what is not named does not show."""
    fx: Mapping[str, float]
    """Cel around the character → opacity in (0, 1]."""


class Mixer:
    """The look of one avatar over time."""

    def __init__(
        self, emotions: Mapping[str, EmotionTemplate], seed: int, cels: Collection[str] = (*CELS, *FX)
    ) -> None:
        """`cels` are those the character has; whatever needs another one does without."""
        self._sway, self._blink = Sway(seed), Blink(seed)
        self._mouth, self._overrides = Mouth(), Overrides()
        self.lips = Lips()
        """Told what is said."""
        self._accents = Accents(seed)
        self._face: NDArray[np.float32] | None = None
        """The eased emotion: morphs, then cels; None before the first frame."""
        self._leading, self._entered, self._share = "", 0.0, 0.0
        self._t = 0.0
        self.recast(emotions, cels)

    def recast(self, emotions: Mapping[str, EmotionTemplate], cels: Collection[str]) -> None:
        """Another character takes over; motion goes on from where it is."""
        self._templates = {
            name: np.concatenate([pose_from(template.pose), opacities(template.cels)])
            for name, template in emotions.items()
        }
        self._have = frozenset(cels)
        self._target = np.zeros(len(MORPHS) + len(CELS), np.float32)
        self._blended: tuple[Mapping[str, float], float] | None = None

    def pose(self, state: AvatarState, t: float) -> Pose:
        """The pose of `look`, for those who need no more; raises as `look`."""
        return self.look(state, t).pose

    def look(self, state: AvatarState, t: float) -> Look:
        """The look at media time t, every morph within its range.

        Called with increasing t; the first call shows the state at once, and a jump in t arrives at once.

        Raises:
            UnknownName: the state weighs an emotion there is no template for.
        """
        dt = max(t - self._t, 0.0)
        self._t = t
        changed = self._aim(state, t)
        if self._face is None:
            self._face, dt = self._target, 10.0  # long enough for every easing to have arrived
        self._face = approach(self._face, self._target, step_of_rate(EMOTION_RATE, dt))
        pose = self._face[:_CELS_FROM].copy()
        pose[AXES] += self._sway.at(t, self._target[AXES].astype(np.float64), changed)
        pose[_BREATHING] = breathing(t)
        self._accents.apply(pose, self.lips, self._blink, t)
        _close_lids(pose, self._blink.at(t))
        self._mouth.apply(pose, state.cue, t, dt)
        self.lips.apply(pose, t, dt)
        self._overrides.apply(pose, state.overrides, dt)
        eased, target = self._face[_CELS_FROM:], self._target[_CELS_FROM:]
        return Look(
            np.clip(pose, LOW, HIGH),
            strengths(eased, target, state.data_eyes, t, self._have),
            self._effects(t),
        )

    def _effects(self, t: float) -> dict[str, float]:
        shown = effects_of(self._leading, t - self._entered, self._have)
        return {name: self._share * opacity for name, opacity in shown.items() if self._share * opacity > 0}

    def _aim(self, state: AvatarState, t: float) -> bool:
        """Set the target to the state's emotions; True if another one leads from now on."""
        if self._blended == (state.emotions, state.intensity):
            return False
        self._target = blend(self._templates, state.emotions) * np.float32(state.intensity)
        self._blended = (state.emotions, state.intensity)
        leading = max(state.emotions, key=lambda name: state.emotions[name], default="")
        weights = state.emotions.values()
        self._share = max(weights, default=0.0) / max(1.0, sum(weights)) * state.intensity
        changed = leading != self._leading
        if changed:
            self._leading, self._entered = leading, t
        if changed and leading == "confusion":
            self._blink.confuse(t)
        return changed


def blend(templates: Mapping[str, NDArray[np.float32]], weights: Mapping[str, float]) -> NDArray[np.float32]:
    """The weighted mean of templates, all of one shape; weights that sum to less than 1 leave the rest 0.

    Raises:
        UnknownName: a weight for an emotion without template; names the nearest.
    """
    for name in weights:
        if name not in templates:
            raise UnknownName("emotion", name, templates)
    mixed = np.zeros_like(next(iter(templates.values())))
    for name, weight in weights.items():
        mixed += np.float32(weight) * templates[name]
    return mixed / np.float32(max(1.0, sum(weights.values())))


def _close_lids(pose: Pose, closed: float) -> None:
    """Blink in place: the lids go the rest of the way from where the emotion left them."""
    if closed == 0.0:
        return
    share = np.float32(closed)
    # Lids that an emotion has closed by another morph are not closed a second time.
    already: NDArray[np.float32] = np.maximum(pose[_HAPPY_WINK], pose[_RELAXED])
    pose[_WINK] = np.maximum(pose[_WINK], share * (1 - already))
    pose[_WIDE] *= 1 - share
