"""A character: its picture, its cels, and what `character.toml` says of it.

mina/
  character.png        or mina.png: the picture
  mina_blush1.png      a cel; what stands before its name is free
  fx_heart1.png        its own effect, in the place of the common one
  character.toml       may be missing, as every key in it may
  student.safetensors  a network that animates this picture on a CPU, made by `avatar-rtc distill`
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    field_validator,
    model_validator,
)

from avatar_rtc.characters.image import read_cel, read_character
from avatar_rtc.characters.toml import read_toml
from avatar_rtc.control.changes import after_all
from avatar_rtc.control.former_settings import translated
from avatar_rtc.control.messages import SettingsSet, control_from
from avatar_rtc.control.state import AvatarState
from avatar_rtc.errors import InputError, TooLarge, UnknownName
from avatar_rtc.face.cels import CELS, FX, CelImage
from avatar_rtc.face.emotions import EMOTIONS, MAX_OWN_EMOTIONS, EmotionChange, EmotionTemplate, Template
from avatar_rtc.intake.complaints import complaint, refusing
from avatar_rtc.intake.names import ByName
from avatar_rtc.stream.crop import FULL_FRAME, Crop

PICTURE, TOML, STUDENT = "character.png", "character.toml", "student.safetensors"
_CEL_FILE = re.compile(rf"(?:[^/]*_)?({'|'.join((*CELS, *FX))})\.png")


@dataclass(frozen=True, eq=False)
class Character:
    """Everything of a character that is read from files."""

    name: str
    rgba: NDArray[np.uint8] = field(repr=False)
    """(512, 512, 4) sRGB, straight alpha."""
    display_name: str = ""
    cels: Mapping[str, CelImage] = field(default_factory=dict, repr=False)
    """Cels on the character and effects around it, its own before the common ones."""
    emotions: Mapping[str, EmotionChange] = field(default_factory=dict)
    own_emotions: Mapping[str, EmotionTemplate] = field(default_factory=dict)
    """Those that only this character has."""
    start: AvatarState = field(default_factory=AvatarState)
    """How its avatars move and are shown, until they are told otherwise."""
    default_emotion: str = "neutral"
    crop: Crop = FULL_FRAME
    keep_eyes_open: float = 0.0
    """How far its lids stay open at least, 0..1; for eyes that look empty when they are closed."""
    voice: str = ""
    """Name of a voice for speech; empty is the default one."""
    licence: str = ""
    author: str = ""
    student: bytes | None = field(default=None, repr=False)
    """The file of its student, as it is; None if it has none."""


_Text = Annotated[str, Field(max_length=200)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)


def _start(settings: object) -> AvatarState:
    if isinstance(settings, AvatarState):
        return settings
    message = control_from({"type": "settings.set", "settings": settings})
    assert isinstance(message, SettingsSet)
    return after_all(AvatarState(), translated(message, AvatarState()), t=0.0)


_Start = Annotated[AvatarState, PlainValidator(refusing(_start))]


class _Toml(_Section):
    """What `character.toml` may hold."""

    display_name: _Text = ""
    licence: _Text = ""
    author: _Text = ""
    voice: _Text = ""
    default_emotion: str = "neutral"
    crop: Crop = FULL_FRAME
    keep_eyes_open: float = Field(0.0, ge=0.0, le=1.0)
    emotions: dict[str, Template] = {}
    own_emotions: ByName[Template] = Field({}, max_length=MAX_OWN_EMOTIONS)
    settings: _Start = AvatarState()

    @field_validator("emotions")
    @classmethod
    def _known_emotions(cls, value: dict[str, Template]) -> dict[str, Template]:
        for name in value:
            if name not in EMOTIONS:
                hint = "a new one belongs under own_emotions"
                raise ValueError(f"{UnknownName('emotion', name, EMOTIONS)} ({hint})")
        return value

    @model_validator(mode="after")
    def _known_default(self) -> "_Toml":
        known = (*EMOTIONS, *self.own_emotions)
        if self.default_emotion not in known:
            raise ValueError(f"default_emotion: {UnknownName('emotion', self.default_emotion, known)}")
        return self


def is_part(file: str) -> bool:
    """True if a file of this name can belong to a character."""
    return file.endswith(".png") or file in (TOML, STUDENT)


def build_character(name: str, files: Mapping[str, bytes], fx: Mapping[str, CelImage]) -> Character:
    """The character in a folder's files.

    Args:
        files: file name → content; others than pictures and `character.toml` are passed over.
        fx: the common effects.

    Raises:
        InputError: no picture, two for one cel, or a fault in the toml; names the file and the key.
        UnsuitableImage, TooLarge: a picture will not do; names the file.
    """
    toml = _read_toml(files.get(TOML, b""))
    picture = find_picture(name, files)
    cels: dict[str, CelImage | None] = {}
    for file in sorted(files):
        if (found := _CEL_FILE.fullmatch(file)) and file != picture:
            if found[1] in cels:
                raise InputError(f"two files hold the cel {found[1]!r}; one of them is {file!r}")
            cels[found[1]] = _named(file, files[file])
    return Character(
        name=name,
        rgba=read_character(files[picture]),
        display_name=toml.display_name or name,
        cels={**fx, **{cel: image for cel, image in cels.items() if image is not None}},
        emotions={emotion: to.change() for emotion, to in toml.emotions.items()},
        own_emotions={emotion: to.template(emotion) for emotion, to in toml.own_emotions.items()},
        start=toml.settings,
        default_emotion=toml.default_emotion,
        crop=toml.crop,
        keep_eyes_open=toml.keep_eyes_open,
        voice=toml.voice,
        licence=toml.licence,
        author=toml.author,
        student=files.get(STUDENT),
    )


def find_picture(name: str, files: Mapping[str, bytes]) -> str:
    """The file with the character's picture: `character.png`, `<name>.png`, or the only one that is no cel.

    Raises:
        InputError: none of them is there.
    """
    for file in (PICTURE, f"{name}.png"):
        if file in files:
            return file
    others = [file for file in files if file.endswith(".png") and not _CEL_FILE.fullmatch(file)]
    if len(others) == 1:
        return others[0]
    raise InputError(f"there is no image file of the character {name!r}; call its picture {PICTURE!r}")


def _named(file: str, data: bytes) -> CelImage | None:
    try:
        return read_cel(data)
    except TooLarge as error:
        raise TooLarge(f"{file}: {error}") from None
    except InputError as error:
        raise InputError(f"{file}: {error}") from None


def _read_toml(data: bytes) -> _Toml:
    try:
        return _Toml.model_validate(read_toml(data))
    except TooLarge as error:
        raise TooLarge(f"{TOML}: {error}") from None
    except InputError as error:
        raise InputError(f"{TOML}: {error}") from None
    except ValidationError as error:
        raise complaint(error, _Toml, f"{TOML}: ", toml=True) from None
