"""Emotions in words and numbers: their names, and what each does to a face."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

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
MAX_NAME = 64
_MOST_BYTES = 130
_NO_WORD = re.compile(r"[^\w-]+")
T = TypeVar("T")


def emotion_id(name: str) -> str:
    """How an emotion is known whose name is free text: small letters, and "_" for what is no letter or digit.

    A name without any is written by its code points. The id of an id is itself.

    >>> emotion_id("My Emotion!"), emotion_id("[reset]"), emotion_id("joy"), emotion_id("🙂")
    ('my_emotion', 'zero', 'joy', 'u1f642')

    Raises:
        InputError: nothing, or more than 64 characters.
    """
    if not name.strip() or len(name) > MAX_NAME:
        raise InputError(f"{name!r:.80} cannot be an emotion's name; wanted are 1 to {MAX_NAME} characters")
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    words = _NO_WORD.sub("_", plain).strip("_") or "_".join(f"u{ord(sign):x}" for sign in name.strip())
    return _short(_ALSO.get(words, words))


def _short(words: str) -> str:
    """So much of it that it may be a name itself, and takes at most 128 bytes as JSON.

    Ids go with every state, 64 of them.
    """
    words = words[:MAX_NAME]
    while len(json.dumps(words)) > _MOST_BYTES:
        words = words[:-1]
    return words.strip("_") or words


def by_id(
    named: Mapping[str, T], id_of: Callable[[str], str] = emotion_id, kind: str = "emotions"
) -> dict[str, T]:
    """The same under the ids of these names.

    Args:
        id_of: the id of a name.
        kind: what has these names, for people.

    Raises:
        InputError: no name, or two that have one id.
    """
    found: dict[str, T] = {}
    for name, value in named.items():
        if (key := id_of(name)) in found:
            raise InputError(f"two {kind} have the id {key!r}; one of them is {name!r:.80}")
        found[key] = value
    return found


EmotionId = Annotated[
    str,
    AfterValidator(refusing(emotion_id)),
    Field(json_schema_extra={"minLength": 1, "maxLength": MAX_NAME}),
]
"""A name, known by its id from then on."""
ByEmotion = dict[EmotionId, T]
"""Emotion's id → something; names are free text."""


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
    title: str = ""
    """The name it was given, where that is not its id."""

    def json(self) -> dict[str, object]:
        """As `Template` reads it."""
        return {"pose": dict(self.pose), "cels": dict(self.cels)}


ZERO = EmotionTemplate("zero", {}, {})
"""A face at rest, whatever `neutral` was made to be; every avatar has it, and no list names it."""
_ALSO = {"reset": ZERO.name}


def _without_breath(pose: dict[str, float]) -> dict[str, float]:
    """The pose without breath: that follows the clock, and files of others name it."""
    return {morph: value for morph, value in pose.items() if morph != "breathing"}


def _pose_schema() -> dict[str, Any]:
    whole = MORPH_RANGES.json_schema()
    breath = {**whole["properties"]["breathing"], "description": "Left out: breath follows the clock."}
    return {**whole, "properties": {**whole["properties"], "breathing": breath}}


EmotionPose = Annotated[MorphValues, AfterValidator(_without_breath), WithJsonSchema(_pose_schema())]
"""Morph → value, breath left out."""


def is_templates(content: Mapping[str, object]) -> bool:
    """Whether this is a file of emotions by name, as pose editors write it."""
    return bool(content) and all(isinstance(each, Mapping) and "pose" in each for each in content.values())


class Template(BaseModel):
    """What an emotion at full weight does; whatever it does not name is 0."""

    # As it is written: in messages, in the files of emotions, and in those of characters.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    title: str = Field(
        "", max_length=MAX_NAME, description="How editors call it; the name it has if not given."
    )
    pose: EmotionPose = {}
    """Morph → value."""
    cels: CelValues = {}
    """Cel → opacity in [0, 1]."""

    def change(self) -> EmotionChange:
        """As a character's change of an emotion there is."""
        return EmotionChange(self.pose, self.cels)

    def template(self, name: str) -> EmotionTemplate:
        """As an emotion of its own, known by the id of its name. What is 0 is left out: those of an avatar
        travel with every state.

        Raises:
            InputError: as `emotion_id`.
        """
        known = emotion_id(name)
        title = self.title or name
        pose = {morph: value for morph, value in self.pose.items() if value}
        cels = {cel: value for cel, value in self.cels.items() if value}
        return EmotionTemplate(known, pose, cels, "" if title == known else title)
