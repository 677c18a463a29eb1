"""The three parts of a pose as pure functions: tensors in, tensors out, nothing kept.

```
 move_brows   brows, background, pose ─► head
 move_face    face, head, pose        ─► face, the same at half the side
 move_body    picture, half, pose     ─► finished picture, grid, maps
```
For a character that is shown at another side than 512 each is given the large pictures, too, and gives the
large one last (`large.py`). Each can be run as it is or be captured as a graph. Pictures are linear RGB +
straight alpha in [-1, 1] unless said otherwise; a batch is the first dimension of all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from avatar_rtc.face.pose import EYEBROW, FACE, ROTATION
from avatar_rtc.render.device.fusing import fused
from avatar_rtc.render.portrait import SIZE
from avatar_rtc.render.tha3.boxes import FACE_BOX, HEAD_BOX, HEAD_IN_FACE, box_at
from avatar_rtc.render.tha3.large import (
    exact_turn,
    large_body,
    large_brows,
    large_face,
    sharpness,
    slight,
    steady_grid,
)
from avatar_rtc.render.tha3.networks import BodyTurn, Maps, PartName, combine, edit, morph, turned, warp
from avatar_rtc.stream.box import Box

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
class RestGrids:
    """How THA3 moves a character in the neutral pose, where it should not: grids as `warp` wants them."""

    brows: Tensor
    """(1, 2, 128, 128)."""
    face: Tensor
    """(1, 2, 192, 192)."""
    body: Tensor
    """(1, 2, 512, 512)."""


@dataclass(frozen=True)
class Parts:
    """The parts on given networks."""

    networks: Networks
    memory_format: torch.memory_format = torch.contiguous_format
    """In which a network gets its pictures: on a card the one its weights have."""

    def move(self, part: MovedPart, *inputs: Tensor) -> Sequence[Tensor]:
        """The work of one part: its two pictures, the large ones if any, and last its pose."""
        works = {"brows": self.move_brows, "face": self.move_face, "body": self.move_body}
        one, other, *large, pose = inputs
        return works[part](one, other, pose, *large)

    def move_brows(self, brows: Tensor, background: Tensor, pose: Tensor, *large: Tensor) -> Sequence[Tensor]:
        """Two (B, 4, 128, 128) and (B, 12) → the head (B, 4, 128, 128) with its eyebrows moved.

        Args:
            large: brows and background at the side that is shown, and the grid of rest; their head is the
                second.
        """
        maps = self._maps("eyebrow_morphing_combiner", torch.cat([background, brows], dim=1), pose)
        head = moved_brows(maps, brows, background)
        return [head, large_brows(maps, pose, *large)] if large else [head]

    def move_face(self, face: Tensor, head: Tensor, pose: Tensor, *large: Tensor) -> Sequence[Tensor]:
        """(B, 4, 192, 192), (B, 4, 128, 128) and (B, 27) → the face with this head, its morphs moved.

        Also (B, 4, 96, 96), the same at half the side.

        Args:
            large: face and head at the side that is shown, and the grid of rest; their face is the third.
        """
        face = with_head(face, head)
        maps = self._maps("face_morpher", face, pose)
        found = moved_face(maps, face)
        if not large:
            return found
        shown, shown_head, rest = large
        beyond = sharpness(found[0], shown.shape[-1])
        return [*found, large_face(maps, pose, shown, shown_head, rest, beyond)]

    def move_body(self, picture: Tensor, half: Tensor, pose: Tensor, *large: Tensor) -> Sequence[Tensor]:
        """(B, 4, 512, 512), (B, 4, 256, 256) and (B, 6) → the picture turned.

        First the finished picture (B, 4, S, S), float32 in [0, 1]; then (B, 2, 512, 512), the rotator's
        share of the warp, and (B, 10, 512, 512), the maps that the editor gave.

        Args:
            large: the picture at the side that is shown, and the grid of rest; without, S is 512.
        """
        grid = self._maps("two_algo_face_body_rotator", half, pose)
        drafted = draft(picture, half, grid)
        maps = self._maps("editor", drafted, pose)
        grid = drafted[:, -2:]
        if large:
            shown, rest = large
            grid = steady_grid(grid, rest, pose)
            return [large_body(exact_turn(maps, grid), shown), grid, maps]
        return [moved_body(maps, grid, picture), grid, maps]

    def grids_of_rest(self, image: Tensor, brows: Tensor, background: Tensor) -> RestGrids:
        """How THA3 moves a character in the neutral pose: the picture (1, 4, 512, 512), two of its head."""
        still = {part: image.new_zeros(1, _SHAPES[part][-1][0]) for part in MOVED_PARTS}
        brow_maps = self._maps(
            "eyebrow_morphing_combiner", torch.cat([background, brows], dim=1), still["brows"]
        )
        brow_grid = brow_maps[:, :2].clone()
        face = with_head(image[:, :, *FACE_BOX.slices], moved_brows(brow_maps, brows, background))
        face_maps = self._maps("face_morpher", face, still["face"])
        posed = image.clone()
        posed[:, :, *FACE_BOX.slices] = morph(face_maps, face)
        face_grid = face_maps[:, :2].clone()
        _, grid, maps = self.move_body(posed, avg_pool2d(posed, 2), still["body"])
        turn = grid.float() + maps[:, :2].float()
        return RestGrids(brow_grid, slight(face_grid.float()), turn)

    def examples(
        self, device: torch.device, dtype: torch.dtype, batch: int = 1, side: int = SIZE
    ) -> Mapping[MovedPart, Callable[[], Sequence[Tensor]]]:
        """Each part as a call on zeros that lie on the device already: to be counted and measured."""

        def example(part: MovedPart) -> Callable[[], Sequence[Tensor]]:
            *pictures, pose = _SHAPES[part]
            shapes = [*pictures, *(_large_shapes(part, side) if side != SIZE else ()), pose]
            given = [torch.zeros(batch, *shape, device=device, dtype=dtype) for shape in shapes]
            return torch.inference_mode()(lambda: self.move(part, *given))

        return {part: example(part) for part in MOVED_PARTS}

    def _maps(self, name: PartName, pictures: Tensor, pose: Tensor) -> Tensor:
        return self.networks[name](pictures.contiguous(memory_format=self.memory_format), pose)


def _large_shapes(part: MovedPart, side: int) -> Sequence[tuple[int, ...]]:
    """Of the large pictures that a part is given, and of its grid of rest, without the batch."""
    shown = {"brows": (HEAD_BOX, HEAD_BOX), "face": (FACE_BOX, HEAD_BOX), "body": (Box(0, 0, SIZE, SIZE),)}
    pictures = [(4, box.height, box.width) for box in (box_at(each, side) for each in shown[part])]
    return [*pictures, (2, *_SHAPES[part][0][1:])]


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


@fused()
def shown_turn(turn: BodyTurn, picture: Tensor) -> Tensor:
    """See `turned`; float32 in [0, 1]."""
    return ((turned(picture, turn).float() + 1) / 2).clamp(0, 1)
