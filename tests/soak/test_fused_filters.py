"""What fused functions of filters declare, held against torch's own compiler: a card's ways, on the CPU."""

import pytest
import torch
import torch._inductor.metrics as metrics
from torch import Tensor
from torch.utils._pytree import tree_map

from avatar_rtc.render.device.fusing import Fused
from avatar_rtc.render.filters.chain import FILTERS
from tests.render.filters.cards import BUSY, all_at_ends, as_on_a_card, run
from tests.render.filters.filter_laws import figure, seen

pytestmark = pytest.mark.soak
Call = tuple[Fused, tuple[object, ...], dict[str, object]]


def calls_of(name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Call]:
    """The outermost calls of fused functions in an operation, one of each function."""
    found: dict[str, Call] = {}
    depth = 0

    def noted(self: Fused, *args: object, **kwargs: object) -> object:
        nonlocal depth
        if depth == 0:
            found.setdefault(self.plain.__name__, (self, args, kwargs))
        depth += 1
        try:
            return self.plain(*args, **kwargs)
        finally:
            depth -= 1

    with monkeypatch.context() as patched:
        patched.setattr(Fused, "__call__", noted)
        for settings in [BUSY.get(name, {}), *all_at_ends(name)]:
            plain = {"quality": "low", "method": "bicubic"}
            run(figure(97, 128), name, settings | {key: plain[key] for key in plain.keys() & settings.keys()})
    return found


def without_float(value: object) -> object:
    return torch.tensor(value) if isinstance(value, float) else value


@pytest.mark.parametrize("name", [name for name in FILTERS if name != "upscale"])
@torch.inference_mode()
def test_the_compiler_makes_as_few_kernels_of_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with as_on_a_card():
        calls = calls_of(name, monkeypatch)
        monkeypatch.setattr(Fused, "__call__", lambda self, *args, **kwargs: self.plain(*args, **kwargs))
        for function, args, kwargs in calls.values():
            wanted = function.plain(*args, **kwargs)
            torch._dynamo.reset()
            metrics.reset()
            compiled = torch.compile(
                function.plain, dynamic=True, fullgraph=True, options={"force_pointwise_cat": True}
            )
            given = tree_map(without_float, (args, kwargs))
            found = compiled(*given[0], **given[1])
            assert metrics.generated_kernel_count <= function.kernels, function.plain.__name__
            assert isinstance(found, Tensor) and (as_seen(found) - as_seen(wanted)).abs().max() < 2e-4


def as_seen(planes: Tensor) -> Tensor:
    """Colours of what is hardly there say nothing."""
    return seen(planes) if len(planes) == 4 else planes
