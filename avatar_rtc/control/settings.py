"""Settings of an avatar's animator: declared once, which validates input, builds the editor, is the schema.

Names, meaning and defaults are those of the predecessor, where a text does not say otherwise; what its
settings hold beside motion lies elsewhere, see `former_settings`. Every range holds the value that turns a
thing off. Times are seconds.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema

from avatar_rtc.errors import BadMessage, InputError
from avatar_rtc.face.effects import EFFECTS, Effect
from avatar_rtc.face.emotions import ByEmotion
from avatar_rtc.face.pose import FORMER_SUFFIX
from avatar_rtc.intake.complaints import complaint

MouthMorph = Literal["mouth_aaa", "mouth_iii", "mouth_uuu", "mouth_eee", "mouth_ooo", "mouth_delta"]
SwayMorph = Literal["head_x", "head_y", "neck_z", "body_y", "body_z"]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
SizeWanted = Literal["auto", 512, 768, 1024, 1536, 2048]
"""Px of a picture's side, before it is cut; "auto" is as large as source, device and rate allow."""
SpeedFactor = Annotated[float, Field(ge=0.1, le=10.0)]
AnySettings = TypeVar("AnySettings", bound=BaseModel)


def _without_index(name: object) -> object:
    return name.removesuffix(FORMER_SUFFIX) if isinstance(name, str) else name


def _effects(entries: object) -> object:
    """Effects also come as `[name, {…}]`, as operations do."""
    if not isinstance(entries, list | tuple):
        return entries
    return [{**e[1], "name": e[0]} if _is_pair(e) else e for e in entries]


def _is_pair(entry: object) -> bool:
    return isinstance(entry, list | tuple) and len(entry) == 2 and isinstance(entry[1], dict)


class AnimatorSettings(BaseModel):
    """How one avatar moves."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    target_fps: float = Field(
        60.0, ge=1.0, le=60.0, description="Frames per second, at most; never more than the server's `fps`."
    )

    size: SizeWanted = Field(
        "auto",
        description="Px of the picture's side before it is cut. `auto` is as large as the character's source,"
        " the device and the frame rate allow: lowered before frames are lost, and raised again. A number is"
        " kept even where frames are lost; one above the source enlarges that once.",
    )
    in_betweens: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Whether every second frame turns the body between two poses of the network instead of"
        " asking it. `auto` does where a GPU renders more than 30 frames a second.",
    )

    pose_interpolator_step: Share = Field(
        0.3,
        description="How quickly emotions come: 0 holds, 1 jumps. A change has come by 95 % after"
        " 3 / ln(1 / (1 - step)) frames of 1/25 s: 0.3 is a third of a second, whatever the frame rate.",
    )
    emotion_speed: ByEmotion[SpeedFactor] = Field(
        default_factory=dict,
        max_length=128,
        description="Emotion → how much faster than others it comes; 1 if not named.",
    )
    liveliness: float = Field(
        1.0,
        ge=0.0,
        le=2.0,
        description="Stillness and liveliness in one: scales sway, drift, saccades, small smiles and other"
        " gestures at rest, brows and nods of speech, and a little how often eyes blink. 1 is as authored; at"
        " 0 only breath and lids move.",
    )
    articulation: float = Field(
        1.0,
        ge=0.0,
        le=2.0,
        description="How far the mouth opens for speech, random talking and sounds in cues: 0 hardly moves"
        " it, 1 is clear, 2 theatrical. Lips that must meet meet at any of them, and morphs that you name are"
        " taken as they are.",
    )

    blink_interval_min: float = Field(
        2.0, ge=0.0, le=60.0, description="Least wait in s before the next blink; 0 is none."
    )
    blink_interval_max: float = Field(5.0, ge=0.0, le=60.0, description="Most of that wait in s.")
    blink_probability: Share = Field(
        0.03, description="Of a blink per 1/25 s, once the wait is over; 0 never blinks."
    )
    blink_confusion_duration: float = Field(
        10.0, ge=0.0, le=60.0, description="Seconds of blinking without that wait after confusion; 0 is off."
    )
    blink_double_probability: Share = Field(0.1, description="Of a second blink right after one.")
    blink_partial_probability: Share = Field(0.1, description="Of a blink that does not close the eye.")

    gaze_saccades: float = Field(
        1.0, ge=0.0, le=2.0, description="Scales the eyes' leaps and looks away; 0 keeps them where they are."
    )
    eye_contact: Share = Field(0.7, description="Share of the time of speaking that the viewer is looked at.")

    thinking_sound: bool = Field(
        False, description='Whether it says a short "hm", once, when it thinks for a while.'
    )
    talking_fps: float = Field(
        12.0, ge=0.0, le=60.0, description="New mouths per second of random talking; 0 is off."
    )
    talking_morph: Annotated[MouthMorph, BeforeValidator(_without_index)] = Field(
        "mouth_aaa", description="The mouth that random talking opens."
    )

    sway_morphs: tuple[Annotated[SwayMorph, BeforeValidator(_without_index)], ...] = Field(
        ("head_x", "head_y", "neck_z", "body_y", "body_z"),
        max_length=5,
        description="What idle motion moves; none for a robot.",
    )
    sway_interval_min: float = Field(
        5.0, ge=0.2, le=600.0, description="Least time in s from one stance to the next."
    )
    sway_interval_max: float = Field(10.0, ge=0.2, le=600.0, description="Most of that time in s.")
    sway_macro_strength: Share = Field(
        0.6,
        description="How far stances, and the drift between them, go from the middle at most, 1 is 15"
        " degrees; 0 is off. Most stay nearer. While an emotion shows they are a third of it, and leave its"
        " own turn of the head.",
    )
    sway_micro_strength: Share = Field(
        0.03,
        description="Bound of the tremor, 1 is 15 degrees; 0 is off. The predecessor's 0.02, or 0.01 in its"
        " file, was the step of a random walk; this one is a sum of slow sines.",
    )
    sway_hair: Share = Field(
        0.6, description="How far hair and hems follow head and body, and stir in the air; 0 is off."
    )
    breathing_cycle_duration: float = Field(
        4.0, ge=0.0, le=60.0, description="Seconds from one breath to the next; 0 is off."
    )

    eye_waver_fps: float = Field(
        12.0, ge=0.0, le=60.0, description="Pictures per second of wavering eyes; 0 is off."
    )
    data_eyes_fps: float = Field(
        12.0, ge=0.0, le=60.0, description="Pictures per second of data eyes; 0 is off."
    )
    data_eyes_fadeout_duration: float = Field(
        0.75, ge=0.0, le=10.0, description="Seconds in which data eyes fade; 0 is at once."
    )
    animefx_enabled: bool = Field(True, description="Whether there are signs around the character at all.")
    animefx: Annotated[tuple[Effect, ...], BeforeValidator(_effects)] = Field(
        EFFECTS, max_length=64, description="Signs that come with an emotion."
    )
    animefx_repeat: float = Field(
        5.0,
        ge=0.0,
        le=600.0,
        description="Seconds, on average, from the end of a sign until it comes again, softer, while its"
        " emotion lasts; 0 shows it once.",
    )

    @model_validator(mode="after")
    def _ranges_in_order(self) -> Self:
        for name in ("blink_interval", "sway_interval"):
            low, high = getattr(self, f"{name}_min"), getattr(self, f"{name}_max")
            if low > high:
                raise InputError(f"{name}_min is {low:g}, but must not exceed {name}_max, {high:g}")
        return self

    def __reduce__(self) -> Any:
        # By name: most avatars have these, and a state that goes to the worker 60 times a second would
        # spend a third of a millisecond on writing them out.
        return "DEFAULTS" if self is DEFAULTS else super().__reduce__()


DEFAULTS = AnimatorSettings()


def check_settings(data: object) -> AnimatorSettings:
    """The settings of a JSON object, with defaults for what it does not name.

    >>> check_settings({"liveliness": 0.5}).liveliness
    0.5

    Raises:
        BadMessage: not an object.
        UnknownName: a key or a name that does not exist; names the nearest.
        OutOfRange: a number outside its range.
        InputError: a value of the wrong type, or a least above its most.
    """
    if not isinstance(data, Mapping):
        raise BadMessage("settings are an object {name: value}")
    return read_settings(AnimatorSettings, data)


def read_settings(model: type[AnySettings], data: Mapping[str, Any]) -> AnySettings:
    """The settings of this model in a JSON object; raises as `check_settings`."""
    try:
        return model.model_validate(dict(data))
    except ValidationError as error:
        raise complaint(error, model, noun="setting") from None


def patched(settings: AnimatorSettings, changes: object) -> AnimatorSettings:
    """The settings with some of them changed. Raises as `check_settings`."""
    if not isinstance(changes, Mapping):
        raise BadMessage("settings are an object {name: value}")
    return check_settings({**settings_json(settings), **changes})


def settings_json(settings: AnimatorSettings) -> dict[str, Any]:
    """The settings as they go over the wire, every one written out."""
    return settings.model_dump(mode="json")


def changes_json(settings: AnimatorSettings) -> dict[str, Any]:
    """Only those that are not at their default."""
    return settings.model_dump(mode="json", exclude_defaults=True)


@cache
def settings_schema() -> Mapping[str, Any]:
    """The JSON schema of the settings: type, range, default, help."""
    return AnimatorSettings.model_json_schema()


class _SettingsSchema:
    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(AnimatorSettings.__pydantic_core_schema__)


SettingsValues = Annotated[dict[str, Any], _SettingsSchema()]
"""Some of the settings by name; `check_settings` and `patched` judge them, for it takes all to do so."""
