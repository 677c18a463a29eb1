"""Control messages: what a caller says to an avatar, over any door, and what comes back.

REST, WebSocket and the `control` data channel all end in `Avatar.apply(message)`. On the wire a message is
JSON `{"type": "noun.verb", "id"?: …}`; each is answered by `ok` or `error` with the same id.
"""

from typing import Any, Literal, get_args

from pydantic import Field, StrictBool, model_validator

from avatar_rtc.config_words import NarrationWay
from avatar_rtc.control.acting_messages import ActivitySet, GesturePlay, GesturesSet, HearingSet
from avatar_rtc.control.message import MAX_HOLD_MS, Message, Weight
from avatar_rtc.control.microphone_message import MicrophoneSet
from avatar_rtc.control.settings import SettingsValues
from avatar_rtc.control.state import BackdropChain, HeldChanges, HeldValues
from avatar_rtc.errors import BadMessage, UnknownName
from avatar_rtc.face.blendshapes import ShapeValues, morphs_of_checked
from avatar_rtc.face.emotions import (
    MAX_NAME,
    MAX_OWN_EMOTIONS,
    ByEmotion,
    EmotionId,
    EmotionTemplate,
    Template,
    by_id,
)
from avatar_rtc.face.gaze import GazeTarget
from avatar_rtc.face.pose import MorphValues
from avatar_rtc.face.visemes import NamedMouth, VisemeWeights, named_mouth
from avatar_rtc.filters_schema.chain import Chain, chain_json
from avatar_rtc.stream.crop import Bottom, Left, OwnCrop, Right, Top
from avatar_rtc.stream.framing import Framing, FramingName, Headroom


class EmotionSet(Message):
    """Show one emotion by name, or a blend by weights."""

    type: Literal["emotion.set"] = "emotion.set"
    name: EmotionId | None = None
    weights: ByEmotion[Weight] | None = Field(None, min_length=1, max_length=28)
    intensity: Weight = 1.0
    hold_ms: float | None = Field(None, gt=0, le=MAX_HOLD_MS)
    """Then the avatar goes back to its default emotion; None is until another one is asked for."""

    @model_validator(mode="after")
    def _one_of_both(self) -> "EmotionSet":
        if (self.name is None) == (self.weights is None):
            raise ValueError("give either 'name' or 'weights'")
        return self

    def blend(self) -> dict[str, float]:
        """Emotion → weight, whichever form was used."""
        return dict(self.weights) if self.weights is not None else {str(self.name): 1.0}


class EmotionsSet(Message):
    """Emotions of this avatar's own, over the factory's; none at all is the factory's again."""

    type: Literal["emotions.set"] = "emotions.set"
    emotions: dict[str, Template] = Field(
        max_length=MAX_OWN_EMOTIONS,
        json_schema_extra={"propertyNames": {"minLength": 1, "maxLength": MAX_NAME}},
    )
    """Name → what it does. Names are free text: an emotion is known by the id of its name."""

    @model_validator(mode="after")
    def _one_each(self) -> "EmotionsSet":
        by_id(self.emotions)
        return self

    def templates(self) -> dict[str, EmotionTemplate]:
        """Id → template."""
        return {each.name: each for each in (given.template(name) for name, given in self.emotions.items())}


class OverridesSet(Message):
    """Hold these morphs and cels, over everything else, and let go of all others."""

    type: Literal["overrides.set"] = "overrides.set"
    overrides: HeldValues
    """Morph or cel → value."""


class OverridesPatch(Message):
    """Hold some morphs and cels, let go of some, and leave the others."""

    type: Literal["overrides.patch"] = "overrides.patch"
    overrides: HeldChanges
    """Morph or cel → value; None lets go."""


class SettingsSet(Message):
    """Replace the animator's settings; what is not named gets its default."""

    type: Literal["settings.set"] = "settings.set"
    settings: SettingsValues


class SettingsPatch(Message):
    """Change some of the animator's settings."""

    type: Literal["settings.patch"] = "settings.patch"
    settings: SettingsValues


class GazeSet(Message):
    """Look somewhere until another place is asked for; null looks about by itself."""

    type: Literal["gaze.set"] = "gaze.set"
    target: GazeTarget
    """`"viewer"`, `"away"`, `{"x": x, "y": y}` in [-1, 1] of the picture as the viewer sees it, or null."""


class TalkingSet(Message):
    """Open and close the mouth at random, for sound nobody knows anything about."""

    type: Literal["talking.set"] = "talking.set"
    on: StrictBool


class PauseSet(Message):
    """Let the picture stand still; nothing is rendered meanwhile."""

    type: Literal["pause.set"] = "pause.set"
    on: StrictBool


class StillSet(Message):
    """Hold the avatar still in exactly this pose, for all who watch; null lets it live on."""

    type: Literal["still.set"] = "still.set"
    values: HeldValues | None
    """Morph or cel → value; what is not named is 0. Nothing else shows: no emotion, idle life, lips, gaze,
    overrides or effects."""


class FramingSet(Message):
    """Show the face, the bust or the whole picture; a crop that is on goes off, and keeps its edges."""

    type: Literal["framing.set"] = "framing.set"
    name: FramingName | None = None
    """None is the character's own."""
    headroom: Headroom | None = None
    """Free above the head, for effects; a share of the picture. None is as the framing wants it."""

    def framing(self) -> Framing:
        """What is asked for."""
        return Framing(self.name, self.headroom)


class CropSet(Message):
    """Show a part of the picture, in the place of the framing."""

    type: Literal["crop.set"] = "crop.set"
    enabled: StrictBool = True
    """False is the framing again, and keeps the edges for later."""
    left: Left = 0.0
    top: Top = 0.0
    right: Right = 1.0
    bottom: Bottom = 1.0

    def crop(self) -> OwnCrop:
        """The crop; raises InputError where too little would be shown."""
        return OwnCrop(self.left, self.top, self.right, self.bottom, self.enabled)


class ChainSet(Message):
    """Replace the chain of operations on the picture."""

    type: Literal["chain.set"] = "chain.set"
    chain: Chain
    """`[[name, {params}], …]`."""
    on: StrictBool = True
    """False shows the picture without them, and keeps them."""


class BackdropSet(Message):
    """What stands behind the avatar where its picture has no transparency: calls, plain players, files."""

    type: Literal["backdrop.set"] = "backdrop.set"
    name: str | None = None
    """As listed under `backdrops`; None is the plain colour."""
    colour: str = Field("#181a26", pattern="^#[0-9a-fA-F]{6}$")
    """sRGB, `#rrggbb`."""
    fit: Literal["cover", "contain"] = "cover"
    """cover fills the frame and cuts what is over; contain shows the whole picture on the colour."""
    blur: float = Field(0.0, ge=0.0, le=30.0)
    """Sigma in px of a 512 px high picture."""
    chain: BackdropChain = None
    """Its own operations; "shared" runs the avatar's chain over the whole scene; None is no operation."""

    @property
    def rgb(self) -> tuple[int, int, int]:
        """The colour, 0..255."""
        red, green, blue = bytes.fromhex(self.colour[1:])
        return red, green, blue


class SetupSet(Message):
    """How it moves and is shown, in one: as a file keeps it. What is not named stays."""

    type: Literal["setup.set"] = "setup.set"
    settings: SettingsValues | None = None
    """As of `settings.set`."""
    framing: FramingSet | None = None
    crop: CropSet | None = None
    chain: Chain | None = None
    chain_on: StrictBool = True
    """Whether that chain is on."""
    backdrop: BackdropSet | None = None

    def messages(self) -> "list[SettingsSet | FramingSet | CropSet | ChainSet | BackdropSet]":
        """The messages that it stands for; the framing before the crop, which it would turn off."""
        settings = None if self.settings is None else SettingsSet(settings=self.settings)
        chain = None if self.chain is None else ChainSet(chain=chain_json(self.chain), on=self.chain_on)
        named = (settings, self.framing, self.crop, chain, self.backdrop)
        return [message for message in named if message is not None]


class DataEyesSet(Message):
    """Show running data in the eyes while a tool is at work; off lets them fade."""

    type: Literal["data_eyes.set"] = "data_eyes.set"
    on: StrictBool


class Ping(Message):
    """Ask for a sign of life; the answer carries `t_ms`, the avatar's media clock."""

    type: Literal["ping"] = "ping"


class CueSet(Message):
    """Mouth shapes for now, for a caller that plays its own audio; comes on the `cues` channel.

    Shapes may be named as ours (`aaa` or `mouth_aaa`, and `closed`), as OVR's 15 (`PP`, `viseme_PP`), as
    Azure's 22 (`azure_0` … `azure_21`) and as VOICEVOX's vowels (`a` … `o`, `N`, `cl`). Ours are morphs and
    taken as they are; the others are sounds, which open this face as far as `articulation` says.
    """

    type: Literal["cue.set"] = "cue.set"
    t_ms: float
    visemes: VisemeWeights = Field(max_length=32)

    def mouth(self) -> NamedMouth:
        """What they ask of the mouth."""
        return named_mouth(self.visemes)


class PoseSet(Message):
    """A pose for now, from a caller that sends up to 60 of them a second; comes on the `pose` channel.

    It replaces emotion, idle life and blinks on the morphs it names, until half a second after the last one.
    """

    type: Literal["pose.set"] = "pose.set"
    t_ms: float
    """The caller's clock; the newest wins."""
    morphs: MorphValues | None = None
    blendshapes: ShapeValues | None = None
    """ARKit's or MediaPipe's 52."""
    head: tuple[float, float, float] | None = None
    """With `blendshapes`: yaw, pitch and roll in degrees."""

    @model_validator(mode="after")
    def _something(self) -> "PoseSet":
        if self.morphs is None and self.blendshapes is None:
            raise ValueError("give 'morphs' or 'blendshapes'")
        if self.head is not None and self.blendshapes is None:
            raise ValueError("'head' goes with 'blendshapes'; with morphs alone, name head_x, head_y, neck_z")
        return self

    def pose(self) -> dict[str, float]:
        """Morph → value; a morph named itself wins over blendshapes."""
        shapes = {} if self.blendshapes is None else morphs_of_checked(self.blendshapes, self.head)
        return {**shapes, **(self.morphs or {})}


class SpeechSay(Message):
    """Speak a text, after what is being said already; the answer carries its `speech_id`."""

    type: Literal["speech.say"] = "speech.say"
    text: str
    voice: str = Field("", max_length=200)
    """As listed under `voices`; "" is the avatar's own."""
    speed: float | None = Field(None, ge=0.5, le=2.0)
    """1 is the voice's own; None is what is configured."""
    emotion: EmotionId | None = None
    """Shown while it speaks; "auto" reads it from the text; None leaves it to tags in the text."""
    narration: NarrationWay | None = None
    """What is done with `*waves slowly*`; None is what is configured."""
    more: StrictBool = False
    """True if more text follows by `speech.append`, such as a language model's tokens."""


class SpeechAppend(Message):
    """More text of an utterance that was begun with `more`."""

    type: Literal["speech.append"] = "speech.append"
    speech_id: str
    text: str = ""
    more: StrictBool = True
    """False if this was the last of it."""


class SpeechStop(Message):
    """Fall silent at once; every utterance that was to be said is told to be finished after the answer."""

    type: Literal["speech.stop"] = "speech.stop"
    speech_id: str | None = None
    """Only this utterance; None is all."""


ControlMessage = (
    EmotionSet | EmotionsSet | OverridesSet | OverridesPatch | SettingsSet | SettingsPatch | GazeSet
    | TalkingSet | PauseSet | StillSet | CropSet | FramingSet | ChainSet | BackdropSet | SetupSet
    | DataEyesSet | GesturePlay | GesturesSet | ActivitySet | HearingSet | Ping
    | CueSet | PoseSet | SpeechSay | SpeechAppend | SpeechStop | MicrophoneSet
)  # fmt: skip
_TYPES: dict[str, type[Message]] = {
    model.model_fields["type"].default: model for model in get_args(ControlMessage)
}


def control_from(data: dict[str, Any]) -> ControlMessage:
    """The message in a decoded JSON object.

    Raises:
        BadMessage: fields missing, unknown or out of range.
        UnknownName: a type that does not exist; names the nearest.
    """
    kind = data.get("type")
    if not isinstance(kind, str):
        raise BadMessage(f"a message needs a 'type', one of {', '.join(_TYPES)}")
    if kind not in _TYPES:
        raise UnknownName("message type", kind, _TYPES)
    message: Any = _TYPES[kind].model_validate(data)
    return message  # type: ignore[no-any-return]
