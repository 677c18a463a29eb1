"""One appearance per frame, from everything that wants to move the face.

Layers, later wins: emotion (weighted blend, eased) → sway, breathing, small gestures, accents, gaze, blinks,
with acted gestures among them → a caller's pose → lids kept open → random talking or a cue, speech → what
lies below drawn eyes and mouths → overrides. Hair follows what comes of it. Cels go with the emotion, effects
with the moment it came; drawn mouths give way to speech.
Everything follows from the states and times given and the seed; so any second can be replayed.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.animation.accents import Accents
from avatar_rtc.animation.blink import Blink, close_lids, rate_of
from avatar_rtc.animation.breathing import BREATH_NOD, SHOULDER_PX, Breathing
from avatar_rtc.animation.cels import drive, opacities, shown_cels
from avatar_rtc.animation.conversing import Conversing
from avatar_rtc.animation.easing import Eased, pace_of_rate
from avatar_rtc.animation.effects import EffectQueue
from avatar_rtc.animation.face_cels import COUNT, LID_MORPHS, MOUTH_MORPHS, FaceCels, Held, held_by
from avatar_rtc.animation.gaze import GazeDriver
from avatar_rtc.animation.gestures import Acted, GestureLayer, with_fx
from avatar_rtc.animation.idle_gestures import IdleGestures
from avatar_rtc.animation.lids import keep_open
from avatar_rtc.animation.lips import USUAL_MOUTH, Lips
from avatar_rtc.animation.live import Live
from avatar_rtc.animation.mouth import Mouth
from avatar_rtc.animation.overrides import OverrideBlend
from avatar_rtc.animation.sway import AXES, Sway
from avatar_rtc.animation.swing import HairSway
from avatar_rtc.animation.talking import Talking
from avatar_rtc.control.settings import DEFAULTS, AnimatorSettings
from avatar_rtc.control.state import AvatarState
from avatar_rtc.curves import smoothstep
from avatar_rtc.errors import UnknownName
from avatar_rtc.face.activity import ActivityName
from avatar_rtc.face.cels import CELS, FX
from avatar_rtc.face.effects import Effect
from avatar_rtc.face.emotions import ZERO, EmotionTemplate
from avatar_rtc.face.opening import MouthOpener
from avatar_rtc.face.pose import HIGH, INDEX, LOW, MORPHS, MOUTH_OPEN, Pose, pose_from
from avatar_rtc.face.swing import Swing, at_rest

_CELS_FROM = len(MORPHS)
_DRAWN = slice(_CELS_FROM, _CELS_FROM + COUNT)
"""The cels that replace a part of the face."""
_SWAYED = slice(AXES[0], AXES[-1] + 1)
_BREATHING, _NOD = INDEX["breathing"], INDEX["head_x"]
_SHOWS_WHOLLY = 1.2
"""How far from a neutral face one shows an emotion wholly; the least of the templates is 1.3 away."""
_STILLER = 0.7
"""How far who listens sways as who shows an emotion wholly."""
_AT_ONCE = 10.0
"""Seconds; long enough for every easing to have arrived."""


@dataclass(frozen=True)
class Appearance:
    """How an avatar looks at one moment."""

    pose: Pose
    """(45,)."""
    cels: Mapping[str, float]
    """Cel on the character → opacity in (0, 1]; what is not named does not show."""
    fx: Mapping[str, float]
    """Cel around the character → opacity in (0, 1]."""
    swing: Swing = field(default_factory=at_rest)
    """(6, 2): how far its soft parts have swung, and breath has lifted it."""


BARE = Appearance(np.zeros(len(MORPHS), np.float32), {}, {})
"""Of what is no character: at rest, with nothing on it or around it."""


class Mixer:
    """The appearance of one avatar over time."""

    def __init__(
        self,
        emotions: Mapping[str, EmotionTemplate],
        seed: int,
        cels: Collection[str] = (*CELS, *FX),
        keep_eyes_open: float = 0.0,
        opener: MouthOpener = USUAL_MOUTH,
    ) -> None:
        """
        Args:
            cels: those the character has; whatever needs another one does without.
            keep_eyes_open: how far its lids stay open at least, 0..1, whatever closes them but overrides.
            opener: of its mouth.
        """
        self._sway, self._blink, self._breath = Sway(seed), Blink(seed), Breathing()
        self._gaze, self._accents, self._idle_gestures = GazeDriver(seed), Accents(seed), IdleGestures(seed)
        self._conversing, self._gestures = Conversing(seed), GestureLayer()
        self._live, self._talking, self._mouth = Live(), Talking(seed), Mouth()
        self.lips = Lips()
        """Told what is said."""
        self._overrides, self._effects = OverrideBlend(), EffectQueue(seed)
        self._face_cels, self._held = FaceCels(), Held()
        self._held_from: Mapping[str, float] = {}
        self._hair = HairSway(seed)
        self._settings = DEFAULTS
        self._face: Eased | None = None
        """The emotion: morphs, then cels; None before the first frame."""
        self._leading, self._share = "", 0.0
        self._lifted = 0.0
        """How full of breath its shoulders are, 0..1."""
        self._t = 0.0
        self._own: Mapping[str, EmotionTemplate] = {}
        self.recast(emotions, cels, keep_eyes_open, opener)

    def recast(
        self,
        emotions: Mapping[str, EmotionTemplate],
        cels: Collection[str],
        keep_eyes_open: float = 0.0,
        opener: MouthOpener = USUAL_MOUTH,
    ) -> None:
        """Another character takes over; motion goes on from where it is."""
        self._keep_eyes_open, self.opener = keep_eyes_open, opener
        self._common, self._own = _faces({ZERO.name: ZERO, **emotions}), {}
        self._templates = self._common
        self._have = frozenset(cels)
        self._target = np.zeros(len(MORPHS) + len(CELS), np.float32)
        self._rest = self._common.get("neutral", self._target)
        self._blended: tuple[Mapping[str, float], float] | None = None

    def pose(self, state: AvatarState, t: float) -> Pose:
        """The pose of `appearance`, for those who need no more; raises as `appearance`."""
        return self.appearance(state, t).pose

    def appearance(self, state: AvatarState, t: float) -> Appearance:
        """The appearance at media time t, every morph within its range.

        Called with increasing t; the first call shows the state at once, and a jump in t arrives at once.

        Raises:
            UnknownName: the state weighs an emotion there is no template for.
        """
        changed = self._aim(state, t)
        self._configure(state.settings, t)
        dt, self._t = max(t - self._t, 0.0), t
        if self._face is None:
            self._face, dt = Eased(self._target), _AT_ONCE
        face = self._face.advance(self._target, self._pace, dt).astype(np.float32)
        pose, cels = face[:_CELS_FROM], face[_CELS_FROM:]
        acted = self._move(face, state, t, dt, changed)
        drive(cels, self._target[_CELS_FROM:], state.data_eyes, state.settings, t, self._have)
        self._overrides.apply(face, self._held.others, dt)
        shown, settings = np.minimum(np.maximum(pose, LOW), HIGH), state.settings
        lift = SHOULDER_PX * self._lifted
        swing = self._hair.at(shown, t, settings.sway_hair, settings.liveliness, lift)
        return Appearance(
            shown,
            shown_cels(cels, self._have),
            with_fx(
                self._effects.at(t, self._share, self._have, settings.animefx_repeat),
                acted if settings.animefx_enabled else None,
                self._have,
            ),
            swing,
        )

    def _move(
        self, face: NDArray[np.float32], state: AvatarState, t: float, dt: float, changed: bool
    ) -> Acted | None:
        """Everything between the emotion and the overrides, in place; gives what gestures do."""
        pose, settings = face[:_CELS_FROM], state.settings
        emotion, shown = pose.copy(), self._shown(face)
        cue = self._cued_mouth(state, t)
        shapes = self._random_mouth(state, t) if cue is None else cue
        speaking = shapes is not None or self.lips.speaks(t)
        doing: ActivityName = "speaking" if speaking else state.activity.name
        calm, liveliness = 1.0 - shown, settings.liveliness
        acted = self._gestures.at(state.gestures, t, dt, speaking)
        busy = acted is not None or doing in ("speaking", "thinking")
        self._idle_gestures.apply(face, t, dt, calm, busy, liveliness)
        self._conversing.apply(face, doing, state.hearing, self._blink, t, dt, calm, liveliness)
        if acted is not None:
            acted.on_cels(face)
        self._draw(face, state, t, dt, has_cue=cue is not None)
        if acted is not None:
            acted.on_face(pose)
        # Who listens is nearly as still as who feels something.
        stiller = max(shown, _STILLER * self._conversing.attention)
        pose[_SWAYED] += self._sway.at(t, self._target[_SWAYED].astype(np.float64), changed, stiller)
        if self._sway.begun is not None:
            begun, by = self._sway.begun
            self._gaze.lead(complex(-by[1], by[0]), begun)
        self._breathe(pose, settings, t, dt, acted)
        self._accents.apply(pose, self.lips, self._blink, t, settings.liveliness)
        if acted is not None:
            acted.on_head(pose)
        self._gaze.apply(pose, emotion, state.gaze, doing, settings, t, shown)
        closed = self._blink.at(t)
        if acted is not None:
            acted.on_eyes(pose)
            closed *= 1.0 - acted.opens
        close_lids(pose, closed)
        self._live.apply(pose, state.live_pose, t, dt)
        keep_open(pose, self._keep_eyes_open)
        self._mouth.apply(pose, shapes, dt, soft=cue is None)
        self.lips.apply(pose, t, dt, self.opener, settings.articulation)
        self._face_cels.close_below(pose)
        return acted

    def _breathe(
        self, pose: Pose, settings: AnimatorSettings, t: float, dt: float, acted: Acted | None
    ) -> None:
        breath = self._breath.at(t, settings.breathing_cycle_duration, dt)
        if acted is not None:
            breath = acted.on_breath(breath)
        pose[_BREATHING], self._lifted = breath.chest, breath.shoulders
        pose[_NOD] += BREATH_NOD * min(settings.liveliness, 1.0) * breath.head

    def _shown(self, face: NDArray[np.float32]) -> float:
        """How much a face shows an emotion, 0..1; eased as the face is."""
        far = face - self._rest
        return smoothstep(math.sqrt(far @ far) / _SHOWS_WHOLLY)

    def _draw(
        self, face: NDArray[np.float32], state: AvatarState, t: float, dt: float, *, has_cue: bool
    ) -> None:
        """Choose what is drawn of eyes and mouth, in place, and let morphs stand in for what is not."""
        if state.overrides is not self._held_from:
            self._held, self._held_from = held_by(state.overrides), state.overrides
        live, drawn = state.live_pose, self._face_cels
        named = live.morphs.keys() if live is not None and live.holds(t) else ()
        talks = state.talking and state.settings.talking_fps
        drawn.advance(
            face[_DRAWN],
            self._held,
            self._have,
            mouth_is_taken=bool(
                talks or has_cue or self.lips.holds(t) or self._live.has_mouth
                or not MOUTH_MORPHS.isdisjoint(named)
            ),
            lids_are_taken=self._live.has_lids or not LID_MORPHS.isdisjoint(named),
            dt=dt,
        )  # fmt: skip
        drawn.stand_in(face[:_CELS_FROM])
        face[_DRAWN] = drawn.opacities()

    def _random_mouth(self, state: AvatarState, t: float) -> Mapping[str, float] | None:
        """The mouth of random talking, if it talks and nothing better is known."""
        if state.talking and state.settings.talking_fps and not self._live.has_mouth:
            return self._opened(self._talking.shapes(state.settings, t), state.settings)
        return None

    def _cued_mouth(self, state: AvatarState, t: float) -> Mapping[str, float] | None:
        """The mouth of the cue, if one is live: morphs as they are named, sounds as this face shows them."""
        cue = state.cue
        if cue is None or not cue.holds(t):
            return None
        sounds = self._opened(cue.sounds, state.settings)
        return {
            name: min(1.0, cue.visemes.get(name, 0.0) + sounds.get(name, 0.0)) * (1 - cue.closed)
            for name in MOUTH_OPEN
        }

    def _opened(self, shapes: Mapping[str, float], settings: AnimatorSettings) -> Mapping[str, float]:
        """The morphs that show these openings; {} for none."""
        if not shapes:
            return {}
        wanted = np.array([shapes.get(name, 0.0) for name in MOUTH_OPEN])
        return dict(zip(MOUTH_OPEN, self.opener.morphs(wanted, settings.articulation).tolist(), strict=True))

    def _configure(self, settings: AnimatorSettings, t: float) -> None:
        """Follow the settings, if they have changed, and the leading emotion's speed."""
        before, self._settings = self._settings, settings
        if before is not settings and before != settings:
            self._sway.configure(settings)
            self._blink.configure(settings)
            self._effects.keep(_effects_of(settings), t)
        speed = settings.emotion_speed.get(self._leading, 1.0)
        self._pace = speed * pace_of_rate(settings.pose_interpolator_step)

    def _aim(self, state: AvatarState, t: float) -> bool:
        """Set the target to the state's emotions; True if another one leads from now on."""
        if state.templates is not self._own and state.templates != self._own:
            self._own, self._blended = state.templates, None
            self._templates = {**self._common, **_faces(state.templates)}
        if self._blended == (state.emotions, state.intensity):
            return False
        self._target = blend(self._templates, state.emotions) * np.float32(state.intensity)
        self._blended = (state.emotions, state.intensity)
        leading = max(state.emotions, key=lambda name: state.emotions[name], default="")
        weights = state.emotions.values()
        self._share = max(weights, default=0.0) / max(1.0, sum(weights)) * state.intensity
        self._blink.feel(rate_of(state.emotions, state.intensity))
        if leading == self._leading:
            return False
        self._leading = leading
        self._effects.enter(leading, _effects_of(state.settings), t)
        if leading == "confusion":
            self._blink.confuse(t)
        return True


def _faces(templates: Mapping[str, EmotionTemplate]) -> dict[str, NDArray[np.float32]]:
    """Emotion → (70,): its morphs, then its cels."""
    return {name: np.concatenate([pose_from(t.pose), opacities(t.cels)]) for name, t in templates.items()}


def _effects_of(settings: AnimatorSettings) -> Sequence[Effect]:
    return settings.animefx if settings.animefx_enabled else ()


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
