"""How many kernels the compiler makes of the fused functions of `render/upscale`, as it would for a card."""

from typing import Any

import pytest
import torch
import torch._dynamo
import torch._inductor.config
from torch._inductor import metrics
from torch.testing import assert_close

from avatar_rtc.render.device.fusing import Fused
from avatar_rtc.render.upscale import anime4k, enlarge, networks

R = torch.rand
MAPS = R(1, 16, 32, 32).to(memory_format=torch.channels_last)
CALLS: list[tuple[Fused[Any, Any], tuple[Any, ...]]] = [
    (enlarge._with_alpha, (R(3, 64, 64), R(1, 64, 64))),
    (networks._rows_of_pixels, (R(4, 32, 32), torch.float16)),
    (networks._within_limits, (MAPS, R(1, 4, 32, 32), R(4, 32, 32))),
    (anime4k._opaque, (R(1, 3, 32, 32), torch.float16)),
    (anime4k._read, (["positive", "negative"], 1, *R(2, 1, 4, 32, 32))),
    (anime4k._read, (["positive", "negative"] * 3, 0, *R(6, 1, 4, 32, 32))),
    (anime4k._laid_out, (R(1, 3, 32, 32), R(1, 4, 32, 32))),
    (anime4k._laid_out, (R(1, 3, 32, 32), *R(3, 1, 4, 32, 32))),
]


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("function", "given"), CALLS, ids=lambda each: getattr(each, "__name__", ""))
def test_the_compiler_makes_as_few_kernels_as_promised(
    function: Fused[Any, Any], given: tuple[Any, ...]
) -> None:
    torch._dynamo.reset()
    metrics.reset()
    # For a CPU it would copy what is put together piece by piece, for a card it does not.
    with torch.inference_mode(), torch._inductor.config.patch(force_pointwise_cat=True):
        found = torch.compile(function.plain, fullgraph=True, dynamic=False)(*given)
        assert_close(found, function.plain(*given))
    assert 0 < metrics.generated_kernel_count <= function.kernels
