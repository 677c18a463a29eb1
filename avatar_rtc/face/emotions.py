"""Emotions in words and numbers: their names, and what each does to a face."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, WithJsonSchema

from avatar_rtc.errors import InputError
from avatar_rtc.face.cels import CelValues
from avatar_rtc.face.pose import MORPH_RANGES, MorphValues
from avatar_rtc.intake.complaints import refusing

_EMOTIONS = (
    "admiration amusement anger annoyance approval caring confusion curiosity desire disappointment "
    "disapproval disgust embarrassment excitement fear gratitude grief joy love nervousness neutral "
    "optimism pride realization relief remorse sadness surprise"
)
EMOTIONS = tuple(_EMOTIONS.split())
"""The labels of the GoEmotions data set, in alphabetical order."""
MAX_OWN_EMOTIONS = 64
"""Of a character, or of an avatar: their names are told with every `state` event, and an avatar's go to the
worker with every state."""


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


def _without_breath(pose: dict[str, float]) -> dict[str, float]:
    """The pose without breath, which may be named if it is 0."""
    if pose.get("breathing"):
        raise InputError("breathing is not an emotion's; it follows the clock")
    return {morph: value for morph, value in pose.items() if morph != "breathing"}


def _pose_schema() -> dict[str, Any]:
    whole = MORPH_RANGES.json_schema()
    breath = {"const": 0, "description": "Breath follows the clock."}
    return {**whole, "properties": {**whole["properties"], "breathing": breath}}


EmotionPose = Annotated[
    MorphValues, AfterValidator(refusing(_without_breath)), WithJsonSchema(_pose_schema())
]
"""Morph → value, breath left out."""


class Template(BaseModel):
    """What an emotion at full weight does; whatever it does not name is 0."""

    # As it is written: in messages, in the files of emotions, and in those of characters.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    pose: EmotionPose = {}
    """Morph → value."""
    cels: CelValues = {}
    """Cel → opacity in [0, 1]."""

    def change(self) -> EmotionChange:
        """As a character's change of an emotion there is."""
        return EmotionChange(self.pose, self.cels)

    def template(self, name: str) -> EmotionTemplate:
        """As an emotion of its own. What is 0 is left out: those of an avatar travel with every state."""
        pose = {morph: value for morph, value in self.pose.items() if value}
        return EmotionTemplate(name, pose, {cel: value for cel, value in self.cels.items() if value})
