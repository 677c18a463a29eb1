"""A rig: a student in closed form, made in seconds of what the teacher has shown so far.

```
 probes, faces, lids, faces of bodies ─► change of colour in each box ─┐
 marked ─► opening of the lids in the same poses ──────────────────────┴► face kernels
 bodies ─► grid, at a quarter of the picture's size ────────────────────► body kernel
```
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d

from avatar_rtc.distill.boxes import body_box, face_boxes
from avatar_rtc.distill.kernels import (
    body_kernel,
    face_kernel,
    filled,
    fitted,
    predicted,
    strengths_of,
)
from avatar_rtc.distill.samples import give_back
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.pixels import from_bytes
from avatar_rtc.render.student.file import Student, image_hash
from avatar_rtc.render.student.kernel import BodyKernel, FaceKernel
from avatar_rtc.render.student.networks import body_features
from avatar_rtc.render.student.parts import FACE_PARTS, MORPHS_OF, FacePart
from avatar_rtc.render.tha3.boxes import FACE_BOX
from avatar_rtc.stream.box import Box

_MOST_COMPONENTS: dict[FacePart | Literal["body"], int] = {
    "eye_right": 128,
    "eye_left": 128,
    "mouth": 96,
    "body": 96,
}
_BASIS_BYTES: dict[FacePart | Literal["body"], int] = {
    "eye_right": 7 * 2**19,
    "eye_left": 7 * 2**19,
    "mouth": 2**21,
    "body": 3 * 2**20,
}
"""So much of a file each basis may take; with the coefficients of all poses that is less than 16 MiB."""
_MOST_POSES = 1500
"""More are thinned out: a rig's body is what limits it long before that."""
_LOGIT_SHARE = 1 / 16
"""How much a unit of the opening's logit counts beside one of colour, where both share a basis."""
_NEARLY = 1 / 64
"""Openings are kept so far from 0 and 1, where logits have no end."""


@dataclass(frozen=True, eq=False)
class TeacherRecords:
    """What the teacher has shown so far of a character."""

    probes: NDArray[np.void]
    """POSED_FACE: the neutral face, then every morph alone."""
    faces: Sequence[NDArray[np.void]]
    """Sets of POSED_FACE."""
    marked: NDArray[np.void]
    """MARKED_FACE."""
    bodies: NDArray[np.void]
    """POSED_BODY."""

    @property
    def pictures(self) -> int:
        """How many of the teacher's pictures that are."""
        return sum(map(len, (self.probes, *self.faces, self.marked, self.bodies)))


def fit_rig(rgba: NDArray[np.uint8], shown: TeacherRecords, device: str, about: Mapping[str, Any]) -> Student:
    """The rig of a character.

    Args:
        rgba: (512, 512, 4) sRGB, straight alpha.
        device: of torch, where all that has pixels is reckoned; each table comes from there in one copy.
    """
    boxes = face_boxes(shown.probes)
    outer = body_box(shown.bodies["frame"], boxes.values())
    give_back(shown.bodies)
    rest = np.array(shown.probes["face"][0])
    faces = {part: _face(part, boxes[part], shown, torch.device(device)) for part in FACE_PARTS}
    body = _body(outer, shown.bodies, torch.device(device))
    return Student(image_hash(rgba), boxes, outer, rest, faces, body, about)


def _face(part: FacePart, box: Box, shown: TeacherRecords, device: torch.device) -> FaceKernel:
    """The kernel of one part of the face."""
    rows, columns = box.within(FACE_BOX).slices
    morphs = MORPHS_OF[part]
    sets = [shown.probes, *shown.faces, shown.bodies]
    seen = np.concatenate([np.array(some["face"][:, :3, rows, columns]) for some in sets])
    kept = _spread_out(len(seen), len(shown.probes))
    seen, poses = seen[kept], _poses(np.concatenate([some["pose"] for some in sets])[kept][:, morphs])
    change = from_bytes(uploaded(seen, device))
    change -= change[0].clone()
    probes = slice(1, len(shown.probes))
    changes = change[probes].square().flatten(1).mean(1).sqrt().cpu().tolist()
    kernel = face_kernel(morphs, strengths_of(shown.probes["pose"][1:], changes, morphs))
    if part != "mouth":
        seen_eyes = from_bytes(uploaded(np.array(shown.marked["open"][:, rows, columns]), device))
        logits = seen_eyes.clamp(_NEARLY, 1 - _NEARLY).logit() * _LOGIT_SHARE
        opening = predicted(kernel, _poses(shown.marked["pose"][:, morphs]), logits, poses)
        change = torch.cat([change, opening[:, None]], dim=1)
    sizes, numbers = fitted(kernel, poses, poses, change, _components(part, change))
    if part != "mouth":
        for name in ("basis", "mean"):
            numbers[name].view(-1, *change.shape[1:])[:, 3] /= _LOGIT_SHARE
    network = FaceKernel(sizes)
    filled(network.maps, numbers)
    return network.eval()


def _body(box: Box, bodies: NDArray[np.void], device: torch.device) -> BodyKernel:
    """The kernel of the body."""
    rows, columns = box.halved.slices
    kept = _spread_out(len(bodies), 0)
    found = np.stack([bodies["grid"][each][..., rows, columns] for each in kept])
    poses = _poses(bodies["pose"][kept])
    give_back(bodies)
    grids = avg_pool2d(uploaded(found, device).float(), 2)
    sizes, numbers = fitted(body_kernel(), poses, body_features(poses), grids, _components("body", grids))
    network = BodyKernel(sizes)
    filled(network.maps, numbers)
    return network.eval()


def _components(part: FacePart | Literal["body"], maps: Tensor) -> int:
    """How many maps the basis of a part may have, of maps (N, outputs, rows, columns)."""
    return max(1, min(_MOST_COMPONENTS[part], _BASIS_BYTES[part] // (2 * maps[0].numel())))


def _spread_out(count: int, first: int) -> NDArray[np.intp]:
    """Which of so many poses are fitted: all of the first, and of the others as many as there is room for."""
    others = min(count, _MOST_POSES) - first
    return np.concatenate([np.arange(first), np.linspace(first, count - 1, others).round().astype(np.intp)])


def _poses(poses: NDArray[np.float32]) -> Tensor:
    """As float16 holds them, which is what a file keeps of them."""
    return torch.from_numpy(poses.astype(np.float16).astype(np.float32))
