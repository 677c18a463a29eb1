"""What a piece of work asks of a card's arithmetic and memory, kernel by kernel, counted on the meta device.

```
 work ─► steps: each operator, what it read, wrote and reckoned ─► kernels ─► sums
                                                            │
   "eager"    every operator is a kernel                    │
   "fused"    what lies between two convolutions is one     │
   "pairs"    … and the two halves of a separable one are   │ how steps are put together
   "norms"    … or each does what lies before it itself     │
   "by hand"  both                                          │
```
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from avatar_rtc.render.device.operators import ONLY_MEMORY, OperatorMode

Fusion = Literal["eager", "fused", "pairs", "norms", "by hand"]
_NORMS = {"native_batch_norm", "_native_batch_norm_legit", "native_group_norm", "native_layer_norm"}
_REDUCTIONS = _NORMS | {"var_mean", "var", "std", "mean", "sum", "amax", "amin", "max", "min"}
"""They must have seen all of a plane before anything goes on: whoever then uses it reads it a second time."""
_ELSEWHERE = {
    "grid_sampler_2d", "upsample_bilinear2d", "upsample_bicubic2d", "avg_pool2d", "max_pool2d_with_indices",
    "index", "index_select", "gather", "roll", "flip", "sort", "reflection_pad2d", "replication_pad2d",
}  # fmt: skip
"""They read at other places than they write: what they read must lie in memory by then."""


@dataclass(frozen=True)
class Kernel:
    """One kernel: its multiplications and additions, and the bytes it moves."""

    flops: int
    """Of convolutions and matrices; one multiply-add is two. What is elementwise hides behind the bytes."""
    read_bytes: int
    written_bytes: int
    on_tensor_cores: bool = False
    """True for convolutions across channels and for matrices."""

    @property
    def moved_bytes(self) -> int:
        """Read and written."""
        return self.read_bytes + self.written_bytes


@dataclass(frozen=True)
class _Step:
    name: str
    flops: int
    is_depthwise: bool
    read: Mapping[int, int]
    """Memory → how many bytes of it."""
    written: Mapping[int, int]

    @property
    def is_convolution(self) -> bool:
        return self.name == "convolution" or self.flops > 0


class Traffic(OperatorMode):  # type: ignore[no-untyped-call]
    """Writes down the steps of whatever runs while it is entered.

    A copy to the host goes through, as the one at the end of a frame does: what comes over is zeros.
    """

    def __init__(self) -> None:
        super().__init__()
        self._steps: list[_Step] = []
        self._alive: list[Tensor] = []
        """Memory is told apart by its address, so none may be freed meanwhile."""
        self._results: set[int] = set()

    def __enter__(self) -> Self:
        """Begin."""
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def run(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """See `OperatorMode.run`."""
        name = func._schema.name.removeprefix("aten::")
        given = [t for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor) and t.dim()]
        result = _downloaded(name, args, kwargs)
        if result is None:
            result = func(*args, **kwargs)
        if func.is_view or func._schema.name in ONLY_MEMORY:
            return result
        found = [t for t in tree_leaves(result) if isinstance(t, Tensor)]
        count = flop_registry.get(func.overloadpacket)
        flops = int(count(*args, **kwargs, out_val=result)) if count else 0
        self._alive += [*given, *found]
        self._steps.append(
            _Step(
                name,
                flops,
                name == "convolution" and args[8] > 1,
                _by_memory(given[1:] if name == "copy_" else given),
                _by_memory(found),
            )
        )
        return result

    def end(self, results: object) -> None:
        """Say what the work gave: that is written, whatever is fused."""
        self._results |= {_memory(t) for t in tree_leaves(results) if isinstance(t, Tensor)}

    def kernels(self, fusion: Fusion) -> Sequence[Kernel]:
        """The steps put together."""
        return _kernels(self._steps, self._results, fusion)


def traffic_of(work: Callable[[], object]) -> Traffic:
    """The traffic of one piece of work; what it keeps for later calls is among it if this is the first."""
    found = Traffic()
    with torch.inference_mode():
        with found:
            results = work()
        found.end(results)
    return found


def _kernels(steps: Sequence[_Step], results: set[int], fusion: Fusion) -> list[Kernel]:
    found: list[Kernel] = []
    needed = set(results)
    for group in reversed(_grouped(steps, fusion)):
        found = [_kernel_of(group, needed, fusion), *found]
        needed |= {memory for step in group for memory in step.read}
    return found


def _grouped(steps: Sequence[_Step], fusion: Fusion) -> list[list[_Step]]:
    """Steps that share kernels, in order."""
    groups: list[list[_Step]] = []
    for step in steps:
        group = groups[-1] if groups else None
        if group is None or fusion == "eager" or not _may_follow(group, step, fusion):
            groups.append([step])
        else:
            group.append(step)
    return groups


def _may_follow(group: Sequence[_Step], step: _Step, fusion: Fusion) -> bool:
    made = {memory for each in group for memory in each.written}
    if step.name in _ELSEWHERE and made & step.read.keys():
        return False
    done = [each for each in group if each.is_convolution]
    if step.is_convolution and done:
        return fusion in ("pairs", "by hand") and all(each.is_depthwise for each in done)
    # A convolution may begin with what comes before it, and end by summing up what it wrote.
    return not done and (not step.is_convolution or fusion in ("norms", "by hand"))


def _kernel_of(group: Sequence[_Step], needed: set[int], fusion: Fusion) -> Kernel:
    """A group as one kernel, which may read some of it twice."""
    read: dict[int, int] = {}
    written: dict[int, int] = {}
    for step in group:
        for memory, size in step.read.items():
            if memory not in written:
                read[memory] = max(read.get(memory, 0), size)
        for memory, size in step.written.items():
            written[memory] = max(written.get(memory, 0), size)
    in_place = written.keys() & read.keys()
    kept = written.keys() if fusion == "eager" else needed | in_place
    again = 0 if fusion in ("norms", "by hand") else _read_again(group, read)
    return Kernel(
        sum(step.flops for step in group),
        sum(read.values()) + again,
        sum(size for memory, size in written.items() if memory in kept),
        any(step.flops and not step.is_depthwise for step in group),
    )


def _read_again(group: Sequence[_Step], read: Mapping[int, int]) -> int:
    """Bytes that must be read to the end before they can be used."""
    reduced = {m for step in group if step.name in _REDUCTIONS for m in step.read if m in read}
    used = {m for step in group if step.name not in _REDUCTIONS - _NORMS for m in step.read}
    return sum(read[memory] for memory in reduced & used)


def _downloaded(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Tensor | None:
    """What a copy from the meta device to the host gives, if this is one."""
    if name == "_to_copy" and args[0].device.type == "meta":
        to = kwargs.get("device")
        if to is not None and torch.device(to).type == "cpu":
            return torch.zeros(args[0].shape, dtype=kwargs.get("dtype") or args[0].dtype)
    if name == "copy_" and args[0].device.type == "cpu" and args[1].device.type == "meta":
        return args[0]  # type: ignore[no-any-return]
    return None


def _by_memory(tensors: Iterable[Tensor]) -> dict[int, int]:
    found: dict[int, int] = {}
    for tensor in tensors:
        memory = _memory(tensor)
        size = min(tensor.numel() * tensor.element_size(), tensor.untyped_storage().nbytes())
        found[memory] = max(found.get(memory, 0), size)
    return found


def _memory(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)
