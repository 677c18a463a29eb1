"""What a student's file says of itself: its version, whose student it is, and the sizes of its networks.

```
 8 bytes: length of the header │ header, JSON: {"__metadata__": {…}, tensor: {…}, …} │ numbers
```

A part is a decoder, whose layers were trained, or a kernel, which was solved for at once; parts of both kinds
may stand in one file. Files of the first version hold decoders for the 512 px picture.

The format is https://github.com/huggingface/safetensors. An upload is checked by this without torch, and the
renderer reads it before it builds anything.
"""

import hashlib
import json
import re
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from avatar_rtc.errors import InputError, TooLarge
from avatar_rtc.intake.complaints import complaint
from avatar_rtc.stream.box import Box

FORMAT = "avatar-rtc-student-2"
FORMER_FORMAT = "avatar-rtc-student-1"
"""Read as ever: decoders only, at the size of the 512 px picture."""
_ANY_FORMAT = re.compile(r"avatar-rtc-student-\d{1,9}")
PartKind = Literal["decoder", "kernel"]
"""How a part of a student gives its maps."""
MAX_STUDENT_BYTES = 16 * 2**20
HEADER_BYTES = 8
"""In which the length of the header stands, little-endian."""
REST_SHAPE = (4, 192, 192)
"""Of the tensor `rest`, the neutral face in bytes: RGBA in sRGB, straight alpha."""
BODY_INPUTS = 66
"""Six morphs of the body, their 21 products, and 39 morphs of the face."""
ROTATION_INPUTS = 27
"""Of a body that does not know the face: the morphs of the body and their products alone."""
MAPS = {"eye_right": 4, "eye_left": 4, "mouth": 3, "body": 7}
"""Maps of each decoder."""
INPUTS = {"eye_right": {28}, "eye_left": {28}, "mouth": {27}, "body": {ROTATION_INPUTS, BODY_INPUTS}}
"""How many inputs each may have."""
KERNELS = {"eye_right": (28, 28, 4), "eye_left": (28, 28, 4), "mouth": (27, 27, 3), "body": (45, 66, 2)}
"""Morphs, features and maps of each kernel."""

_SIDE = 512
"""Of the picture, in px."""
_FRAME = Box(0, 0, _SIDE, _SIDE)
_MAX_SEED = 8 * 10**6
"""Numbers from which a decoder makes its seed."""
_MAX_TABLE = MAX_STUDENT_BYTES // 2
"""Numbers of one table of a kernel: of two bytes each, more than that is in no file."""


class StudentBox(BaseModel):
    """A part of the 512 px picture, as it stands in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    x: int = Field(ge=0, lt=_SIDE)
    y: int = Field(ge=0, lt=_SIDE)
    width: int = Field(ge=8, le=_SIDE)
    height: int = Field(ge=8, le=_SIDE)

    @property
    def box(self) -> Box:
        """The same as everybody else has it."""
        return Box(self.x, self.y, self.width, self.height)


class DecoderShape(BaseModel):
    """Sizes of one decoder, see `DecoderSizes` of `render.student.networks`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["decoder"]
    inputs: int = Field(ge=1, le=128)
    rows: int = Field(ge=1, le=64)
    columns: int = Field(ge=1, le=64)
    channels: tuple[int, ...] = Field(min_length=1, max_length=6)
    outputs: int = Field(ge=3, le=7)
    hidden: int = Field(ge=1, le=1024)
    rank: int = Field(ge=1, le=1024)


class KernelShape(BaseModel):
    """Sizes of one part in closed form, see `KernelSizes` of `render.student.kernel`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["kernel"]
    inputs: int = Field(ge=1, le=128)
    features: int = Field(ge=1, le=128)
    groups: int = Field(ge=1, le=16)
    knots: int = Field(ge=1, le=8192)
    components: int = Field(ge=1, le=512)
    rows: int = Field(ge=1, le=2 * _SIDE)
    columns: int = Field(ge=1, le=2 * _SIDE)
    outputs: int = Field(ge=2, le=7)


StudentShape = Annotated[DecoderShape | KernelShape, Field(discriminator="kind")]


class StudentHeader(BaseModel):
    """What the header must hold; it may hold more."""

    model_config = ConfigDict(frozen=True)
    format: str
    scale: Literal[1, 2] = 1
    """How many px of the face parts' maps make one of the 512 px picture."""
    image_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    boxes: dict[str, StudentBox]
    shapes: dict[str, StudentShape]
    about: dict[str, Any] = {}


def image_hash(rgba: NDArray[np.uint8]) -> str:
    """SHA-256 of the pixels (512, 512, 4) of a character; what cannot be seen does not count."""
    seen = np.where(rgba[..., 3:] > 0, rgba, 0).astype(np.uint8)
    return hashlib.sha256(seen.tobytes()).hexdigest()


def check_made_for(made_for: str, rgba: NDArray[np.uint8]) -> None:
    """Refuse a student that was made for another picture.

    Args:
        made_for: the `image_hash` in the student's header.
        rgba: (512, 512, 4): the character.

    Raises:
        InputError: it was.
    """
    if made_for != image_hash(rgba):
        raise InputError(
            "the student was distilled from another picture than this one; run `avatar-rtc distill` again"
        )


def read_header(data: bytes) -> StudentHeader:
    """What the file says of itself; all declared sizes fit each other and what this version reads.

    Raises:
        TooLarge: more than 16 MiB.
        InputError: no student, a damaged one, or one of another version.
    """
    if len(data) > MAX_STUDENT_BYTES:
        raise TooLarge(
            f"the student has {len(data) / 2**20:.1f} MiB; at most {MAX_STUDENT_BYTES // 2**20} MiB are taken"
        )
    try:
        table = _table(data)
        header = StudentHeader.model_validate(_said(table["__metadata__"]))
        rest = table.get("rest", {})
        side = [REST_SHAPE[0], *(size * header.scale for size in REST_SHAPE[1:])]
        if (rest.get("dtype"), rest.get("shape")) != ("U8", side):
            raise ValueError("it has no neutral face")
        _check_sizes(header)
    except InputError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"this is no student, or a damaged one ({_why(error)}); distill it again") from None
    return header


def _said(metadata: dict[str, Any]) -> dict[str, Any]:
    """The fields of the header as values, those of the first version as this one has them.

    Raises:
        InputError: of no version that this one reads.
    """
    version = metadata.get("format")
    if version not in (FORMAT, FORMER_FORMAT):
        if isinstance(version, str) and _ANY_FORMAT.fullmatch(version):
            raise InputError(
                f"this student is of a version ({version}) newer than this version reads ({FORMAT}); update "
                "avatar-rtc, or distill it again"
            )
        raise InputError("this is no student that this version knows; distill it again")
    said = {name: json.loads(v) if name in _IN_JSON else v for name, v in metadata.items()}
    if version == FORMER_FORMAT:
        said["scale"] = 1
        said["shapes"] = {name: {**shape, "kind": "decoder"} for name, shape in said["shapes"].items()}
    return said


_IN_JSON = ("scale", "boxes", "shapes", "about")


def _why(error: Exception) -> Exception:
    return complaint(error, StudentHeader) if isinstance(error, ValidationError) else error


def _table(data: bytes) -> dict[str, Any]:
    """The header as it stands in the file."""
    end = HEADER_BYTES + int.from_bytes(data[:HEADER_BYTES], "little")
    if end > len(data):
        raise ValueError("it is cut short")
    table = json.loads(data[HEADER_BYTES:end])
    if not isinstance(table, dict):
        raise ValueError("its header is no table")
    return table


def _check_sizes(header: StudentHeader) -> None:
    """Declared sizes fit the boxes, so that nothing huge is ever built from a few bytes."""
    if missing := MAPS.keys() - (header.boxes.keys() & header.shapes.keys()):
        raise ValueError(f"it lacks {', '.join(sorted(missing))}")
    outer = header.boxes["body"].box
    for name in MAPS:
        box, shape = header.boxes[name].box, header.shapes[name]
        if not _FRAME.holds(box):
            raise ValueError(f"the box of {name} reaches beyond the picture")
        if not outer.holds(box):
            raise ValueError(f"the box of {name} lies outside the body's")
        if isinstance(shape, KernelShape):
            _check_kernel(name, shape, box, header.scale)
        else:
            _check_decoder(name, shape, box, header.scale)


def _check_decoder(name: str, shape: DecoderShape, box: Box, scale: int) -> None:
    doubled = 2 ** len(shape.channels)
    # The body works at half size, whatever the scale of the face.
    high, wide = (2 * shape.rows, 2 * shape.columns) if name == "body" else (shape.rows, shape.columns)
    by = 1 if name == "body" else scale
    if (high * doubled, wide * doubled) != (by * box.height, by * box.width):
        raise ValueError(f"the sizes of {name} do not fit its box")
    if shape.inputs not in INPUTS[name] or shape.outputs != MAPS[name]:
        raise ValueError(f"{name} gives other maps than this version reads")
    if any(not 1 <= c <= 512 for c in shape.channels):
        raise ValueError(f"the channels of {name} are out of range")
    if shape.rank * shape.channels[0] * shape.rows * shape.columns > _MAX_SEED:
        raise ValueError(f"{name} is too large")


def _check_kernel(name: str, shape: KernelShape, box: Box, scale: int) -> None:
    # The whole grid of the body is given at a quarter of the picture's size.
    over = 4 if name == "body" else 1
    by = 1 if name == "body" else scale
    if (shape.rows * over, shape.columns * over) != (by * box.height, by * box.width):
        raise ValueError(f"the sizes of {name} do not fit its box")
    if (shape.inputs, shape.features, shape.outputs) != KERNELS[name]:
        raise ValueError(f"{name} gives other maps than this version reads")
    if max(shape.knots, shape.rows * shape.columns * shape.outputs) * shape.components > _MAX_TABLE:
        raise ValueError(f"{name} is too large")
