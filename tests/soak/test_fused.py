"""Every fused function on a card's way, compiled by torch's own compiler for this CPU, against itself."""

import re
from typing import Any

import pytest
import torch
import torch._inductor.metrics as metrics
from torch import Tensor
from torch._inductor.utils import run_and_get_code
from torch.utils._pytree import tree_leaves, tree_map

from avatar_rtc.render.device.compiling import Compiler
from avatar_rtc.render.device.fusing import Fused
from avatar_rtc.render.device.preparing import done
from tests.render.device.examples.draws import Example
from tests.render.device.fused_examples import EXAMPLES, fused_functions
from tests.render.filters.cards import as_on_a_card

pytestmark = pytest.mark.soak

DEVICES = (
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")),
)
MORE_ON_A_CPU = {
    "alpha_planes", "matte_planes", "scene_planes",
    "normed_at_once", "moved_brows", "moved_face", "moved_body",
}  # fmt: skip
"""Whose kernels are counted on a card only. For a CPU the compiler puts bytes together piece by piece, adds
up first what a norm needs, and keeps what tanh and sigmoid gave."""

CASES = [
    pytest.param(fused, example, id=f"{name}-{number}")
    for name, fused in fused_functions()
    for number, example in enumerate(EXAMPLES[name])
]
FIRST, OTHERS = (24, 32), ((40, 40), (24, 56), (64, 16))


class Watched:
    """A fused function with a compiler of its own, and how often it ran as Python."""

    def __init__(self, fused: Fused[..., Any], backend: str = "inductor") -> None:
        def plain(*args: Any, **kwargs: Any) -> Any:
            if not torch.compiler.is_compiling():
                self.plain_runs += 1
            return fused.plain(*args, **kwargs)

        self.plain_runs = 0
        self.fused = Fused(plain, fused.kernels, Compiler(lambda device: "", done, backend))


def kernels_in(code: list[str]) -> int:
    """What the compiler made itself, and what it leaves to torch's own kernels."""
    calls = r"^ .*(?:extern_kernels\.\w|torch\.ops\.aten\.|aoti_torch\.)"
    return metrics.generated_kernel_count + sum(len(re.findall(calls, each, re.MULTILINE)) for each in code)


def moved(value: Any) -> Any:
    return value * 0.8 if isinstance(value, float) else value


def halves(value: Any) -> Any:
    return value.half() if isinstance(value, Tensor) and value.is_floating_point() else value


def laid_on(device: str, args: tuple[Any, ...]) -> tuple[Any, ...]:
    laid: tuple[Any, ...] = tree_map(lambda x: x.to(device) if isinstance(x, Tensor) else x, args)
    return laid


def differing(found: Any, wanted: Any, tolerance: float) -> float:
    """The share of numbers that differ by more; NaN differs from everything."""
    pairs = list(zip(tree_leaves(found), tree_leaves(wanted), strict=True))
    assert all(one.shape == other.shape and one.dtype == other.dtype for one, other in pairs)
    agrees = [((as_shown(one) - as_shown(other)).abs() <= tolerance).flatten() for one, other in pairs]
    return 1 - torch.cat(agrees).double().mean().item()


def as_shown(planes: Tensor) -> Tensor:
    """Of a picture the colours by its alpha: what hardly shows was divided by next to nothing."""
    planes = planes.double()
    return torch.cat([planes[:3] * planes[3:], planes[3:]]) if planes.shape[:-2] == (4,) else planes


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("fused, example", CASES)
def test_compiled_it_is_the_same_in_no_more_kernels(
    fused: Fused[..., Any], example: Example, device: str
) -> None:
    """Whatever the sizes and the floats, by one compilation; in halves a few may step otherwise."""
    torch._dynamo.reset()
    metrics.reset()
    torch.manual_seed(0)
    watched = Watched(fused)
    with as_on_a_card(), torch.inference_mode():
        args = laid_on(device, example(*FIRST))
        found, code = run_and_get_code(watched.fused, *args)
        assert watched.plain_runs == 0, "it cannot be compiled"
        if device != "cpu" or fused.plain.__name__ not in MORE_ON_A_CPU:
            assert kernels_in(code) <= fused.kernels
        assert not differing(found, fused.plain(*args), 1e-5)
        made = metrics.generated_kernel_count
        for size in OTHERS:
            args = laid_on(device, tree_map(moved, example(*size)))
            assert not differing(watched.fused(*args), fused.plain(*args), 1e-5)
        assert metrics.generated_kernel_count == made, "compiled anew for another size or another float"
        args = laid_on(device, tree_map(halves, example(*FIRST)))
        assert differing(watched.fused(*args), fused.plain(*args), 2e-2) < 0.02
        assert watched.plain_runs == 0, "one of them was not compiled"


@pytest.mark.parametrize("fused, example", CASES)
def test_it_is_traced_for_tensors_that_no_host_reads(fused: Fused[..., Any], example: Example) -> None:
    """On the meta device, where OpenCV's ways would raise: as they are, and as a compiler sees them."""
    torch._dynamo.reset()
    watched = Watched(fused, backend="eager")
    with torch.inference_mode():
        args = laid_on("meta", example(*FIRST))
        found, wanted = watched.fused(*args), fused.plain(*args)
    assert watched.plain_runs == 0
    for one, other in zip(tree_leaves(found), tree_leaves(wanted), strict=True):
        assert (one.shape, one.dtype, one.device) == (other.shape, other.dtype, other.device)
