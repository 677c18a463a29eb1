"""Every fused function on a card's way, compiled by torch's own compiler for this CPU, against itself."""

import re
from typing import Any

import pytest
import torch
import torch._inductor.metrics as metrics
from torch import Tensor
from torch._inductor.utils import run_and_get_code
from torch.utils._pytree import tree_map

from avatar_rtc.render.device.compiling import Compiler
from avatar_rtc.render.device.fusing import Fused
from avatar_rtc.render.device.preparing import done
from tests.render.device.examples.draws import Example
from tests.render.device.fused_examples import EXAMPLES, fused_functions
from tests.render.filters.cards import as_on_a_card

pytestmark = pytest.mark.soak

CASES = [
    pytest.param(fused, example, id=f"{name}-{number}")
    for name, fused in fused_functions()
    for number, example in enumerate(EXAMPLES[name])
]
FIRST, OTHERS = (24, 32), ((40, 40), (24, 56), (64, 16))


class Watched:
    """A fused function with a compiler of its own, and how often it ran as Python."""

    def __init__(self, fused: Fused[..., Any]) -> None:
        def plain(*args: Any, **kwargs: Any) -> Any:
            if not torch.compiler.is_compiling():
                self.plain_runs += 1
            return fused.plain(*args, **kwargs)

        self.plain_runs = 0
        self.fused = Fused(plain, fused.kernels, Compiler(lambda device: "", done))


def kernels_in(code: list[str]) -> int:
    """What the compiler made itself, and what it leaves to torch's own kernels."""
    calls = r"^ .*(?:extern_kernels\.\w|torch\.ops\.aten\.|aoti_torch\.)"
    return metrics.generated_kernel_count + sum(len(re.findall(calls, each, re.MULTILINE)) for each in code)


def moved(value: Any) -> Any:
    return value * 0.8 if isinstance(value, float) else value


def halves(value: Any) -> Any:
    return value.half() if isinstance(value, Tensor) and value.is_floating_point() else value


@pytest.mark.parametrize("fused, example", CASES)
def test_compiled_it_is_the_same_in_no_more_kernels(fused: Fused[..., Any], example: Example) -> None:
    """Whatever the sizes and the floats, by one compilation; and in halves, then to 2e-2."""
    torch._dynamo.reset()
    metrics.reset()
    torch.manual_seed(0)
    watched = Watched(fused)

    def agrees(args: tuple[Any, ...], tolerance: float) -> None:
        torch.testing.assert_close(watched.fused(*args), fused.plain(*args), rtol=tolerance, atol=tolerance)

    with as_on_a_card(), torch.inference_mode():
        args = example(*FIRST)
        found, code = run_and_get_code(watched.fused, *args)
        assert watched.plain_runs == 0, "it cannot be compiled"
        print("KERNELS", fused.plain.__module__, fused.plain.__name__, fused.kernels, kernels_in(code))
        assert kernels_in(code) <= fused.kernels
        torch.testing.assert_close(found, fused.plain(*args), rtol=1e-5, atol=1e-5)
        made = metrics.generated_kernel_count
        for size in OTHERS:
            agrees(tree_map(moved, example(*size)), 1e-5)
        assert metrics.generated_kernel_count == made, "compiled anew for another size or another float"
        agrees(tree_map(halves, example(*FIRST)), 2e-2)
        assert watched.plain_runs == 0, "one of them was not compiled"
