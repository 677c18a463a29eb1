"""The chain: operations on a picture, first to last, each in the colour space it reckons in."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from torch import Tensor

from avatar_rtc.errors import InputError
from avatar_rtc.filters_schema.chain import Operation
from avatar_rtc.filters_schema.size import Upscale
from avatar_rtc.render.colour import ColourSpace, converted
from avatar_rtc.render.filters import capture, display, label, scene, signal, size, tape, tube

Function = Callable[[Tensor, Any, float, int], Tensor]
"""(image, params, t, seed) → image. The image is (4, H, W) in [0, 1] and is not written to; t is media time
in s. None waits for the device or keeps state: what is random follows from (seed, int(25 t))."""


class Filter(NamedTuple):
    """An operation's arithmetic."""

    function: Function
    space: ColourSpace | None = "linear"
    """What the function is given; None if colour does not matter to it. Converting costs 5 ms on a CPU."""


FILTERS: dict[str, Filter] = {
    **{
        name: Filter(function)
        for module in (scene, capture, signal, tape, display, tube)
        for name, function in module.FILTERS.items()
    },
    "translucent_display": Filter(display.translucent_display, None),
    # Converts its box alone; and it is mostly the last one, when this is wanted next.
    "label": Filter(label.label, "srgb-premultiplied"),
    "upscale": Filter(size.upscale, "srgb-premultiplied"),
}
"""By the names of `filters_schema`."""


Step = tuple[int, Operation]
"""An operation and its place in its chain."""
OperationDone = Callable[[int, str], None]
"""Told after each operation that ran, with its place in the chain and its name; raising ends the chain."""


def nothing_told(place: int, name: str) -> None:
    """An `OperationDone` that nobody listens to."""


def active(chain: Sequence[Operation]) -> tuple[Step, ...]:
    """The operations that do anything, with their places in the chain."""
    steps = enumerate(chain)
    return tuple((place, op) for place, op in steps if op.params.enabled and not op.params.neutral)


def run_chain(
    image: Tensor,
    space: ColourSpace,
    chain: Sequence[Operation],
    t: float,
    seed: int,
    on_done: OperationDone = nothing_told,
    most_pixels: float = math.inf,
) -> tuple[Tensor, ColourSpace]:
    """The picture after every operation, and the space it is in; an empty chain gives the picture itself.

    Args, Raises:
        See `run_steps`.
    """
    return run_steps(image, space, active(chain), t, seed, on_done, most_pixels)


def run_steps(
    image: Tensor,
    space: ColourSpace,
    steps: Sequence[Step],
    t: float,
    seed: int,
    on_done: OperationDone = nothing_told,
    most_pixels: float = math.inf,
) -> tuple[Tensor, ColourSpace]:
    """The same of operations that all do something, or of some of them.

    Args:
        image: (4, H, W) float32 or float16 in [0, 1].
        on_done: called after each operation that ran, with its place in the chain and its name.
        most_pixels: of any picture between two operations.

    Raises:
        InputError: an operation would make a larger picture.
        SetupError: an operation lacks something here.
    """
    for place, operation in steps:
        _check_size(image, operation, most_pixels)
        run = FILTERS[operation.name]
        wanted = run.space or ("srgb" if space == "srgb-premultiplied" else space)
        image, space = converted(image, space, wanted), wanted
        # Two of the same kind must not draw the same noise.
        image = run.function(image, operation.params, t, seed + place)
        on_done(place, operation.name)
    return image, space


def _check_size(image: Tensor, operation: Operation, most_pixels: float) -> None:
    if not isinstance(operation.params, Upscale):
        return
    height, width = (int(side * operation.params.factor) for side in image.shape[-2:])
    if height * width > most_pixels:
        raise InputError(
            f"{operation.name} would make a picture of {width}x{height}; "
            f"choose less than {most_pixels / 1e6:.1f} megapixels"
        )
