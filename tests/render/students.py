"""A student nobody trained: random networks of small sizes, so that every path moves pixels."""

from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from avatar_rtc.render.student.file import Student, image_hash
from avatar_rtc.render.student.kernel import BodyKernel, FaceKernel, KernelSizes
from avatar_rtc.render.student.networks import BodyDecoder, DecoderSizes, FaceDecoder
from avatar_rtc.render.student.parts import FACE_PARTS, MORPHS_OF
from avatar_rtc.stream.box import Box
from avatar_rtc.student_header import BODY_INPUTS

BOXES = {
    "eye_right": Box(206, 100, 48, 48),
    "eye_left": Box(256, 100, 48, 48),
    "mouth": Box(232, 160, 48, 32),
}
BODY_BOX = Box(128, 32, 256, 448)


def a_picture() -> NDArray[np.uint8]:
    """(512, 512, 4): coloured noise in large blocks, inside the body box."""
    random = np.random.default_rng(3)
    rgba = np.zeros((512, 512, 4), np.uint8)
    blocks = random.integers(0, 255, (28, 16, 3), np.uint8).repeat(16, 0).repeat(16, 1)
    rgba[32:480, 128:384, :3] = blocks
    rgba[40:472, 136:376, 3] = 255
    rgba[rgba[..., 3] == 0] = 0
    return rgba


def a_student(rgba: NDArray[np.uint8], seed: int = 0) -> Student:
    """A student of the picture that moves everything by a few pixels."""
    torch.manual_seed(seed)
    faces: dict[Any, Any] = {}
    for part in FACE_PARTS:
        box = BOXES[part]
        outputs = 3 if part == "mouth" else 4
        shape = DecoderSizes(len(MORPHS_OF[part]), box.height // 8, box.width // 8, (8, 8, 4), outputs, 16, 8)
        faces[part] = _shaken(FaceDecoder(shape), 0.3)
    shape = DecoderSizes(BODY_INPUTS, BODY_BOX.height // 32, BODY_BOX.width // 32, (8, 8, 8, 4), 7, 16, 8)
    body = _shaken(BodyDecoder(shape), 0.1)
    with torch.no_grad():
        for bulk in (body.bulk.weight, body.bulk.bias):
            bulk.copy_((bulk * 0.02).half())
    rest = rgba[32:224, 160:352].transpose(2, 0, 1).copy()
    return Student(
        image_hash(rgba),
        {part: BOXES[part] for part in FACE_PARTS},
        BODY_BOX,
        rest,
        faces,
        body,
        {"figures": {}},
    )


def a_rig(rgba: NDArray[np.uint8], seed: int = 0, scale: Literal[1, 2] = 1) -> Student:
    """A student of the picture in closed form, of random numbers, that moves everything by a few pixels."""
    torch.manual_seed(seed)
    faces: dict[Any, Any] = {}
    for part in FACE_PARTS:
        box, morphs = BOXES[part], len(MORPHS_OF[part])
        size = (box.height * scale, box.width * scale, 3 if part == "mouth" else 4)
        faces[part] = _random(FaceKernel(KernelSizes(morphs, morphs, 3, 9, 5, *size)), 0.2)
    shape = KernelSizes(45, BODY_INPUTS, 2, 12, 6, BODY_BOX.height // 4, BODY_BOX.width // 4, 2)
    rest = rgba[32:224, 160:352].transpose(2, 0, 1).repeat(scale, 1).repeat(scale, 2)
    parts = {part: BOXES[part] for part in FACE_PARTS}
    body = _random(BodyKernel(shape), 0.05)
    return Student(image_hash(rgba), parts, BODY_BOX, rest, faces, body, {"figures": {}}, scale)


def _random(part: Any, size: float) -> Any:
    """The part with random numbers, rounded as its file will round them."""
    for name, numbers in part.named_buffers():
        random = torch.randn_like(numbers) * (1.0 if name.endswith(("scales", "knots")) else size)
        numbers.copy_(random.half())
    return part.eval()


def _shaken(network: Any, by: float) -> Any:
    """The network with every number moved, rounded as its file will round it."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) * by)
            parameter.copy_(parameter.half().float())
    return network.eval().requires_grad_(False)
