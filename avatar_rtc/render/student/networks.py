"""The small networks of a student: decoders from a few morphs to maps, for one character.

```
 28 morphs of brows and eyes ─► eye boxes (2 networks): change of colour, lid opening
 11 morphs of the mouth      ─► mouth box:              change of colour
 all 45 morphs               ─► body box at half size:  warp, paint and its opacity
```

A decoder is a small perceptron that seeds a coarse map, and transposed convolutions that double it. Each
level adds a learned constant, since a character's pixels lie where they lie, and is scaled and shifted by
the pose.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, silu

from avatar_rtc.face.pose import FACE, ROTATION


@dataclass(frozen=True)
class DecoderSizes:
    """Sizes of one decoder; kept in the student's file."""

    inputs: int
    """Morphs given."""
    rows: int
    columns: int
    """Of the seed; each level doubles both."""
    channels: tuple[int, ...]
    """Of the seed and of each level but the last."""
    outputs: int
    """Maps of the last level."""
    hidden: int
    rank: int
    """Numbers from which the seed is made."""

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the maps."""
        scale = 2 ** len(self.channels)
        return self.rows * scale, self.columns * scale


class StudentDecoder(nn.Module):
    """Morphs (B, N) → maps (B, M, H, W)."""

    def __init__(self, shape: DecoderSizes) -> None:
        super().__init__()
        self.shape = shape
        first, *wider = shape.channels
        self.inside = nn.Sequential(
            nn.Linear(shape.inputs, shape.hidden), nn.SiLU(), nn.Linear(shape.hidden, shape.hidden), nn.SiLU()
        )
        self.seed = nn.Sequential(
            nn.Linear(shape.hidden, shape.rank), nn.Linear(shape.rank, first * shape.rows * shape.columns)
        )
        self.levels = nn.ModuleList(
            DoublingLevel(above, below, shape.hidden, shape.rows << number, shape.columns << number)
            for number, (above, below) in enumerate(zip(shape.channels, wider, strict=False), 1)
        )
        self.head = nn.ConvTranspose2d(shape.channels[-1], shape.outputs, 4, 2, 1)

    def forward(self, morphs: Tensor) -> Tensor:
        inside = self.inside(morphs)
        maps = silu(self.seed(inside).view(len(morphs), -1, self.shape.rows, self.shape.columns))
        for level in self.levels:
            maps = level(maps, inside)
        out: Tensor = self.head(maps)
        return out


class DoublingLevel(nn.Module):
    """Maps at twice the size, plus a constant, scaled and shifted by the pose."""

    def __init__(self, above: int, below: int, hidden: int, rows: int, columns: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(above, below, 4, 2, 1)
        self.constant = nn.Parameter(torch.zeros(1, below, rows, columns))
        self.modulate = nn.Linear(hidden, 2 * below)
        nn.init.zeros_(self.modulate.weight)
        nn.init.zeros_(self.modulate.bias)

    def forward(self, maps: Tensor, inside: Tensor) -> Tensor:
        scale, shift = self.modulate(inside)[:, :, None, None].chunk(2, dim=1)
        return silu(torch.addcmul(self.constant + shift, self.up(maps), 1 + scale))


class FaceDecoder(nn.Module):
    """Morphs (B, N) → (B, M, H, W): what to add to the neutral face in one box, and for eyes the opening.

    It starts as no change: a student that begins with opaque guesses was seen never to learn.
    """

    def __init__(self, shape: DecoderSizes) -> None:
        super().__init__()
        self.decoder = StudentDecoder(shape)
        nn.init.zeros_(self.decoder.head.weight)
        assert self.decoder.head.bias is not None
        nn.init.zeros_(self.decoder.head.bias)

    def forward(self, morphs: Tensor) -> Tensor:
        maps: Tensor = self.decoder(morphs)
        return maps


class BodyDecoder(nn.Module):
    """Poses (B, 45) → grid (B, 2, H, W) and paint (B, 5, H, W) of the body box at half its size.

    The grid is how far to look from each pixel for its colour, in units of half the picture's side (256 px),
    as in `grid_sample`. Its greater part is linear in `body_features` of the pose (`bulk`), at a quarter of
    the maps' size. The paint is premultiplied sRGB and alpha in [0, 1]; its last map is the paint's opacity.
    """

    BULK_SCALE = 4

    def __init__(self, shape: DecoderSizes) -> None:
        super().__init__()
        rows, columns = (side // self.BULK_SCALE for side in shape.size)
        self.decoder = StudentDecoder(shape)
        self.bulk = nn.Linear(shape.inputs, 2 * rows * columns)
        self.bulk_size = (rows, columns)
        head = self.decoder.head
        assert head.bias is not None
        with torch.no_grad():
            head.weight[:, :2] = 0
            head.bias[:2] = 0
            head.bias[6] = -3.0

    def forward(self, poses: Tensor) -> tuple[Tensor, Tensor]:
        bulk, maps = self.raw(poses)
        bulk = interpolate(bulk, scale_factor=self.BULK_SCALE, mode="bilinear", align_corners=False)
        return bulk + GRID_UNIT * maps[:, :2], maps[:, 2:].sigmoid()

    def raw(self, poses: Tensor) -> tuple[Tensor, Tensor]:
        """The bulk of the grid (B, 2, h, w), and the decoder's own maps (B, 7, H, W)."""
        features = body_features(poses)[:, : self.decoder.shape.inputs]
        return self.bulk(features).view(-1, 2, *self.bulk_size), self.decoder(features)


GRID_UNIT = 1 / 128
"""What 1 means in the decoder's grid maps: 2 px."""


def body_features(poses: Tensor) -> Tensor:
    """Of poses (B, 45): rotation, the products of rotations, then the face, (B, 66).

    THA3 looks at the face it has posed to find the warp: an open mouth or closed eyes move the pixels around
    it by 0.2 to 0.6 px (rms), which was most of what a body that knew the rotation alone had wrong there.
    """
    rotation = poses[:, ROTATION]
    rows, columns = torch.triu_indices(rotation.shape[1], rotation.shape[1], device=poses.device)
    return torch.cat([rotation, rotation[:, rows] * rotation[:, columns], poses[:, : FACE.stop]], dim=1)


def parameters(networks: Sequence[nn.Module]) -> int:
    """How many numbers are learned."""
    return sum(p.numel() for network in networks for p in network.parameters())
