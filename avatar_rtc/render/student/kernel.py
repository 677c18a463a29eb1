"""Parts of a student in closed form: no layer was trained, everything is solved for at once.

```
 morphs ─┬► exp(-distance to each known pose), ─► N numbers · coefficients ┐
         │  by some groups of morphs, summed                                │
         └► the morphs themselves, and their products ─── · slopes ─────────┴► k weights · basis ─► maps
```

Kernel ridge regression (Saunders, Gammerman, Vovk 1998) with an exponential kernel and a linear part, its
outputs in a basis of few maps. Morphs have kinks, which a smooth kernel rounds off.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from avatar_rtc.face.pose import MORPHS
from avatar_rtc.render.student.networks import body_features
from avatar_rtc.student_header import BODY_INPUTS

_NO_PAINT = -30.0
"""The logit of an opacity of nothing."""
_PAINT_MAPS = 5


@dataclass(frozen=True)
class KernelSizes:
    """Sizes of one part in closed form; kept in the student's file."""

    inputs: int
    """Morphs that the distance is taken of."""
    features: int
    """Numbers that the linear part takes."""
    groups: int
    """Distances that are taken, each of some of the morphs."""
    knots: int
    """Poses that are known."""
    components: int
    """Maps in the basis."""
    rows: int
    columns: int
    """Of the maps, in px of their own."""
    outputs: int
    """Maps given."""


class KernelMaps(nn.Module):
    """Morphs (B, inputs) and features (B, features) → maps (B, outputs, rows, columns)."""

    def __init__(self, shape: KernelSizes) -> None:
        super().__init__()
        self.shape = shape
        pixels = shape.outputs * shape.rows * shape.columns
        for name, size in {
            "scales": (shape.groups, shape.inputs),
            "shares": (shape.groups,),
            "smoothness": (shape.groups,),
            "knots": (shape.knots, shape.inputs),
            "coefficients": (shape.knots, shape.components),
            "slopes": (shape.features, shape.components),
            "basis": (shape.components, pixels),
            "mean": (pixels,),
        }.items():
            self.register_buffer(name, torch.zeros(size))
        self.scales: Tensor
        """By which morphs are multiplied before a distance is taken of them."""
        self.shares: Tensor
        """Of each distance in the whole."""
        self.smoothness: Tensor
        """0 where the maps have kinks in these morphs, 1 where they have none; see `nearness`."""
        self.knots: Tensor
        self.coefficients: Tensor
        self.slopes: Tensor
        self.basis: Tensor
        self.mean: Tensor

    def forward(self, morphs: Tensor, features: Tensor) -> Tensor:
        near = nearness(morphs, self.knots, self.scales, self.shares, self.smoothness)
        weights = near @ self.coefficients + features @ self.slopes
        maps = torch.addmm(self.mean, weights, self.basis)
        return maps.view(-1, self.shape.outputs, self.shape.rows, self.shape.columns)


def nearness(morphs: Tensor, knots: Tensor, scales: Tensor, shares: Tensor, smoothness: Tensor) -> Tensor:
    """How near poses (B, n) are to others (N, n): (B, N), the sum of `shares` for the same pose.

    A sum over groups of morphs: brows that were seen with open eyes then count for closed ones, too.
    Each is `exp(-d)` or, where it is smooth, `(1 + d) exp(-d)` of the distance d: the Matern kernels of order
    1/2 and 3/2 (Rasmussen and Williams, Gaussian Processes, 2006, 4.2.1), or a mixture of both.

    Args:
        scales: (groups, n): by which morphs are multiplied before a distance is taken of them.
        shares, smoothness: (groups,).
    """
    squares = (morphs[:, None] - knots).square()
    distances = (squares @ scales.square().T).sqrt()
    return ((1 + distances * smoothness) * (-distances).exp()) @ shares


class FaceKernel(nn.Module):
    """Morphs (B, N) → (B, M, H, W): the same as a `FaceDecoder` gives, in closed form."""

    def __init__(self, shape: KernelSizes) -> None:
        super().__init__()
        self.maps = KernelMaps(shape)

    @property
    def shape(self) -> KernelSizes:
        """Sizes of its only piece."""
        return self.maps.shape

    def forward(self, morphs: Tensor) -> Tensor:
        maps: Tensor = self.maps(morphs, morphs)
        return maps


class BodyKernel(nn.Module):
    """Poses (B, 45) → the same as a `BodyDecoder` gives by `raw`, in closed form; nothing is painted.

    The whole grid is in the bulk, at half the maps' size; their own share of it is nothing.
    """

    BULK_SCALE = 2

    def __init__(self, shape: KernelSizes) -> None:
        super().__init__()
        self.maps = KernelMaps(shape)
        nothing = torch.zeros(
            1, 2 + _PAINT_MAPS, shape.rows * self.BULK_SCALE, shape.columns * self.BULK_SCALE
        )
        nothing[:, -1] = _NO_PAINT
        self._nothing = nothing

    @property
    def shape(self) -> KernelSizes:
        """Sizes of its only piece."""
        return self.maps.shape

    def raw(self, poses: Tensor) -> tuple[Tensor, Tensor]:
        """The grid (B, 2, h, w), and maps (B, 7, 2 h, 2 w) that change and paint nothing."""
        poses = poses[:, : len(MORPHS)]
        grid = self.maps(poses, body_features(poses)[:, :BODY_INPUTS])
        return grid, self._nothing.expand(len(poses), -1, -1, -1)
