"""Arithmetic that a compiler may make a few kernels of, where torch would start one for each step.

A fused function is pure, takes tensors and numbers, and never reads a value back. On a card it is compiled
(`compiling.py`), and there a float comes as a tensor without dimensions, so that one that moves compiles
nothing anew: nothing may be decided by it. Planes that go with several others get their axis of 1 by name
(`plane[None]`): of a size that is only worked out to be 1 the compiler reads on. On a CPU the function is
called as it is: OpenCV and OpenVINO do the large pieces there.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import update_wrapper
from typing import Generic, ParamSpec, TypeVar

import torch
from torch._C import _len_torch_dispatch_stack
from torch.utils._python_dispatch import _get_current_dispatch_mode_stack

from avatar_rtc.render.device.compiling import COMPILER, Compiled, Compiler
from avatar_rtc.render.device.operators import OperatorLog

P = ParamSpec("P")
Result = TypeVar("Result")


class Fused(Generic[P, Result]):
    """A function and how few kernels it is when compiled."""

    def __init__(self, plain: Callable[P, Result], kernels: int, compiler: Compiler = COMPILER) -> None:
        self.plain, self.kernels = plain, kernels
        self._compiled = Compiled(plain, compiler)
        update_wrapper(self, plain)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Result:
        """What the function gives."""
        if torch.compiler.is_compiling():  # as part of another one
            return self.plain(*args, **kwargs)
        if not _len_torch_dispatch_stack():  # nobody counts: 0.2 us, where the rest takes a whole one
            return self._compiled(*args, **kwargs)
        with _noted(self.plain.__name__, self.kernels):
            return self._compiled(*args, **kwargs)


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
