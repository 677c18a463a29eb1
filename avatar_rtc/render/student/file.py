"""The file of a student: one safetensors of its networks, which says what it is, of whom and from whom.

Its numbers are float16, but float32 where a kernel adds up large ones that nearly cancel. It is read without
running anything; see `student_header.py` for its header.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor, nn

from avatar_rtc.errors import InputError
from avatar_rtc.render.student.kernel import BodyKernel, FaceKernel, KernelSizes
from avatar_rtc.render.student.networks import BodyDecoder, DecoderSizes, FaceDecoder
from avatar_rtc.render.student.parts import FACE_PARTS, FacePart
from avatar_rtc.stream.box import Box
from avatar_rtc.student_header import (
    FORMAT,
    HEADER_BYTES,
    KernelShape,
    PartKind,
    StudentHeader,
    check_made_for,
    read_header,
)
from avatar_rtc.student_header import image_hash as image_hash
from avatar_rtc.version import __version__

TEACHER = "Talking Head Anime 3 (THA3) by Pramook Khungurn"
TEACHER_LICENCE = "CC BY 4.0; this student is derived from the teacher's weights"
FaceModule = FaceDecoder | FaceKernel
"""Morphs (B, N) → maps (B, M, H, W) at the student's scale: what to add to `rest`, and for eyes the opening's
logit."""
BodyModule = BodyDecoder | BodyKernel
"""By `raw`: poses (B, 45) → the bulk of the grid (B, 2, h, w), and maps (B, 7, H, W) at half the size of the
box."""


@dataclass(frozen=True)
class Student:
    """The networks of one character, on the CPU, and where they work."""

    image_hash: str
    """Of the picture it was made for; see `image_hash`."""
    boxes: Mapping[FacePart, Box]
    body_box: Box
    rest: NDArray[np.uint8] = field(repr=False)
    """(4, 192 s, 192 s), s the scale; sRGB, straight alpha: the neutral face, to which the face parts add."""
    faces: Mapping[FacePart, FaceModule] = field(repr=False)
    body: BodyModule = field(repr=False)
    about: Mapping[str, Any] = field(default_factory=dict)
    """Figures of the report, and how it was made."""
    scale: Literal[1, 2] = 1
    """How many px of the face parts' maps make one of the picture's 512; boxes are told in the latter."""

    @property
    def kinds(self) -> dict[str, PartKind]:
        """How each part gives its maps: by a decoder that was trained, or by a kernel."""
        parts = _networks(self).items()
        return {name: "kernel" if isinstance(part, _KERNELS) else "decoder" for name, part in parts}


def write_student(student: Student) -> bytes:
    """The bytes of the file."""
    networks = _networks(student)
    tensors: dict[str, Tensor] = {"rest": torch.from_numpy(student.rest.copy())}
    for name, network in networks.items():
        for key, tensor in network.state_dict().items():
            kept = torch.float32 if key in _EXACT else torch.float16
            tensors[f"{name}.{key}"] = tensor.detach().cpu().to(kept).contiguous()
    header = {
        "format": FORMAT,
        "made_with": f"avatar-rtc {__version__}",
        "teacher": TEACHER,
        "licence": TEACHER_LICENCE,
        "image_sha256": student.image_hash,
        "boxes": json.dumps({name: asdict(box) for name, box in _boxes(student).items()}),
        "shapes": json.dumps(
            {name: {"kind": student.kinds[name], **asdict(_shape(part))} for name, part in networks.items()}
        ),
        "scale": json.dumps(student.scale),
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
    networks: dict[str, Any] = {name: _network(name, header, tensors) for name in (*FACE_PARTS, "body")}
    return Student(
        header.image_sha256,
        {part: header.boxes[part].box for part in FACE_PARTS},
        header.boxes["body"].box,
        tensors["rest"].numpy(),
        {part: networks[part] for part in FACE_PARTS},
        networks["body"],
        header.about,
        header.scale,
    )


def check_fits(student: Student, rgba: NDArray[np.uint8]) -> None:
    """Refuse a student that was made for another picture.

    Raises:
        InputError: it was.
    """
    check_made_for(student.image_hash, rgba)


def _network(name: str, header: StudentHeader, tensors: Mapping[str, Tensor]) -> nn.Module:
    own = {
        key.removeprefix(f"{name}."): t.float() for key, t in tensors.items() if key.startswith(f"{name}.")
    }
    if not all(bool(tensor.isfinite().all()) for tensor in own.values()):
        raise InputError("the student is damaged: it holds numbers that are none; distill it again")
    try:
        network = _built(name, header)
        network.load_state_dict(own)
    except RuntimeError as error:
        raise InputError(f"the student is damaged: {str(error).splitlines()[-1].strip()}") from None
    return network.eval().requires_grad_(False)


def _built(name: str, header: StudentHeader) -> nn.Module:
    """The part as its shape says, with no numbers yet."""
    declared = header.shapes[name]
    numbers = declared.model_dump(exclude={"kind"})
    if isinstance(declared, KernelShape):
        kernel = KernelSizes(**numbers)
        return BodyKernel(kernel) if name == "body" else FaceKernel(kernel)
    decoder = DecoderSizes(**numbers)
    return BodyDecoder(decoder) if name == "body" else FaceDecoder(decoder)


_KERNELS = (BodyKernel, FaceKernel)
_EXACT = ("maps.coefficients", "maps.slopes")
"""What is kept in float32."""


def _networks(student: Student) -> dict[str, FaceModule | BodyModule]:
    return {**{str(part): network for part, network in student.faces.items()}, "body": student.body}


def _boxes(student: Student) -> dict[str, Box]:
    return {**{str(part): box for part, box in student.boxes.items()}, "body": student.body_box}


def _shape(part: FaceModule | BodyModule) -> DecoderSizes | KernelSizes:
    return part.shape if isinstance(part, _KERNELS) else part.decoder.shape
