"""Effects around the character, declared: short signs that appear when an emotion is entered."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from avatar_rtc.errors import UnknownName
from avatar_rtc.face.cels import FX, FX_PATTERN, is_fx
from avatar_rtc.face.emotions import EmotionId
from avatar_rtc.intake.complaints import refusing

EffectType = Literal["cycle", "sequence", "cycle_with_fadeout", "sequence_with_fadeout"]


def _check_cel(name: str) -> str:
    if not is_fx(name):
        raise UnknownName("cel of an effect", name, FX)
    return name


_EffectCel = Annotated[
    str, AfterValidator(refusing(_check_cel)), Field(json_schema_extra={"pattern": f"^{FX_PATTERN}$"})
]


class Effect(BaseModel):
    """A sign, and the emotions that show it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field("", max_length=60, description="For editors.")
    enabled: bool = Field(True, description="Off keeps the effect, but does not show it.")
    emotions: tuple[EmotionId, ...] = Field((), max_length=200, description="Entering one of them shows it.")
    type: EffectType = Field(
        "sequence",
        description="cycle shows its pictures over and over at `fps` until `duration` is over, sequence each"
        " for an equal part of it; with fadeout they get fainter all the while, else they end at once.",
    )
    fps: float = Field(6.0, ge=0.0, le=60.0, description="Pictures per second of a cycle; 0 stays at one.")
    duration: float = Field(1.0, ge=0.0, le=60.0, description="Seconds from its beginning to its end.")
    cels: tuple[_EffectCel, ...] = Field(
        (),
        max_length=64,
        description="Its pictures, in order of time; what a character lacks is passed over.",
    )


def _effect(name: str, emotions: str, kind: EffectType, count: str, duration: float) -> Effect:
    return Effect(
        name=name,
        emotions=tuple(emotions.split()),
        type=kind,
        duration=duration,
        cels=tuple(f"fx_{name}{n}" for n in count),
    )


EFFECTS = (
    _effect("angervein", "anger", "cycle_with_fadeout", "12", 1.0),
    _effect("sweatdrop", "embarrassment", "sequence_with_fadeout", "123", 0.3),
    _effect("smallsweatdrop", "nervousness", "sequence_with_fadeout", "123", 0.3),
    _effect("heart", "desire love", "sequence_with_fadeout", "123", 0.3),
    _effect("blackcloud", "annoyance", "cycle_with_fadeout", "12", 1.0),
    _effect("flowers", "joy", "cycle_with_fadeout", "12", 1.0),
    _effect("shock", "disgust fear", "sequence_with_fadeout", "1", 2.0),
    _effect("notice", "surprise", "sequence", "1212", 0.25),
    _effect("beaming", "admiration amusement excitement pride", "sequence", "12", 0.25),
    _effect("question", "confusion", "sequence", "123", 0.25),
    _effect("exclaim", "realization", "sequence", "123", 0.25),
)
