"""Maps of poses in closed form: kernel ridge regression, its outputs in a basis.

The kernel is a sum over groups of morphs, each morph scaled by how much it was seen to change, and a linear
part. Measured on aria1 (90 bodies, 202 faces; eyes, 200 other poses): one exponential of all morphs 29.7 dB
mean, 20.7 at the 5th percentile; morphs scaled 32.0, 23.0; in groups 33.9, 25.4.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.face.pose import FACE, MORPHS, ROTATION
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.student.kernel import KernelMaps, KernelSizes, nearness
from avatar_rtc.render.student.networks import body_features

_BASIS_ROWS = 1000
"""From so many pictures at most a basis is made: more of them hold nothing new, and cost their square."""
_EYEBROW_END, _LIDS_END, _IRIS_END = 12, 24, 26
"""Where these morphs end among the 45; those of the mouth follow."""
_TURNS = (1.17, 0.63, 0.72, 0.54, 1.08, 0.2)
"""How much head_x, head_y, neck_z, body_y, body_z and breathing take a body away from what is known.
Against 0.9 for all, whole and mouth of 100 other poses, rigs of 100 bodies: aria1 31.9, 25.0 dB (31.6, 24.5);
a shipped character in other colours 32.5, 22.5 (32.5, 22.3). With 900 bodies it is 0.2 dB of the whole."""
_REACH = 3.0
"""The distance at which a pose counts a third, where a morph from end to end is 1."""


@dataclass(frozen=True, eq=False)
class PoseKernel:
    """Which poses are near each other."""

    scales: Tensor
    """(groups, n), float64; see `nearness`."""
    shares: Tensor
    """(groups,)."""
    smoothness: Tensor
    """(groups,)."""
    slopes: Tensor
    """(features,): how much each feature counts in the linear part."""
    ridge: float

    def __call__(self, ours: Tensor, theirs: Tensor) -> Tensor:
        """(B, N) of poses (B, n) and (N, n), without the linear part."""
        return nearness(ours, theirs, self.scales, self.shares, self.smoothness)


def face_kernel(morphs: NDArray[np.intp], strengths: NDArray[np.float64]) -> PoseKernel:
    """The kernel of a part of the face.

    Args:
        morphs: (n,): which of the 45 the part depends on.
        strengths: (n,): how much each changes the part, alone and at its end; the largest is 1.
    """
    brows, lids = morphs < _EYEBROW_END, (morphs >= _EYEBROW_END) & (morphs < _LIDS_END)
    mouth = (morphs >= _IRIS_END) & (morphs <= FACE.stop - 3)
    iris = ~(brows | lids | mouth)
    if brows.any():
        groups = {0.5: [brows | lids | iris | mouth, lids | iris], 4.0: [brows, lids], 1.2: [iris]}
    else:
        groups = {0.5: [lids | iris | mouth], 4.0: [mouth], 0.3: [lids | iris]}
    pairs = [(share, chosen) for share, several in groups.items() for chosen in several]
    scales = np.stack([chosen * strengths for _, chosen in pairs]) / _REACH
    shares = np.array([share for share, _ in pairs])
    return PoseKernel(
        _rounded(scales), _rounded(shares), torch.zeros(len(pairs)).double(),
        torch.from_numpy(0.3 * strengths**2), 3e-4,
    )  # fmt: skip


def body_kernel() -> PoseKernel:
    """The kernel of the body: rotations are smooth, and of the face's morphs a little is left in the warp."""
    turned = np.zeros(len(MORPHS))
    turned[ROTATION] = _TURNS
    with_face = turned.copy()
    with_face[: FACE.stop] = 0.025
    features = body_features(torch.zeros(1, len(MORPHS))).shape[1]
    slopes = np.ones(features)
    slopes[-FACE.stop :] = 0.03**2
    return PoseKernel(
        _rounded(with_face[None]), torch.ones(1).double(), torch.ones(1).double(),
        torch.from_numpy(slopes), 3e-3,
    )  # fmt: skip


def fitted(
    kernel: PoseKernel, poses: Tensor, features: Tensor, values: Tensor, components: int
) -> tuple[KernelSizes, dict[str, Tensor]]:
    """The sizes, without those of the maps, and numbers of a `KernelMaps` that gives `values` for `poses`.

    Args:
        poses: (N, n), as float16 holds them, for that is what the file keeps; on the CPU, where all that has
            no pixels is solved.
        features: (N, f), there too.
        values: (N, outputs, rows, columns), float32, on any device; each output is approximated as well as
            its values are large.
        components: of the basis, at most.
    """
    knots, linear = poses.double(), features.double()
    mean = values.flatten(1).mean(0)
    rest = values.flatten(1) - mean
    basis = basis_of(rest, components)
    weights = (rest @ basis.T).cpu().double()
    gram = kernel(knots, knots) + (linear * kernel.slopes) @ linear.T
    gram += kernel.ridge * torch.eye(len(gram), dtype=gram.dtype)
    coefficients = torch.linalg.solve(gram, weights)
    slopes = kernel.slopes[:, None] * (linear.T @ coefficients)
    numbers = {
        "scales": kernel.scales, "shares": kernel.shares, "smoothness": kernel.smoothness, "knots": knots,
        "coefficients": coefficients, "slopes": slopes, "basis": basis, "mean": mean,
    }  # fmt: skip
    outputs, rows, columns = values.shape[1:]
    sizes = KernelSizes(
        poses.shape[1], features.shape[1], len(kernel.shares), len(poses), len(basis), rows, columns, outputs
    )
    return sizes, numbers


def predicted(kernel: PoseKernel, poses: Tensor, values: Tensor, at: Tensor) -> Tensor:
    """What values (N, …) of poses (N, n) would be at others (B, n): (B, …), float32; the linear part is of
    the poses themselves."""
    mean = values.flatten(1).mean(0)
    ours, theirs = at.double(), poses.double()
    gram = kernel(theirs, theirs) + (theirs * kernel.slopes) @ theirs.T
    gram += kernel.ridge * torch.eye(len(gram), dtype=gram.dtype)
    near = kernel(ours, theirs) + (ours * kernel.slopes) @ theirs.T
    shares = uploaded(torch.linalg.solve(gram, near.T).T.float(), values.device)
    found: Tensor = (mean + shares @ (values.flatten(1) - mean)).view(len(at), *values.shape[1:])
    return found


def basis_of(rows: Tensor, components: int) -> Tensor:
    """At most so many orthonormal rows (k, P) that hold most of rows (N, P): their first singular vectors."""
    some = rows[:: -(-len(rows) // _BASIS_ROWS)]
    values, vectors = torch.linalg.eigh((some @ some.T).cpu().double())
    kept = values > 1e-7 * values[-1].clamp_min(1e-12)
    kept[-1] = True  # where nothing moves at all
    chosen = vectors[:, kept][:, -components:].flip(1)
    basis = uploaded(chosen.T.float().contiguous(), some.device) @ some
    found: Tensor = basis / torch.linalg.vector_norm(basis, dim=1, keepdim=True).clamp_min(1e-9)
    return found


def filled(part: KernelMaps, numbers: dict[str, Tensor]) -> None:
    """Put numbers into a part, on the CPU, in one copy each."""
    for name, values in numbers.items():
        getattr(part, name).copy_(values.cpu().float())


def _rounded(numbers: NDArray[np.float64] | Tensor) -> Tensor:
    """As float16 holds them, in float64: what is solved for is solved with what the file will say."""
    return torch.as_tensor(numbers).half().double()


def strengths_of(
    poses: NDArray[np.float32], changes: Sequence[float], morphs: NDArray[np.intp]
) -> NDArray[np.float64]:
    """(n,): how much each morph changes a part, the largest being 1.

    Args:
        poses: (N, 45): each with one morph at an end.
        changes: (N,): how much of the part differs from the neutral one there, rms.
    """
    found = np.array(
        [max((c for p, c in zip(poses, changes, strict=True) if p[m]), default=0.0) for m in morphs]
    )
    return found / max(1e-6, float(found.max(initial=0.0)))
