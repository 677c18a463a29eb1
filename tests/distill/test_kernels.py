"""The closed form against the law it is a shortcut of: kernel ridge regression, solved outright."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from avatar_rtc.distill.kernels import (
    PoseKernel,
    basis_of,
    body_kernel,
    face_kernel,
    filled,
    fitted,
    predicted,
    strengths_of,
)
from avatar_rtc.face.pose import MORPHS
from avatar_rtc.render.student.kernel import KernelMaps
from avatar_rtc.render.student.networks import body_features
from avatar_rtc.render.student.parts import FACE_PARTS, MORPHS_OF

Array = NDArray[Any]


def poses(count: int, size: int, seed: int = 1) -> torch.Tensor:
    return torch.rand(count, size, generator=torch.Generator().manual_seed(seed)).half().float()


def outright(
    kernel: PoseKernel, known: Array, linear: Array, values: Array, at: tuple[Array, Array]
) -> Array:
    """The same in numpy, pose by pose, with no basis: what Saunders, Gammerman and Vovk write."""

    def similar(one: Array, other: Array, ours: Array, theirs: Array) -> float:
        slopes = kernel.slopes.numpy()
        found = float((ours * slopes * theirs).sum())
        rows = zip(kernel.scales.numpy(), kernel.shares.numpy(), kernel.smoothness.numpy(), strict=True)
        for scales, share, smooth in rows:
            d = float(np.sqrt((((one - other) * scales) ** 2).sum()))
            found += share * (1 + smooth * d) * np.exp(-d)
        return found

    mean = values.mean(0)
    gram = np.array([[similar(a, b, f, g) for b, g in zip(known, linear, strict=True)]
                     for a, f in zip(known, linear, strict=True)])  # fmt: skip
    solved = np.linalg.solve(gram + kernel.ridge * np.eye(len(known)), values - mean)
    near = np.array([[similar(a, b, f, g) for b, g in zip(known, linear, strict=True)]
                     for a, f in zip(*at, strict=True)])  # fmt: skip
    found: Array = mean + near @ solved
    return found


@pytest.mark.parametrize("part", [*FACE_PARTS, "body"])
def test_a_part_gives_what_the_law_gives(part: Any) -> None:
    size = len(MORPHS) if part == "body" else len(MORPHS_OF[part])
    strengths = np.linspace(0.1, 1, size)
    kernel = body_kernel() if part == "body" else face_kernel(MORPHS_OF[part], strengths)
    known, asked = poses(14, size), poses(5, size, 2)
    features = body_features if part == "body" else torch.Tensor.float
    values = torch.randn(14, 2, 3, 4, generator=torch.Generator().manual_seed(3))
    sizes, numbers = fitted(kernel, known, features(known), values, 14)
    maps = KernelMaps(sizes)
    filled(maps, numbers)
    ours = maps(asked, features(asked)).flatten(1).numpy()
    theirs = outright(
        kernel, known.numpy(), features(known).numpy(), values.flatten(1).numpy(),
        (asked.numpy(), features(asked).numpy()),
    )  # fmt: skip
    assert np.abs(ours - theirs).max() < 2e-3
    if part != "body":
        assert np.abs(predicted(kernel, known, values, asked).flatten(1).numpy() - theirs).max() < 2e-3
    again = maps(known, features(known))
    assert (again - values).abs().mean() < 0.1  # what was seen is shown again, but for the ridge


def test_few_maps_hold_what_has_few_dimensions() -> None:
    random = torch.Generator().manual_seed(1)
    rows = torch.randn(40, 5, generator=random) @ torch.randn(5, 300, generator=random)
    basis = basis_of(rows, 64)
    assert len(basis) == 5
    assert torch.allclose(basis @ basis.T, torch.eye(5), atol=1e-3)
    assert torch.allclose(rows @ basis.T @ basis, rows, atol=1e-2)
    assert len(basis_of(rows, 3)) == 3
    assert len(basis_of(torch.zeros(4, 30), 3)) == 1 and basis_of(torch.zeros(4, 30), 3).isfinite().all()


def test_a_morph_that_changes_nothing_is_no_distance() -> None:
    morphs = MORPHS_OF["mouth"]
    strengths = np.ones(len(morphs))
    strengths[4] = 0
    kernel = face_kernel(morphs, strengths)
    one = poses(3, len(morphs)).double()
    other = one.clone()
    other[:, 4] = 1 - other[:, 4]
    assert torch.equal(kernel(one, one), kernel(one, other))


def test_strengths_are_those_of_the_probes() -> None:
    shown = np.zeros((3, 45), np.float32)
    shown[0, 12], shown[1, 37], shown[2, 37] = 1, 1, -1
    found = strengths_of(shown, [0.5, 0.1, 0.25], np.array([12, 13, 37]))
    assert found.tolist() == [1.0, 0.0, 0.5]
