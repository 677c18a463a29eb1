"""Arithmetic that a compiler may make a few kernels of, where torch would start one for each step.

A fused function is pure, takes tensors and numbers, and never reads a value back. On a CPU it is called as it
is: OpenCV and OpenVINO do the large pieces there.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import update_wrapper
from typing import Generic, ParamSpec, TypeVar

from torch.utils._python_dispatch import _get_current_dispatch_mode_stack

from avatar_rtc.render.device.operators import OperatorLog

P = ParamSpec("P")
Result = TypeVar("Result")


class Fused(Generic[P, Result]):
    """A function and how few kernels it is when compiled."""

    def __init__(self, plain: Callable[P, Result], kernels: int) -> None:
        self.plain, self.kernels = plain, kernels
        update_wrapper(self, plain)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Result:
        """What the function gives."""
        with _noted(self.plain.__name__, self.kernels):
            return self.plain(*args, **kwargs)


def fused(kernels: int = 1) -> Callable[[Callable[P, Result]], Fused[P, Result]]:
    """Let a function be compiled where that pays.

    Args:
        kernels: what the compiler makes of it: one for what is elementwise, and more where all of a plane
            must be known before it goes on. Checked against the compiler by `tests/soak`.
    """
    return lambda plain: Fused(plain, kernels)


def _noted(name: str, kernels: int) -> AbstractContextManager[None]:
    for mode in _get_current_dispatch_mode_stack():
        if isinstance(mode, OperatorLog):
            return mode.one_fused_call(name, kernels)
    return nullcontext()
