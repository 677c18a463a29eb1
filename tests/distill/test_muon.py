"""Muon: what its steps are, by the singular values of the matrix they come from."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from avatar_rtc.distill.muon import Muon, evened, inner_weights, matrix_of
from avatar_rtc.render.student.networks import DecoderSizes, StudentDecoder

SIDES = st.integers(1, 24)


@settings(max_examples=40, deadline=None)
@given(SIDES, SIDES, st.floats(-6, 6), st.integers(0, 2**16))
def test_a_step_goes_equally_far_in_all_directions(rows: int, columns: int, size: float, seed: int) -> None:
    """The singular vectors stay, and their values are about 1, however large the gradient was."""
    random = np.random.default_rng(seed)
    left, _ = np.linalg.qr(random.normal(size=(rows, rows)))
    right, _ = np.linalg.qr(random.normal(size=(columns, columns)))
    few = min(rows, columns)
    values = random.uniform(0.2, 1, few)
    given = torch.from_numpy(left[:, :few] * values @ right[:few] * 10**size)
    turned = left[:, :few].T @ evened(given).numpy() @ right[:few].T
    assert np.allclose(turned, np.diag(np.diagonal(turned)), atol=1e-5)
    assert (np.diagonal(turned) > 0.5).all() and (np.diagonal(turned) < 1.4).all()


def test_no_gradient_moves_nothing() -> None:
    assert torch.equal(evened(torch.zeros(3, 5)), torch.zeros(3, 5))


@pytest.mark.parametrize("layer", [nn.Linear(3, 5), nn.ConvTranspose2d(3, 5, 4, 2, 1)])
def test_rows_are_what_comes_out(layer: nn.Linear | nn.ConvTranspose2d) -> None:
    """A weight of one output alone touches one row of the matrix alone."""
    weight = torch.zeros_like(layer.weight)
    if isinstance(layer, nn.Linear):
        weight[2] = 1
    else:
        weight[:, 2] = 1
    assert matrix_of(weight).any(1).tolist() == [False, False, True, False, False]


def test_weak_directions_are_learned_as_fast_as_strong_ones() -> None:
    """Where steps along the slope, as long as the strongest allows, have not begun with the weak ones."""
    values, steps = torch.logspace(0, -1.5, 12), 60
    wanted = torch.randn(12, 12, generator=torch.Generator().manual_seed(2))
    weight = nn.Parameter(torch.zeros(12, 12))
    optimizer = Muon([weight], 0.5)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 0.5 * (1 - step / steps)
        weight.grad = (weight.detach() - wanted) * values.square()
        optimizer.step()
    left = (weight.detach() - wanted)[:, -1].norm() / wanted[:, -1].norm()
    along_the_slope = float(1 - values[-1] ** 2) ** steps
    assert along_the_slope > 0.9 and left < 0.3


def test_the_last_layer_constants_and_biases_are_left_to_adamw() -> None:
    decoder = StudentDecoder(DecoderSizes(5, 2, 3, (8, 6, 4), 3, 7, 2))
    mine = {id(weight) for weight in inner_weights(decoder)}
    others = {name for name, each in decoder.named_parameters() if id(each) not in mine}
    assert all("bias" in name or "constant" in name or name.startswith("head") for name in others)
    assert len(mine) == 4 + 2 * len(decoder.levels)
