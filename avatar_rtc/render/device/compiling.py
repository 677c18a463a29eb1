"""Functions compiled beside the frames: plain until it is done, and plain for ever where it cannot be.

```
 call ─► its kind known? ─ no ─► asked for: a thread compiles it on blank tensors of the same kind
   │                                     │
   └► plain ◄─ until then                 └► compiled, for all kinds that its guards let pass
```
"""

import logging
import os
import shutil
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.util import find_spec
from threading import Lock, local
from typing import Any, Generic, ParamSpec, TypeVar

import torch
from torch import Tensor
from torch.utils._pytree import TreeSpec, tree_flatten, tree_unflatten

from avatar_rtc.render.device.current import current
from avatar_rtc.render.device.preparing import PREPARING, Later

P = ParamSpec("P")
Result = TypeVar("Result")
Kinds = tuple[Hashable, ...]
"""What a compiled function depends on, of each of its arguments."""

_MOST_KINDS = 64
"""Kinds of arguments that are asked for, a function: whoever goes through all sizes compiles no more."""
_MOST_VARIANTS = 24
"""Times a function is compiled: for one picture and several, each layout, dtype and flag."""
_OPTIONS = {
    "force_pointwise_cat": True,
    "realize_opcount_threshold": 120,
    "realize_reads_threshold": 32,
    "realize_acc_reads_threshold": 32,
}
"""Of Inductor. What is put together is written once, and not piece by piece, a kernel for each. And what is a
little longer, or read again, is not written for that alone: computing twice is quicker than a way through
memory. As the compiler comes, with Triton the conversion of colours is two kernels and what a torn tape shows
seven, and not two; without any limit it would be one, which takes twice as long to compile."""

log = logging.getLogger(__name__)


@lru_cache
def why_plain(device: torch.device) -> str:
    """Why functions are not compiled for a device, a sentence; "" if they are."""
    if device.type != "cuda":
        return f"only on CUDA are functions compiled, and this is {device.type}"
    if any(os.environ.get(name) == "1" for name in ("TORCH_COMPILE_DISABLE", "TORCHDYNAMO_DISABLE")):
        return "TORCH_COMPILE_DISABLE is set"
    if find_spec("triton") is None:
        return "the package triton is not installed, which torch compiles with"
    if not any(shutil.which(each) for each in (os.environ.get("CC", "cc"), "gcc", "clang")):
        return "there is no C compiler (gcc or clang), which triton needs"
    if torch.cuda.get_device_capability(device) < (7, 0):
        return "this card is older than Volta, the first that triton knows"
    return ""


@lru_cache
def options_of(backend: object) -> dict[str, Any]:
    """What a backend of `torch.compile` is asked for besides, of what this torch knows; the rest is told.

    An option that it does not know would leave every function as it is.
    """
    wanted = _OPTIONS if backend == "inductor" else {}
    known = {name: wanted[name] for name in wanted.keys() & torch._inductor.list_options()}
    for name in wanted.keys() - known.keys():
        log.warning("torch %s has no option %s: functions will be more kernels", torch.__version__, name)
    return known


class Compiler:
    """Where, how and when functions are compiled."""

    def __init__(
        self,
        why_not: Callable[[torch.device], str] = why_plain,
        later: Later = PREPARING,
        backend: str | Callable[..., Any] = "inductor",
    ) -> None:
        """
        Args:
            why_not: a sentence for devices where none is; "" elsewhere.
            backend: of `torch.compile`.
        """
        self.why_not, self.later, self.backend = why_not, later, backend
        self._thread = local()

    def compiled(self, plain: Callable[P, Result]) -> Callable[P, Result]:
        """The function as a whole, for tensors of any size."""
        options = options_of(self.backend)
        return torch.compile(plain, backend=self.backend, options=options, dynamic=True, fullgraph=True)

    @property
    def is_here(self) -> bool:
        """Whether this thread is to compile what it calls, and waits."""
        return getattr(self._thread, "is_here", False)

    @property
    def is_inside(self) -> bool:
        """Whether this thread is in a function that will be compiled whole."""
        return getattr(self._thread, "is_inside", False)

    def here(self) -> AbstractContextManager[None]:
        """While entered, functions are compiled in this thread as they are called: before a capture."""
        return self._marked("is_here")

    def inside(self) -> AbstractContextManager[None]:
        """While entered, functions that are called are parts of another one."""
        return self._marked("is_inside")

    @contextmanager
    def _marked(self, name: str) -> Iterator[None]:
        before = getattr(self._thread, name, False)
        setattr(self._thread, name, True)
        try:
            yield
        finally:
            setattr(self._thread, name, before)


COMPILER = Compiler()
"""The one of this process, as torch's own is."""


class Compiled(Generic[P, Result]):
    """A function that is compiled once it was called where that is done, without gradients.

    Any thread may call it.
    """

    def __init__(self, plain: Callable[P, Result], compiler: Compiler) -> None:
        self._plain, self._compiler = plain, compiler
        self._kinds: set[Kinds] = set()
        """All that were asked for."""
        self._tried: set[Kinds] = set()
        """Those of them that are compiled, or cannot be."""
        self._has_failed = False
        self._run: Callable[..., Result] | None = None
        """Compiled where its guards let it pass, and plain elsewhere."""
        self._lock = Lock()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Result:
        """What the function gives."""
        device, compiler = _device_of(args), self._compiler
        # In this order: on a CPU no more is asked.
        if device is None or compiler.why_not(device) or self._has_failed:
            return self._plain(*args, **kwargs)
        if torch.is_grad_enabled() or compiler.is_inside:
            return self._plain(*args, **kwargs)
        leaves, form = tree_flatten((args, kwargs))
        self._ask(tuple(map(_kind, leaves)), form, torch.is_inference_mode_enabled())
        with compiler.inside():  # what is compiled runs no other, but what its guards turn away is plain
            if self._run is None:
                return self._plain(*args, **kwargs)
            args, kwargs = tree_unflatten(map(_as_compiled, leaves), form)
            return self._run(*args, **kwargs)

    def _ask(self, kinds: Kinds, form: TreeSpec, is_inference: bool) -> None:
        with self._lock:
            is_known = kinds in self._kinds
            if not is_known and len(self._kinds) == _MOST_KINDS:
                return
            self._kinds.add(kinds)
        if self._compiler.is_here:  # whoever asked before may still wait for it
            self._compile(kinds, form, is_inference)
        elif not is_known:
            self._compiler.later(partial(self._compile, kinds, form, is_inference))

    def _compile(self, kinds: Kinds, form: TreeSpec, is_inference: bool) -> None:
        if kinds in self._tried:
            return
        self._tried.add(kinds)
        compiled = self._compiler.compiled(self._plain)
        try:
            with (
                current(next(kind.device for kind in kinds if isinstance(kind, _TensorKind))),
                torch.inference_mode(is_inference),
                torch.no_grad(),
                torch._dynamo.config.patch(recompile_limit=_MOST_VARIANTS),
                # Or sizes that happen to be equal once would have to be equal always.
                torch.fx.experimental._config.patch(use_duck_shape=False),  # type: ignore[attr-defined]
            ):
                args, kwargs = tree_unflatten(map(_blank, kinds), form)
                compiled(*args, **kwargs)
        except Exception as error:  # whatever a compiler may raise
            log.warning("%s is not compiled, and goes on as it is: %s", self._plain.__name__, error)
            self._has_failed = self._run is None  # or what there is goes on
            return
        self._run = self._run or torch._dynamo.run(self._plain)


@dataclass(frozen=True)
class _TensorKind:
    device: torch.device
    dtype: torch.dtype
    shape: torch.Size
    strides: tuple[int, ...]
    is_inference: bool
    in_inference_mode: bool
    """Called so: that is compiled for itself."""


def _kind(value: object) -> Hashable:
    if isinstance(value, Tensor):
        modes = value.is_inference(), torch.is_inference_mode_enabled()
        return _TensorKind(value.device, value.dtype, value.shape, value.stride(), *modes)
    assert isinstance(value, Hashable)
    return float if isinstance(value, float) else value


def _blank(kind: Hashable) -> object:
    if kind is float:
        return torch.tensor(0.5)
    if not isinstance(kind, _TensorKind):
        return kind
    with torch.inference_mode(kind.is_inference):
        # No view of another tensor, which the guards would ask for.
        blank = torch.empty_strided(kind.shape, kind.strides, dtype=kind.dtype, device=kind.device)
    blank.untyped_storage().fill_(0)  # type: ignore[attr-defined]
    return blank


def _as_compiled(value: object) -> object:
    """A float as a tensor, and a parameter as an ordinary one, whose sizes are not fixed."""
    if isinstance(value, float):
        return torch.tensor(value, dtype=torch.float32)
    return value.detach() if isinstance(value, torch.nn.Parameter) else value


def _device_of(args: tuple[object, ...]) -> torch.device | None:
    """Of the first tensor. A loop: a generator would take half a microsecond more."""
    for each in args:
        if isinstance(each, Tensor):
            return each.device
    return None
