"""The three parts of a pose as pure functions: tensors in, tensors out, nothing kept.

```
 move_brows   brows, background, pose ─► head
 move_face    face, head, pose        ─► face, the same at half the side
 move_body    picture, half, pose     ─► finished picture, grid, maps
```
Each can be run as it is or be captured as a graph. Pictures are linear RGB + straight alpha in [-1, 1] unless
said otherwise; a batch is the first dimension of all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from avatar_rtc.face.pose import EYEBROW, FACE, ROTATION
from avatar_rtc.render.device.fusing import fused
from avatar_rtc.render.tha3.boxes import HEAD_IN_FACE
from avatar_rtc.render.tha3.networks import Maps, PartName, combine, edit, morph, warp

Networks = Mapping[PartName, Maps]
MovedPart = Literal["brows", "face", "body"]
MOVED_PARTS: tuple[MovedPart, ...] = get_args(MovedPart)
"""In the order in which they build on each other."""
MOVED_BY: Mapping[MovedPart, slice] = {"brows": EYEBROW, "face": FACE, "body": ROTATION}
"""The morphs of the whole pose that move each."""
_SHAPES: Mapping[MovedPart, Sequence[tuple[int, ...]]] = {
    "brows": ((4, 128, 128), (4, 128, 128), (12,)),
    "face": ((4, 192, 192), (4, 128, 128), (27,)),
    "body": ((4, 512, 512), (4, 256, 256), (6,)),
}
"""Of what each is given, without the batch."""


@dataclass(frozen=True)
class Parts:
    """The parts on given networks."""

    networks: Networks
    memory_format: torch.memory_format = torch.contiguous_format
    """In which a network gets its pictures: on a card the one its weights have."""

    def move(self, part: MovedPart, *inputs: Tensor) -> Sequence[Tensor]:
        """The work of one part; its pose comes last."""
        works = {"brows": self.move_brows, "face": self.move_face, "body": self.move_body}
        return works[part](*inputs)

    def move_brows(self, brows: Tensor, background: Tensor, pose: Tensor) -> Sequence[Tensor]:
        """Two (B, 4, 128, 128) and (B, 12) → the head (B, 4, 128, 128) with its eyebrows moved."""
        maps = self._maps("eyebrow_morphing_combiner", torch.cat([background, brows], dim=1), pose)
        return [moved_brows(maps, brows, background)]

    def move_face(self, face: Tensor, head: Tensor, pose: Tensor) -> Sequence[Tensor]:
        """(B, 4, 192, 192), (B, 4, 128, 128) and (B, 27) → the face with this head, its morphs moved.

        Also (B, 4, 96, 96), the same at half the side.
        """
        face = with_head(face, head)
        return moved_face(self._maps("face_morpher", face, pose), face)

    def move_body(self, picture: Tensor, half: Tensor, pose: Tensor) -> Sequence[Tensor]:
        """(B, 4, 512, 512), (B, 4, 256, 256) and (B, 6) → the picture turned.

        First the finished picture (B, 4, 512, 512), float32 in [0, 1]; then (B, 2, 512, 512), the rotator's
        share of the warp, and (B, 10, 512, 512), the maps that the editor gave.
        """
        grid = self._maps("two_algo_face_body_rotator", half, pose)
        drafted = draft(picture, half, grid)
        maps = self._maps("editor", drafted, pose)
        turned = drafted[:, -2:]
        return [moved_body(maps, turned, picture), turned, maps]

    def examples(
        self, device: torch.device, dtype: torch.dtype, batch: int = 1
    ) -> Mapping[MovedPart, Callable[[], Sequence[Tensor]]]:
        """Each part as a call on zeros that lie on the device already: to be counted and measured."""

        def example(part: MovedPart) -> Callable[[], Sequence[Tensor]]:
            given = [torch.zeros(batch, *shape, device=device, dtype=dtype) for shape in _SHAPES[part]]
            return torch.inference_mode()(lambda: self.move(part, *given))

        return {part: example(part) for part in MOVED_PARTS}

    def _maps(self, name: PartName, pictures: Tensor, pose: Tensor) -> Tensor:
        return self.networks[name](pictures.contiguous(memory_format=self.memory_format), pose)


@fused(kernels=2)
def moved_brows(maps: Tensor, brows: Tensor, background: Tensor) -> Tensor:
    """See `combine`."""
    return combine(maps, brows, background)


@fused()
def with_head(face: Tensor, head: Tensor) -> Tensor:
    """A copy of the faces (B, 4, 192, 192), the heads (B, 4, 128, 128) laid into them."""
    face = face.clone()
    face[:, :, *HEAD_IN_FACE.slices] = head
    return face


@fused(kernels=2)
def moved_face(maps: Tensor, face: Tensor) -> tuple[Tensor, Tensor]:
    """See `morph`, and the same at half the side."""
    face = morph(maps, face)
    return face, avg_pool2d(face, 2)


@fused(kernels=2)
def draft(picture: Tensor, half: Tensor, grid: Tensor) -> Tensor:
    """What the editor is given (B, 10, 512, 512): the picture, then as the rotator turns it at half the side.

    The last two channels are the rotator's grid.
    """
    turned = torch.cat([warp(half, grid), grid], dim=1)
    turned = interpolate(turned, size=picture.shape[-2:], mode="bilinear", align_corners=False)
    return torch.cat([picture, turned], dim=1)


@fused()
def moved_body(maps: Tensor, grid: Tensor, picture: Tensor) -> Tensor:
    """See `edit`; float32 in [0, 1]."""
    return ((edit(maps, grid, picture).float() + 1) / 2).clamp(0, 1)
