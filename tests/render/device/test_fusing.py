"""How fused functions are counted."""

import torch
from torch import Tensor

from avatar_rtc.render.device.fusing import fused
from avatar_rtc.render.device.operators import operators_of
from tests.render.device.fused_examples import EXAMPLES, fused_functions


@fused()
def bent(x: Tensor, by: float) -> Tensor:
    return (x * by + 1).sqrt()


@fused(kernels=2)
def evened(x: Tensor) -> Tensor:
    return bent(x - x.mean(), 2.0)


def test_a_fused_function_gives_what_it_gives() -> None:
    assert torch.equal(bent(torch.ones(3), 3.0), torch.full((3,), 2.0))
    assert bent.plain.__name__ == "bent"


def test_every_fused_function_has_examples_to_be_compiled_with() -> None:
    assert {name for name, _ in fused_functions()} == set(EXAMPLES)


def test_the_outer_of_two_counts() -> None:
    x = torch.zeros(3, 3, device="meta")
    log = operators_of(lambda: evened(bent(x, 1.0)) + 1)
    assert (log.kernels, log.fused_kernels) == (3 + 5 + 1, 1 + 2 + 1)
