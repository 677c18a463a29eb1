"""The file of a student: one safetensors of its networks, which says what it is, of whom and from whom.

It holds float16 numbers only and is read without running anything; see `student_header.py` for its header.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor, nn

from avatar_rtc.errors import InputError
from avatar_rtc.render.student.networks import BodyDecoder, DecoderSizes, FaceDecoder
from avatar_rtc.render.student.parts import FACE_PARTS, FacePart
from avatar_rtc.stream.box import Box
from avatar_rtc.student_header import FORMAT, HEADER_BYTES, StudentHeader, check_made_for, read_header
from avatar_rtc.student_header import image_hash as image_hash
from avatar_rtc.version import __version__

TEACHER = "Talking Head Anime 3 (THA3) by Pramook Khungurn"
TEACHER_LICENCE = "CC BY 4.0; this student is derived from the teacher's weights"


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
    end = HEADER_BYTES + int.from_bytes(data[:HEADER_BYTES], "little")
    header = json.loads(data[HEADER_BYTES:end])
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors are aligned
    return len(text).to_bytes(HEADER_BYTES, "little") + text + data[end:]


def read_student(data: bytes) -> Student:
    """The student in a file's bytes.

    Raises:
        InputError: no student, a damaged one, or one of another version; nothing in it is ever run.
    """
    header = read_header(data)
    try:
        tensors = safetensors.torch.load(data)
    except (SafetensorError, ValueError, KeyError, RuntimeError) as error:
        raise InputError(f"the student is damaged: {error}; distill it again") from None
    networks = {name: _network(name, header, tensors) for name in (*FACE_PARTS, "body")}
    return Student(
        header.image_sha256,
        {part: header.boxes[part].box for part in FACE_PARTS},
        header.boxes["body"].box,
        tensors["rest"].numpy(),
        {part: networks[part] for part in FACE_PARTS},  # type: ignore[misc]  # FaceDecoders
        networks["body"],  # type: ignore[arg-type]  # the BodyDecoder
        header.about,
    )


def check_fits(student: Student, rgba: NDArray[np.uint8]) -> None:
    """Refuse a student that was made for another picture.

    Raises:
        InputError: it was.
    """
    check_made_for(student.image_hash, rgba)


def _network(name: str, header: StudentHeader, tensors: Mapping[str, Tensor]) -> nn.Module:
    shape = DecoderSizes(**header.shapes[name].model_dump())
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


def _shape(network: nn.Module) -> DecoderSizes:
    assert isinstance(network, BodyDecoder | FaceDecoder)
    return network.decoder.shape
