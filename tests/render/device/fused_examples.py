"""Every fused function of the package, and what it may be called with."""

import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

import avatar_rtc
from avatar_rtc.render.device.fusing import Fused

Example = Callable[[], tuple[Any, ...]]


def pictures(*shape: int) -> Tensor:
    """Uniform in [-1, 1]."""
    return torch.rand(*shape) * 2 - 1


def _normed(activation: str, beside: bool) -> Example:
    def example() -> tuple[Any, ...]:
        x = pictures(2, 8, 24, 32)
        return x, torch.rand(8) + 0.5, pictures(8), activation, pictures(2, 8, 24, 32) if beside else None

    return example


EXAMPLES: dict[str, list[Example]] = {
    "render.tha3.norms.normed_at_once": [
        _normed("relu", False),
        _normed("leaky", False),
        _normed("none", True),
    ],
    "render.tha3.norms.doubled": [
        lambda: (pictures(2, 6, 12, 16), None),
        lambda: (pictures(2, 6, 12, 16), pictures(2, 3, 24, 32)),
    ],
    "render.tha3.parts.moved_brows": [
        lambda: (pictures(2, 7, 24, 24), pictures(2, 4, 24, 24), pictures(2, 4, 24, 24))
    ],
    "render.tha3.parts.with_head": [lambda: (pictures(2, 4, 192, 192), pictures(2, 4, 128, 128))],
    "render.tha3.parts.moved_face": [lambda: (pictures(2, 12, 24, 24), pictures(2, 4, 24, 24))],
    "render.tha3.parts.draft": [
        lambda: (pictures(2, 4, 64, 64), pictures(2, 4, 32, 32), pictures(2, 2, 32, 32) / 8)
    ],
    "render.tha3.parts.moved_body": [
        lambda: (pictures(2, 10, 24, 24), pictures(2, 2, 24, 24) / 8, pictures(2, 4, 24, 24))
    ],
}
"""Module and name, without the package → arguments. Floats among them are to be compiled as tensors."""


def fused_functions() -> Iterator[tuple[str, Fused[..., Any]]]:
    """Module and name of all of them."""
    root = avatar_rtc.__name__ + "."
    rooms = import_module(root + "render").__path__
    for module in pkgutil.walk_packages(rooms, root + "render."):
        for name, value in vars(import_module(module.name)).items():
            if isinstance(value, Fused) and value.plain.__module__ == module.name:
                yield f"{module.name.removeprefix(root)}.{name}", value
