"""A character: its picture, its cels, and what `character.toml` says of it.

mina/
  character.png        or mina.png: the picture
  mina_blush1.png      a cel; what stands before its name is free
  fx_heart1.png        its own effect, in the place of the common one
  character.toml       may be missing, as every key in it may
  saved.json           what was saved since, over what the toml says
  student.safetensors  a network that animates this picture on a CPU, made by `avatar-rtc distill`
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    field_validator,
    model_validator,
)

from avatar_rtc.characters.decoding import DecodedPicture
from avatar_rtc.characters.framing import SIZE, Frame, reduced
from avatar_rtc.characters.head import find_head
from avatar_rtc.characters.image import prepare_character, read_cel, read_prepared
from avatar_rtc.characters.parts import SAVED, STUDENT, TOML, cels_in, find_picture, unused
from avatar_rtc.characters.toml import read_toml
from avatar_rtc.control.changes import after_all
from avatar_rtc.control.envelope import json_object
from avatar_rtc.control.former_settings import translated
from avatar_rtc.control.messages import SettingsSet, control_from
from avatar_rtc.control.state import AvatarState
from avatar_rtc.errors import InputError, TooLarge, UnknownName
from avatar_rtc.face.cels import CelImage
from avatar_rtc.face.emotions import (
    EMOTIONS,
    MAX_OWN_EMOTIONS,
    ZERO,
    ByEmotion,
    EmotionChange,
    EmotionId,
    EmotionTemplate,
    Template,
    by_id,
)
from avatar_rtc.face.gestures import MAX_OWN_GESTURES, GestureFile, GestureTemplate, by_gesture_id
from avatar_rtc.intake.complaints import complaint, refusing
from avatar_rtc.stream.crop import FULL_FRAME, Crop
from avatar_rtc.stream.framing import BUST, Framing, FramingName, Headroom, Views
from avatar_rtc.student_header import check_made_for, read_header

MAX_SAVED_BYTES = 1024 * 1024
"""28 emotions that name every morph and cel, with all digits, have 100 KB."""
MAX_CEL_BYTES = 128 * 2**20
"""Of the pixels that all cels of a character show: as much as 128 of 512 px, or 8 of 2048."""


@dataclass(frozen=True, eq=False)
class Character:
    """Everything of a character that is read from files."""

    name: str
    rgba: NDArray[np.uint8] = field(repr=False)
    """(512, 512, 4) sRGB, straight alpha: what THA3 sees, the reduction of `original`."""
    display_name: str = ""
    cels: Mapping[str, CelImage] = field(default_factory=dict, repr=False)
    """Cels on the character and effects around it, its own before the common ones."""
    emotions: Mapping[str, EmotionChange] = field(default_factory=dict)
    own_emotions: Mapping[str, EmotionTemplate] = field(default_factory=dict)
    """Those that only this character has."""
    gestures: Mapping[str, GestureTemplate] = field(default_factory=dict)
    """Those that it makes in its own way, or that only it makes."""
    start: AvatarState = field(default_factory=AvatarState)
    """How its avatars move and are shown, until they are told otherwise."""
    default_emotion: str = "neutral"
    views: Views = BUST
    """What is shown of it: its author's wish, and where its head is."""
    keep_eyes_open: float = 0.0
    """How far its lids stay open at least, 0..1; for eyes that look empty when they are closed."""
    voice: str = ""
    """Name of a voice for speech; empty is the default one."""
    licence: str = ""
    author: str = ""
    student: bytes | None = field(default=None, repr=False)
    """The file of its student, as it is; None if it has none."""
    done: tuple[str, ...] = ()
    """What was done to its picture, and what there is to say of it; sentences without a full stop."""
    unused: tuple[str, ...] = ()
    """Names of files that came with it, and are of no use to it."""
    large: NDArray[np.uint8] | None = field(default=None, repr=False)
    """(N, N, 4), N in 513..2048: the picture as it is kept, if that is larger than 512 px."""

    @property
    def original(self) -> NDArray[np.uint8]:
        """The picture as it is kept, (N, N, 4), N in 512..2048; pixels of alpha 0 are all zero."""
        return self.rgba if self.large is None else self.large


_Text = Annotated[str, Field(max_length=200)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)


def _start(settings: object) -> AvatarState:
    if isinstance(settings, AvatarState):
        return settings
    message = control_from({"type": "settings.set", "settings": settings})
    assert isinstance(message, SettingsSet)
    return after_all(AvatarState(), translated(message, AvatarState()), t=0.0)


def _each_once(gestures: dict[str, GestureFile]) -> dict[str, GestureFile]:
    by_gesture_id(gestures)
    return gestures


_Start = Annotated[AvatarState, PlainValidator(refusing(_start))]


class _Toml(_Section):
    """What `character.toml` may hold."""

    display_name: _Text = ""
    licence: _Text = ""
    author: _Text = ""
    voice: _Text = ""
    default_emotion: EmotionId = "neutral"
    crop: Crop = FULL_FRAME
    framing: FramingName = "bust"
    headroom: Headroom | None = None
    keep_eyes_open: float = Field(0.0, ge=0.0, le=1.0)
    emotions: ByEmotion[Template] = {}
    own_emotions: dict[str, Template] = Field({}, max_length=MAX_OWN_EMOTIONS)
    gestures: Annotated[dict[str, GestureFile], AfterValidator(refusing(_each_once))] = Field(
        {}, max_length=MAX_OWN_GESTURES
    )
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
        known = (*EMOTIONS, ZERO.name, *by_id(self.own_emotions))
        if self.default_emotion not in known:
            raise ValueError(f"default_emotion: {UnknownName('emotion', self.default_emotion, known)}")
        return self


def build_character(
    name: str, files: Mapping[str, bytes], fx: Mapping[str, CelImage], prepared: bool = False
) -> Character:
    """The character in a folder's files.

    Args:
        files: file name → content; others than pictures and `character.toml` are passed over.
        fx: the common effects.
        prepared: its pictures are as they were kept once; no head is looked for.

    Raises:
        InputError: no picture, two for one cel, or a fault in the toml; names the file and the key.
        UnsuitableImage, TooLarge: a picture will not do; names the file.
    """
    toml = _about(files)
    picture = find_picture(name, files)
    found = _pixels(files[picture], files.get(STUDENT), prepared)
    rgba = reduced(found.rgba)
    return Character(
        name=name,
        rgba=rgba,
        large=found.rgba if found.rgba.shape[0] > SIZE else None,
        done=found.done,
        unused=tuple(unused(files, picture)),
        display_name=toml.display_name or name,
        cels={**fx, **_cels(files, cels_in(files, picture), found.frame)},
        emotions={emotion: to.change() for emotion, to in toml.emotions.items()},
        own_emotions={own.name: own for own in (to.template(name) for name, to in toml.own_emotions.items())},
        gestures={each.name: each for each in (to.template(name) for name, to in toml.gestures.items())},
        start=toml.settings,
        default_emotion=toml.default_emotion,
        views=_views(toml, rgba),
        keep_eyes_open=toml.keep_eyes_open,
        voice=toml.voice,
        licence=toml.licence,
        author=toml.author,
        student=files.get(STUDENT),
    )


def _views(toml: _Toml, rgba: NDArray[np.uint8]) -> Views:
    # All of the picture is what a template says that nobody has thought about; "whole" is a wish.
    crop = None if toml.crop == FULL_FRAME else toml.crop
    return Views(crop, Framing(toml.framing, toml.headroom), find_head(rgba))


def _cels(files: Mapping[str, bytes], named: Mapping[str, str], frame: Frame) -> dict[str, CelImage]:
    """Those that show anything; `named` tells the file of each."""
    cels, held = dict[str, CelImage](), 0
    for cel, file in named.items():
        if (image := _cel(file, files[file], frame)) is None:
            continue
        cels[cel], held = image, held + image.rgba.nbytes
        if held > MAX_CEL_BYTES:
            raise TooLarge(
                f"the cels show more than {MAX_CEL_BYTES // 2**20} MiB of pixels; clear what need not show, "
                f"or draw them at {SIZE}x{SIZE} px"
            )
    return cels


def _cel(file: str, data: bytes, frame: Frame) -> CelImage | None:
    try:
        return read_cel(data, frame)
    except TooLarge as error:
        raise TooLarge(f"{file}: {error}") from None
    except InputError as error:
        raise InputError(f"{file}: {error}") from None


def _pixels(data: bytes, student: bytes | None, prepared: bool) -> DecodedPicture:
    """The picture; one that has a student stays as the student knows it."""
    if student is not None and not prepared:
        plain = read_prepared(data)
        try:
            check_made_for(read_header(student).image_sha256, reduced(plain.rgba))
            return plain
        except InputError:
            pass
    return read_prepared(data) if prepared else prepare_character(data)


def _about(files: Mapping[str, bytes]) -> _Toml:
    """What `character.toml` says, and over it what was saved later."""
    about, values = _Toml(), dict[str, object]()
    for file, read in ((TOML, read_toml), (SAVED, _read_saved)):
        if file in files:
            try:
                values |= read(files[file])
                about = _Toml.model_validate(values)
            except ValidationError as error:
                raise complaint(error, _Toml, f"{file}: ", toml=file == TOML) from None
            except InputError as error:
                raise error.after(f"{file}: ") from None
    return about


def _read_saved(data: bytes) -> dict[str, Any]:
    return json_object(data, MAX_SAVED_BYTES)


def check_saved(values: Mapping[str, object]) -> None:
    """Refuse what `saved.json` cannot hold.

    Raises:
        InputError: names the key.
    """
    try:
        _Toml.model_validate(values)
    except ValidationError as error:
        raise complaint(error, _Toml) from None
