"""The file of a student: one safetensors of its networks, which says what it is, of whom and from whom.

It holds float16 numbers only and is read without running anything; see https://github.com/huggingface/safetensors.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from torch import Tensor, nn

from avatar_rtc import __version__
from avatar_rtc.errors import InputError
from avatar_rtc.render.animator import SIZE
from avatar_rtc.render.student_networks import BodyDecoder, FaceDecoder, Shape
from avatar_rtc.render.student_parts import FACE_PARTS, Box, FacePart

FORMAT = "avatar-rtc-student-1"
TEACHER = "Talking Head Anime 3 (THA3) by Pramook Khungurn"
TEACHER_LICENCE = "CC BY 4.0; this student is derived from the teacher's weights"
MAX_BYTES = 16 * 2**20
_MAX_NUMBERS = 8 * 10**6
_MAPS = {"eye_right": (28, 4), "eye_left": (28, 4), "mouth": (27, 3), "body": (27, 7)}
"""Inputs and maps of each decoder; the body's inputs are its six morphs and their products."""
_HEADER_BYTES = 8
"""Length of the JSON header, little-endian, as the format has it."""


@dataclass(frozen=True)
class Student:
    """The networks of one character, on the CPU, and where they work."""

    image_hash: str
    """Of the picture it was made for; see `image_hash`."""
    boxes: Mapping[FacePart, Box]
    body_box: Box
    rest: NDArray[np.uint8] = field(repr=False)
    """(4, 192, 192) sRGB, straight alpha: the neutral face, to which the face decoders add."""
    faces: Mapping[FacePart, FaceDecoder] = field(repr=False)
    body: BodyDecoder = field(repr=False)
    about: Mapping[str, Any] = field(default_factory=dict)
    """Figures of the report, and how it was made."""


class _BoxModel(BaseModel):
    model_config = ConfigDict(extra="forbid")
    x: int = Field(ge=0, lt=SIZE)
    y: int = Field(ge=0, lt=SIZE)
    width: int = Field(ge=8, le=SIZE)
    height: int = Field(ge=8, le=SIZE)

    def box(self) -> Box:
        box = Box(**self.model_dump())
        if box.x + box.width > SIZE or box.y + box.height > SIZE:
            raise ValueError("a box reaches beyond the picture")
        return box


class _ShapeModel(BaseModel):
    model_config = ConfigDict(extra="forbid")
    inputs: int = Field(ge=1, le=64)
    rows: int = Field(ge=1, le=64)
    columns: int = Field(ge=1, le=64)
    channels: tuple[int, ...] = Field(min_length=1, max_length=6)
    outputs: int = Field(ge=3, le=7)
    hidden: int = Field(ge=1, le=1024)
    rank: int = Field(ge=1, le=1024)

    def shape(self) -> Shape:
        return Shape(**self.model_dump())


class _Header(BaseModel):
    """What the header must hold; it may hold more."""

    format: str
    image_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    boxes: dict[str, _BoxModel]
    shapes: dict[str, _ShapeModel]
    about: dict[str, Any] = {}


def image_hash(rgba: NDArray[np.uint8]) -> str:
    """SHA-256 of the pixels (512, 512, 4) of a character; what cannot be seen does not count."""
    seen = np.where(rgba[..., 3:] > 0, rgba, 0).astype(np.uint8)
    return hashlib.sha256(seen.tobytes()).hexdigest()


def write_student(student: Student) -> bytes:
    """The bytes of the file."""
    networks = _networks(student)
    tensors: dict[str, Tensor] = {"rest": torch.from_numpy(student.rest.copy())}
    for name, network in networks.items():
        for key, tensor in network.state_dict().items():
            tensors[f"{name}.{key}"] = tensor.detach().cpu().half().contiguous()
    header = {
        "format": FORMAT,
        "made_with": f"avatar-rtc {__version__}",
        "teacher": TEACHER,
        "licence": TEACHER_LICENCE,
        "image_sha256": student.image_hash,
        "boxes": json.dumps({name: asdict(box) for name, box in _boxes(student).items()}),
        "shapes": json.dumps({name: asdict(_shape(network)) for name, network in networks.items()}),
        "about": json.dumps(student.about),
    }
    return _in_order(safetensors.torch.save(tensors, header))


def _in_order(data: bytes) -> bytes:
    """The same file, the keys of its header sorted: the library leaves their order to chance."""
    end = _HEADER_BYTES + int.from_bytes(data[:_HEADER_BYTES], "little")
    header = json.loads(data[_HEADER_BYTES:end])
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors are aligned
    return len(text).to_bytes(_HEADER_BYTES, "little") + text + data[end:]


def read_student(data: bytes) -> Student:
    """The student in a file's bytes.

    Raises:
        InputError: no student, a damaged one, or one of a later version; nothing in it is ever run.
    """
    header = read_header(data)
    try:
        tensors = safetensors.torch.load(data)
    except (SafetensorError, ValueError, RuntimeError) as error:
        raise InputError(f"the student is damaged: {error}; distill it again") from None
    networks = {name: _network(name, header, tensors) for name in (*FACE_PARTS, "body")}
    rest = tensors.get("rest")
    if rest is None or rest.shape != (4, 192, 192) or rest.dtype != torch.uint8:
        raise InputError("the student is damaged: it has no neutral face; distill it again")
    return Student(
        header.image_sha256,
        {part: header.boxes[part].box() for part in FACE_PARTS},
        header.boxes["body"].box(),
        rest.numpy(),
        {part: networks[part] for part in FACE_PARTS},  # type: ignore[misc]  # FaceDecoders
        networks["body"],  # type: ignore[arg-type]  # the BodyDecoder
        header.about,
    )


def read_header(data: bytes) -> _Header:
    """What the file says of itself, checked.

    Raises:
        InputError: as `read_student`.
    """
    if len(data) > MAX_BYTES:
        raise InputError(
            f"the student has {len(data) / 2**20:.1f} MiB; at most {MAX_BYTES // 2**20} are taken"
        )
    length = int.from_bytes(data[:_HEADER_BYTES], "little")
    try:
        if length > len(data) - _HEADER_BYTES:
            raise ValueError("it is cut short")
        said = json.loads(data[_HEADER_BYTES : _HEADER_BYTES + length])["__metadata__"]
        if said.get("format") != FORMAT:
            raise InputError("this is no student that this version knows; distill it again")
        header = _Header.model_validate(
            {name: json.loads(v) if name in ("boxes", "shapes", "about") else v for name, v in said.items()}
        )
        missing = {*FACE_PARTS, "body"} - (header.boxes.keys() & header.shapes.keys())
        if missing:
            raise ValueError(f"it lacks {', '.join(sorted(missing))}")
        _check_sizes(header)
    except InputError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ValidationError) as error:
        raise InputError(f"this is no student, or a damaged one ({str(error).splitlines()[0]})") from None
    return header


def check_fits(student: Student, rgba: NDArray[np.uint8]) -> None:
    """Refuse a student that was made for another picture.

    Raises:
        InputError: it was.
    """
    if student.image_hash != image_hash(rgba):
        raise InputError(
            "the student was distilled from another picture than this one; run `avatar-rtc distill` again"
        )


def _check_sizes(header: _Header) -> None:
    """Declared sizes fit the boxes, so that nothing huge is ever built from a few bytes."""
    for name, shape in ((name, model.shape()) for name, model in header.shapes.items()):
        box = header.boxes[name].box()
        scale = 2 if name == "body" else 1
        if (shape.size[0] * scale, shape.size[1] * scale) != (box.height, box.width):
            raise ValueError(f"the sizes of {name} do not fit its box")
        if (shape.inputs, shape.outputs) != _MAPS[name]:
            raise ValueError(f"{name} gives other maps than this version reads")
        if any(not 1 <= c <= 512 for c in shape.channels):
            raise ValueError(f"the channels of {name} are out of range")
        seed = shape.rank * shape.channels[0] * shape.rows * shape.columns
        if seed > _MAX_NUMBERS:
            raise ValueError(f"{name} is too large")
    faces = [header.boxes[part].box() for part in FACE_PARTS]
    outer = header.boxes["body"].box()
    if not all(outer.holds(box) for box in faces):
        raise ValueError("a box of the face lies outside the body's")


def _network(name: str, header: _Header, tensors: Mapping[str, Tensor]) -> nn.Module:
    shape = header.shapes[name].shape()
    own = {
        key.removeprefix(f"{name}."): t.float() for key, t in tensors.items() if key.startswith(f"{name}.")
    }
    if not all(bool(tensor.isfinite().all()) for tensor in own.values()):
        raise InputError("the student is damaged: it holds numbers that are none; distill it again")
    try:
        network = BodyDecoder(shape) if name == "body" else FaceDecoder(shape)
        network.load_state_dict(own)
    except RuntimeError as error:
        raise InputError(f"the student is damaged: {str(error).splitlines()[-1].strip()}") from None
    return network.eval().requires_grad_(False)


def _networks(student: Student) -> dict[str, nn.Module]:
    return {**{str(part): network for part, network in student.faces.items()}, "body": student.body}


def _boxes(student: Student) -> dict[str, Box]:
    return {**{str(part): box for part, box in student.boxes.items()}, "body": student.body_box}


def _shape(network: nn.Module) -> Shape:
    assert isinstance(network, BodyDecoder | FaceDecoder)
    return network.decoder.shape
