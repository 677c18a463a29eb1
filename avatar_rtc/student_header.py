"""What a student's file says of itself: its version, whose student it is, and the sizes of its networks.

```
 8 bytes: length of the header │ header, JSON: {"__metadata__": {…}, tensor: {…}, …} │ numbers
```

The format is https://github.com/huggingface/safetensors. An upload is checked by this without torch, and the
renderer reads it before it builds anything.
"""

import hashlib
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from avatar_rtc.errors import InputError, TooLarge
from avatar_rtc.intake.complaints import complaint
from avatar_rtc.stream.box import Box

FORMAT = "avatar-rtc-student-1"
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

_SIDE = 512
"""Of the picture, in px."""
_FRAME = Box(0, 0, _SIDE, _SIDE)
_MAX_SEED = 8 * 10**6
"""Numbers from which a decoder makes its seed."""


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


class StudentShape(BaseModel):
    """Sizes of one decoder, see `render.student_networks.Shape`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    inputs: int = Field(ge=1, le=128)
    rows: int = Field(ge=1, le=64)
    columns: int = Field(ge=1, le=64)
    channels: tuple[int, ...] = Field(min_length=1, max_length=6)
    outputs: int = Field(ge=3, le=7)
    hidden: int = Field(ge=1, le=1024)
    rank: int = Field(ge=1, le=1024)


class StudentHeader(BaseModel):
    """What the header must hold; it may hold more."""

    model_config = ConfigDict(frozen=True)
    format: str
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
        said = table["__metadata__"]
        if said.get("format") != FORMAT:
            raise InputError("this is no student that this version knows; distill it again")
        header = StudentHeader.model_validate(
            {name: json.loads(v) if name in ("boxes", "shapes", "about") else v for name, v in said.items()}
        )
        rest = table.get("rest", {})
        if (rest.get("dtype"), rest.get("shape")) != ("U8", list(REST_SHAPE)):
            raise ValueError("it has no neutral face")
        _check_sizes(header)
    except InputError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"this is no student, or a damaged one ({_why(error)}); distill it again") from None
    return header


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
    for name, maps in MAPS.items():
        box, shape = header.boxes[name].box, header.shapes[name]
        if not _FRAME.holds(box):
            raise ValueError(f"the box of {name} reaches beyond the picture")
        if not outer.holds(box):
            raise ValueError(f"the box of {name} lies outside the body's")
        scale = 2 ** len(shape.channels) * (2 if name == "body" else 1)  # the body works at half size
        if (shape.rows * scale, shape.columns * scale) != (box.height, box.width):
            raise ValueError(f"the sizes of {name} do not fit its box")
        if shape.inputs not in INPUTS[name] or shape.outputs != maps:
            raise ValueError(f"{name} gives other maps than this version reads")
        if any(not 1 <= c <= 512 for c in shape.channels):
            raise ValueError(f"the channels of {name} are out of range")
        if shape.rank * shape.channels[0] * shape.rows * shape.columns > _MAX_SEED:
            raise ValueError(f"{name} is too large")
