"""What an avatar should do: a frozen value, replaced by one assignment and read once per frame."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from avatar_rtc.control.cast import Cast
from avatar_rtc.control.settings import DEFAULTS, AnimatorSettings
from avatar_rtc.errors import BadMessage
from avatar_rtc.face.activity import Activity, Hearing
from avatar_rtc.face.cels import CEL_RANGES
from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.face.gaze import Gaze
from avatar_rtc.face.gestures import GestureTemplate
from avatar_rtc.face.holding import pose_holds
from avatar_rtc.face.pose import FORMER_SUFFIX, MORPH_RANGES
from avatar_rtc.face.ranges import Ranges
from avatar_rtc.filters_schema.chain import Operation, chain_schema, check_chain
from avatar_rtc.intake.checked import Checked
from avatar_rtc.intake.wanted import shown_value
from avatar_rtc.stream.crop import NO_OWN_CROP, OwnCrop
from avatar_rtc.stream.framing import OF_CHARACTER, Framing

HELD = Ranges("morph or cel", {**MORPH_RANGES.limits, **CEL_RANGES.limits}, former_suffix=FORMER_SUFFIX)
"""What overrides may hold."""
HeldValues = Annotated[dict[str, float], HELD]
"""Morph or cel → value."""
HeldChanges = Annotated[dict[str, float | None], HELD.changes()]
"""The same, where None lets go."""


@dataclass(frozen=True)
class Cue:
    """Mouth shapes sent by a caller that plays its own audio."""

    t_ms: float
    """The caller's clock; a cue older than the one held is dropped, for the channel is unordered."""
    visemes: Mapping[str, float]
    """Weights in [0, 1] of the six mouth morphs, as they are to be shown; one not named is 0."""
    until: float
    """Media time in s from which the mouth is the emotion's again: the closing cue may be lost."""
    sounds: Mapping[str, float] = field(default_factory=dict)
    """Openness in [0, 1] by mouth morph, of shapes named for a sound; opens as far as speech does."""
    closed: float = 0.0
    """How shut the lips are, whatever the rest asks; [0, 1]."""

    def holds(self, t: float) -> bool:
        """Whether the mouth is its at media time t."""
        return t < self.until


@dataclass(frozen=True)
class DataEyes:
    """Eyes that show running data, to tell that a tool is at work; they fade when it is done."""

    on: bool
    since: float
    """Media time in s of the last change."""


@dataclass(frozen=True)
class LivePose:
    """A pose from a caller that sends many of them a second, such as a face tracker."""

    morphs: Mapping[str, float]
    """Morph → value; replaces emotion, idle life and blinks on the morphs it names, and on no others."""
    t: float
    """Media time in s for which it was sent; a while later the avatar goes back to its own life."""
    t_ms: float = 0.0
    """The caller's clock; a pose older than the one held is dropped, for the channel is unordered."""

    def holds(self, t: float) -> bool:
        """Whether the avatar has it at media time t."""
        return pose_holds(self.t, t)


@dataclass(frozen=True)
class PlayedGesture:
    """A gesture that is being made."""

    template: GestureTemplate
    begun: float
    """Media time in s."""
    strength: float = 1.0
    """Scales all of it; [0, 1]."""

    @property
    def end(self) -> float:
        """Media time in s at which it is over."""
        return self.begun + self.template.seconds


@dataclass(frozen=True)
class Backdrop:
    """What stands behind the avatar where the picture has no transparency."""

    name: str | None = None
    """Of a picture among the backdrops; None is a plain colour."""
    colour: tuple[int, int, int] = (24, 26, 38)
    """sRGB, 0..255."""
    fit: Literal["cover", "contain"] = "cover"
    """cover fills the frame and cuts what is over; contain shows the whole picture on the colour."""
    blur: float = 0.0
    """Sigma in px of a 512 px high picture; a plain colour has nothing to blur."""
    chain: tuple[Operation, ...] | Literal["shared"] = ()
    """Its own operations; "shared" runs the avatar's chain over the whole scene, as a camera would see it."""
    file: Path | None = None
    """Where the picture lies, if it is none of the shipped ones."""


@dataclass(frozen=True)
class AvatarState:
    """Everything the render worker needs to know of an avatar, apart from its picture."""

    emotions: Mapping[str, float] = field(default_factory=lambda: {"neutral": 1.0})
    """Emotion name → weight in [0, 1]."""
    intensity: float = 1.0
    """Scales the emotion's pose, cels and effects; [0, 1]."""
    overrides: Mapping[str, float] = field(default_factory=dict)
    """Morph or cel → value; wins over everything else, eased in and out."""
    cue: Cue | None = None
    talking: bool = False
    """The mouth opens and closes at random, where nothing better is known."""
    gaze: Gaze | None = None
    """None: it looks about by itself."""
    live_pose: LivePose | None = None
    """The newest one; None if there never was one."""
    data_eyes: DataEyes | None = None
    """None if they were never on."""
    gestures: tuple[PlayedGesture, ...] = ()
    """Those under way, the oldest first; some may be over already."""
    activity: Activity = field(default_factory=Activity)
    hearing: Hearing | None = None
    """What was heard last; None if nothing ever was."""
    settings: AnimatorSettings = DEFAULTS
    """How it moves."""
    templates: Mapping[str, EmotionTemplate] = field(default_factory=dict)
    """Emotions of this avatar alone, over the character's; with the state, so that no emotion comes before
    its template."""
    own_gestures: Mapping[str, GestureTemplate] = field(default_factory=dict)
    """Gestures of this avatar alone, over the character's."""
    crop: OwnCrop = NO_OWN_CROP
    """The part that is shown, in the place of what framing and character say."""
    framing: Framing = OF_CHARACTER
    """How much of the figure is shown, where there is no crop."""
    chain: tuple[Operation, ...] = ()
    """Operations on the picture, first to last."""
    chain_on: bool = True
    """Off shows the picture without them, and keeps them."""
    backdrop: Backdrop = field(default_factory=Backdrop)
    still: Mapping[str, float] | None = None
    """Morph or cel → value: the one pose that it is held in, what is not named 0; None lets it live."""
    paused: bool = False
    """The picture stands still, and none is made but for those who come to watch."""
    cast: Cast | None = None
    """Those who make up the picture of a stage; None is an avatar that shows its own character."""

    @property
    def shown_chain(self) -> tuple[Operation, ...]:
        """The operations that are run."""
        return self.chain if self.chain_on else ()


def check_overrides(values: Mapping[str, object]) -> dict[str, float]:
    """Overrides as floats, each a known morph or cel and in its range.

    Raises:
        UnknownName: neither a morph nor a cel; names the nearest.
        OutOfRange, InputError: as `Ranges.check`.
    """
    return HELD.check(values)


def _check_backdrop_chain(chain: object) -> tuple[Operation, ...] | Literal["shared"] | None:
    if chain is None or chain == "shared":
        return chain
    if isinstance(chain, str):
        raise BadMessage(
            f'a backdrop\'s chain is {shown_value(chain)}: wanted is a list of operations, or "shared"'
        )
    return check_chain(chain)


def _backdrop_chain_schema() -> dict[str, Any]:
    return {"anyOf": [chain_schema(), {"const": "shared"}, {"type": "null"}]}


BackdropChain = Annotated[
    tuple[Operation, ...] | Literal["shared"] | None, Checked(_check_backdrop_chain, _backdrop_chain_schema)
]
"""Operations of its own, "shared", or None for no operation."""
