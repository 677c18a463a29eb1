"""What examples are made of; every one is drawn anew, of a size that is asked."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

Example = Callable[[int, int], tuple[Any, ...]]
"""Height and width, both multiples of 8 → arguments. A function is compiled once for all sizes."""
Examples = dict[str, Sequence[Example]]
"""Module and name, without the package → what a function may be called with."""


def maps(*shape: int) -> Tensor:
    """Uniform in [-1, 1]."""
    return torch.rand(*shape) * 2 - 1


def planes(*shape: int) -> Tensor:
    """Uniform in [0, 1]."""
    return torch.rand(*shape)


def picture(h: int, w: int) -> Tensor:
    """(4, h, w), straight alpha; a quarter of it is transparent, and nothing nearly so."""
    image = torch.rand(4, h, w)
    image[3] = (image[3] * 1.2 - 0.2).clamp(min=0)
    image[:, : h // 4] = 0
    image[3] *= image[3] > 0.05
    return image


def colour() -> Tensor:
    """(3, 1, 1)."""
    return torch.rand(3, 1, 1)
