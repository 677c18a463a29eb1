"""Every fused function, compiled by torch's own compiler for this CPU, against the function itself."""

import re
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._inductor.utils import run_and_get_code
from torch.utils._pytree import tree_map

from avatar_rtc.render.device.compiling import Compiler
from avatar_rtc.render.device.fusing import Fused
from avatar_rtc.render.device.preparing import done
from tests.render.device.fused_examples import EXAMPLES, Example, fused_functions

pytestmark = pytest.mark.soak

CASES = [
    pytest.param(fused, example, id=f"{name}-{number}")
    for name, fused in fused_functions()
    for number, example in enumerate(EXAMPLES[name])
]


def halves(value: Any) -> Any:
    is_float = isinstance(value, Tensor) and value.is_floating_point() and value.dim()
    return value.half() if is_float else value


@pytest.mark.parametrize("fused, example", CASES)
def test_compiled_it_is_the_same_in_no_more_kernels(fused: Fused[..., Any], example: Example) -> None:
    """Compared to 1e-4, and in halves to 2e-2; each kernel of the compiler is one C++ function here."""
    torch._dynamo.reset()
    torch.manual_seed(0)
    with torch.inference_mode():
        args = tree_map(lambda x: torch.tensor(x) if isinstance(x, float) else x, example())
        compiled = torch.compile(fused.plain, dynamic=True, fullgraph=True)
        found, code = run_and_get_code(compiled, *args)
        assert sum(len(re.findall(r"= async_compile\.", each)) for each in code) <= fused.kernels
        torch.testing.assert_close(found, fused.plain(*example_like(args)), rtol=1e-4, atol=1e-4)
        args = tree_map(halves, args)
        torch.testing.assert_close(compiled(*args), fused.plain(*args), rtol=2e-2, atol=2e-2)


def example_like(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same with its floats as they come from whoever calls."""
    return tuple(
        x.item() if isinstance(x, Tensor) and not x.dim() and x.device.type == "cpu" else x for x in args
    )


@pytest.mark.parametrize("fused, example", CASES)
def test_the_package_itself_takes_the_compiled_one(fused: Fused[..., Any], example: Example) -> None:
    """And never a plain one again, whatever its floats are; with a compiler that only counts."""
    torch._dynamo.reset()
    ran: list[str] = []

    def backend(graph: Any, inputs: object) -> Any:
        def run(*args: Any) -> Any:
            ran.append("compiled")
            return graph.forward(*args)

        return run

    again = Fused(fused.plain, fused.kernels, Compiler(lambda device: "", done, backend))
    with torch.inference_mode():
        args = example()
        again(*args)
        ran.clear()
        for _ in range(2):
            args = tuple(x / 2 if isinstance(x, float) else x for x in args)
            torch.testing.assert_close(again(*args), fused.plain(*args), rtol=1e-4, atol=1e-4)
        assert len(ran) == 2
