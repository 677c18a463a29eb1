"""Control messages: what a caller says to an avatar, over any door, and what comes back.

REST, WebSocket and the `control` data channel all end in `Avatar.apply(message)`. On the wire a message is
JSON `{"type": "noun.verb", "id"?: …}`; each is answered by `ok` or `error` with the same id.
"""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, TypeAdapter, ValidationError, model_validator

from avatar_rtc.errors import BadMessage, UnknownName
from avatar_rtc.visemes import NAMES, mixed

MAX_MESSAGE_BYTES = 64 * 1024

Weight = Annotated[float, Field(ge=0.0, le=1.0)]


class Message(BaseModel):
    """The base of all messages; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    id: str | int | None = None
    """Chosen by the caller; comes back in the answer."""


class EmotionSet(Message):
    """Show one emotion by name, or a blend by weights."""

    type: Literal["emotion.set"] = "emotion.set"
    name: str | None = None
    weights: dict[str, Weight] | None = Field(None, min_length=1, max_length=28)
    intensity: Weight = 1.0

    @model_validator(mode="after")
    def _one_of_both(self) -> "EmotionSet":
        if (self.name is None) == (self.weights is None):
            raise ValueError("give either 'name' or 'weights'")
        return self

    def blend(self) -> dict[str, float]:
        """Emotion → weight, whichever form was used."""
        return dict(self.weights) if self.weights is not None else {str(self.name): 1.0}


class ChainSet(Message):
    """Replace the chain of operations on the picture."""

    type: Literal["chain.set"] = "chain.set"
    chain: list[Any]
    """`[[name, {params}], …]`; checked by `filters_schema.chain.check_chain`."""


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
    chain: list[Any] | str | None = None
    """Its own operations; "shared" runs the avatar's chain over the whole scene; None is no operation."""

    @property
    def rgb(self) -> tuple[int, int, int]:
        """The colour, 0..255."""
        red, green, blue = bytes.fromhex(self.colour[1:])
        return red, green, blue


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
    Azure's 22 (`azure_0` … `azure_21`) and as VOICEVOX's vowels (`a` … `o`, `N`, `cl`).
    """

    type: Literal["cue.set"] = "cue.set"
    t_ms: float
    visemes: dict[str, Weight] = Field(max_length=32)

    @model_validator(mode="after")
    def _known_visemes(self) -> "CueSet":
        for name in self.visemes:
            if name.removeprefix("mouth_") not in NAMES:
                raise ValueError(str(UnknownName("viseme", name, NAMES)))
        return self

    def morphs(self) -> dict[str, float]:
        """Mouth morph → weight, with full morph names."""
        return mixed(self.visemes)


class SpeechSay(Message):
    """Speak a text, after what is being said already; the answer carries its `speech_id`."""

    type: Literal["speech.say"] = "speech.say"
    text: str
    voice: str = Field("", max_length=200)
    """As listed under `voices`; "" is the avatar's own."""
    speed: float | None = Field(None, ge=0.5, le=2.0)
    """1 is the voice's own; None is what is configured."""
    emotion: str | None = Field(None, max_length=64)
    """Shown while it speaks; "auto" reads it from the text; None leaves it to tags in the text."""
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
    EmotionSet | ChainSet | BackdropSet | DataEyesSet | Ping | CueSet | SpeechSay | SpeechAppend | SpeechStop
)
_TYPES = {
    "emotion.set": EmotionSet,
    "chain.set": ChainSet,
    "backdrop.set": BackdropSet,
    "data_eyes.set": DataEyesSet,
    "ping": Ping,
    "cue.set": CueSet,
    "speech.say": SpeechSay,
    "speech.append": SpeechAppend,
    "speech.stop": SpeechStop,
}
_ADAPTERS: dict[str, TypeAdapter[Any]] = {n: TypeAdapter(model) for n, model in _TYPES.items()}


def parse_control(text: str | bytes) -> ControlMessage:
    """The message in a JSON text.

    Raises:
        BadMessage: too long, no JSON object, or fields missing, unknown or out of range.
        UnknownName: a type that does not exist; names the nearest.
    """
    return control_from(json_object(text))


def parse_cue(text: str | bytes) -> CueSet:
    """The cue in a JSON text of the `cues` channel, where the type may be left out.

    Raises:
        BadMessage: as `parse_control`, or another type.
    """
    message = control_from({"type": "cue.set", **json_object(text)})
    if not isinstance(message, CueSet):
        raise BadMessage("the cues channel takes cues only: {'t_ms': …, 'visemes': {…}}")
    return message


def control_from(data: dict[str, Any]) -> ControlMessage:
    """The message in a decoded JSON object; raises as `parse_control`."""
    kind = data.get("type")
    if not isinstance(kind, str):
        raise BadMessage(f"a message needs a 'type', one of {', '.join(_TYPES)}")
    if kind not in _ADAPTERS:
        raise UnknownName("message type", kind, _TYPES)
    try:
        message: ControlMessage = _ADAPTERS[kind].validate_python(data)
    except ValidationError as error:
        raise BadMessage(f"{kind}: {explain(error)}") from None
    return message


def explain(error: ValidationError) -> str:
    """The first complaint of a validation error in one line."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]


def ok(message_id: str | int | None, **fields: object) -> dict[str, object]:
    """The answer to a message that was taken."""
    return {"type": "ok", "id": message_id, **fields}


def error(message_id: str | int | None, detail: str) -> dict[str, object]:
    """The answer to a message that was refused, and why."""
    return {"type": "error", "id": message_id, "detail": detail}


def id_of(text: str | bytes) -> str | int | None:
    """The id in a message that may be broken otherwise, so that its error finds home."""
    try:
        found = json_object(text).get("id")
    except BadMessage:
        return None
    return found if isinstance(found, str | int) else None


def json_object(text: str | bytes) -> dict[str, Any]:
    """The JSON object in a text.

    Raises:
        BadMessage: longer than MAX_MESSAGE_BYTES, or no JSON object.
    """
    if len(text) > MAX_MESSAGE_BYTES:
        raise BadMessage(f"a message is at most {MAX_MESSAGE_BYTES} bytes, not {len(text)}")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"not JSON: {error}") from None
    if not isinstance(data, dict):
        raise BadMessage("a message is a JSON object: {'type': 'noun.verb', …}")
    return data
