"""What a state looks like where it is told: the type of what `state_json` gives."""

from pydantic import BaseModel, ConfigDict, Field

from avatar_rtc.control.cast import CastTold
from avatar_rtc.control.message import Weight
from avatar_rtc.control.messages import BackdropSet, CropSet, FramingSet
from avatar_rtc.control.settings import SettingsValues
from avatar_rtc.control.state import HeldValues
from avatar_rtc.face.activity import ActivityName
from avatar_rtc.face.gaze import GazeTarget
from avatar_rtc.filters_schema.chain import Chain


class EmotionTold(BaseModel):
    """The emotion that is shown."""

    model_config = ConfigDict(frozen=True)

    weights: dict[str, float]
    intensity: Weight


class StateTold(BaseModel):
    """Everything an avatar was told, in the words of the messages that tell it."""

    model_config = ConfigDict(frozen=True)

    emotion: EmotionTold
    overrides: HeldValues
    gaze: GazeTarget
    talking: bool
    paused: bool
    still: HeldValues | None = Field(description="The pose that it is held in; null while it lives.")
    data_eyes: bool
    activity: ActivityName
    settings: SettingsValues = Field(description="Those that are not at their default.")
    crop: CropSet
    framing: FramingSet
    chain: Chain
    chain_on: bool
    backdrop: BackdropSet
    stage: CastTold | None = Field(description="Whom a stage shows; null of an avatar that shows itself.")
