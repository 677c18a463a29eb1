"""What a piece of work asks of a device: its operators, each about one kernel, and what crosses over.

On the meta device ("the fake card") it counts without computing: mixing in a tensor of the CPU raises there,
and so does every way of reading a value back.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

_COMPOSITE = torch.DispatchKey.CompositeImplicitAutograd
ONLY_MEMORY = {
    f"aten::{name}"
    for name in (
        "empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided", "_unsafe_view",
        "_reshape_alias", "detach", "alias", "resize_", "lift_fresh",
    )
}  # fmt: skip
"""Operators that allocate, or only look at a tensor otherwise."""
_COPIES = ("_to_copy", "copy_")
READS_BACK = {
    f"aten::{name}" for name in ("_local_scalar_dense", "nonzero", "is_nonzero", "masked_select", "equal")
}
"""Operators after which the host knows something of what a device has computed, and has waited for it."""
_FROM_VALUES = (torch.tensor, torch.as_tensor, torch.asarray)
"""They copy from the host before any operator could show it."""


@dataclass(frozen=True)
class Operator:
    """One operator that ran, of those that compute or copy."""

    name: str
    """As torch has it, without "aten::"."""
    read_bytes: int
    """Of the tensors given, each once."""
    written_bytes: int
    """Of the tensors that came out."""
    is_upload: bool = False
    """It copied from the CPU to a device."""
    is_download: bool = False
    """It copied from a device to the CPU."""
    waits: bool = False
    """It crossed over with the host waiting for it."""


class OperatorMode(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """While entered, each operator of this thread passes through `run`; composite ones as their parts."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """See `TorchDispatchMode`."""
        kwargs = kwargs or {}
        if torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), _COMPOSITE):
            # In inference mode torch does not take it apart by itself.
            with self, torch._C.DisableTorchFunction():
                return func._op_dk(_COMPOSITE, *args, **kwargs)
        return self.run(func, args, kwargs)

    def run(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run one operator, and give its result."""
        return func(*args, **kwargs)


@dataclass(frozen=True)
class FusedCall:
    """A call of a fused function."""

    name: str
    kernels: int
    """When compiled."""
    operators: int
    """When not."""


class OperatorLog(OperatorMode):
    """Writes down what runs while it is entered."""

    def __init__(self) -> None:
        super().__init__()
        self.operators: list[Operator] = []
        self.fused_calls: list[FusedCall] = []
        self._in_fused_call = False
        self._values = _MadeOfValues(self.operators)

    def __enter__(self) -> Self:
        """Begin, or go on."""
        self._values.__enter__()  # type: ignore[no-untyped-call]
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *raised: object) -> None:
        """Pause."""
        super().__exit__(*raised)  # type: ignore[no-untyped-call]
        self._values.__exit__(*raised)  # type: ignore[no-untyped-call]

    def run(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """See `OperatorMode.run`."""
        result = func(*args, **kwargs)
        name = func._schema.name
        if not (func.is_view or name in ONLY_MEMORY):
            self.operators.append(_operator(name.removeprefix("aten::"), func, args, kwargs, result))
        return result

    @property
    def kernels(self) -> int:
        """How many operators computed on a device, or copied within it."""
        return len(self.operators) - len(self.uploads) - len(self.downloads)

    @property
    def fused_kernels(self) -> int:
        """How many there are where fused functions are compiled."""
        return self.kernels - sum(call.operators - call.kernels for call in self.fused_calls)

    @contextmanager
    def one_fused_call(self, name: str, kernels: int) -> Iterator[None]:
        """A fused function runs inside; of one within another the outer counts."""
        if self._in_fused_call:
            yield
            return
        self._in_fused_call, before = True, self.kernels
        try:
            yield
        finally:
            self._in_fused_call = False
        self.fused_calls.append(FusedCall(name, kernels, self.kernels - before))

    @property
    def uploads(self) -> Sequence[Operator]:
        """Copies from the CPU to a device."""
        return [each for each in self.operators if each.is_upload]

    @property
    def downloads(self) -> Sequence[Operator]:
        """Copies from a device to the CPU."""
        return [each for each in self.operators if each.is_download]

    @property
    def waits(self) -> Sequence[Operator]:
        """Crossings for which the host waits."""
        return [each for each in self.operators if each.waits]

    def by_name(self) -> Counter[str]:
        """How often each operator ran."""
        return Counter(each.name for each in self.operators)


def operators_of(work: Callable[[], object]) -> OperatorLog:
    """The log of one piece of work."""
    log = OperatorLog()
    with log:
        work()
    return log


class _MadeOfValues(TorchFunctionMode):
    """Writes down tensors that are made of Python's numbers on a device."""

    def __init__(self, operators: list[Operator]) -> None:
        super().__init__()
        self._operators = operators

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if func in _FROM_VALUES and not _is_on_cpu(result) and not isinstance(args[0], Tensor):
            self._operators.append(Operator(func.__name__, 0, _bytes(result), is_upload=True, waits=True))
        return result


def _operator(name: str, func: Any, args: object, kwargs: dict[str, Any], result: object) -> Operator:
    given = {id(t): t for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)}.values()
    found = [t for t in tree_leaves(result) if isinstance(t, Tensor)]
    # A number of the CPU is an argument of the kernel, and no copy.
    sources = {_is_on_cpu(t) for t in given if t.dim() or name in _COPIES}
    targets = {_is_on_cpu(t) for t in found}
    up, down = True in sources and False in targets, False in sources and True in targets
    return Operator(
        name,
        sum(_bytes(t) for t in given),
        sum(_bytes(t) for t in found),
        is_upload=up,
        is_download=down,
        waits=(up or down) and not (name in _COPIES and _is_asynchronous(func, args, kwargs)),
    )


def _is_asynchronous(func: Any, args: Any, kwargs: dict[str, Any]) -> bool:
    names = [argument.name for argument in func._schema.arguments]
    return bool({**dict(zip(names, args, strict=False)), **kwargs}.get("non_blocking", False))


def _is_on_cpu(tensor: Tensor) -> bool:
    return tensor.device.type == "cpu"


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()
