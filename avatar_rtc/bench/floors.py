"""The floor of a frame: what its parts must reckon and move, by how well their kernels are put together.

Counted on the meta device, with the networks that are shipped, in float16; told in `docs/gpu.md`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Literal

import torch
from torch import Tensor

from avatar_rtc.bench.traffic import Fusion, Kernel, Traffic, traffic_of
from avatar_rtc.render.colour import converted
from avatar_rtc.render.layout_device import alpha_planes, plane_weights
from avatar_rtc.render.portrait import SIZE
from avatar_rtc.render.tha3.networks import PARTS, Network
from avatar_rtc.render.tha3.parts import Networks, Parts, draft, moved_body

FramePart = Literal["eyebrows", "face", "rotator", "editor", "layout"]
_META = torch.device("meta")


@dataclass(frozen=True)
class Floor:
    """What a part of a frame asks of a card."""

    flops: float
    """Of convolutions and matrices; one multiply-add is two."""
    read_bytes: float
    written_bytes: float
    kernels: int

    @property
    def moved_bytes(self) -> float:
        """Read and written."""
        return self.read_bytes + self.written_bytes


def floors(batch: int, fusion: Fusion = "fused") -> Mapping[FramePart, Floor]:
    """The floor of each part of a frame in which everything moves.

    Args:
        batch: avatars that are animated together. Each has a layout of its own.
        fusion: "fused": weights and inputs are read once, outputs written once, and what lies between two
            convolutions stays in registers; but an instance norm must know all of a plane, so what a
            convolution wrote is read twice. That is what a compiler can make. "by hand": a convolution sums
            up what it writes, the next one norms what it reads, and the two halves of a separable one are
            together; nobody does with less. "eager": each operator reads and writes all of its tensors.
    """
    return {part: _sum(kernels) for part, kernels in frame_kernels(batch, fusion).items()}


def floor_ms(floor: Floor, flops_per_s: float, bytes_per_s: float) -> float:
    """How long a card needs at least that reckons and moves at once: the longer of both, in ms.

    >>> floor_ms(Floor(3_000_000, 1_000_000, 1_000_000, 1), flops_per_s=1e9, bytes_per_s=1e9)
    3.0
    """
    return 1000 * max(floor.flops / flops_per_s, floor.moved_bytes / bytes_per_s)


def frame_kernels(batch: int, fusion: Fusion, *, separable: bool = True) -> dict[FramePart, Sequence[Kernel]]:
    """The kernels of each part, in order.

    Args:
        separable: False takes the standard variant of the networks.
    """
    found = {part: each.kernels(fusion) for part, each in _traffic(batch, separable).items()}
    found["layout"] = [*found["layout"]] * batch
    return found


@cache
def _traffic(batch: int, separable: bool) -> Mapping[FramePart, Traffic]:
    works = _works(separable)
    found = {part: traffic_of(partial(work, batch)) for part, work in works.items()}
    return {**found, "layout": layout_traffic(SIZE)}


@cache
def layout_traffic(side: int) -> Traffic:
    """Of what a frame does with a finished square picture, linear: video over its alpha."""
    picture, weights = torch.empty(4, side, side, device=_META), plane_weights(_META)
    return traffic_of(lambda: alpha_planes(converted(picture, "linear", "srgb"), weights, False))


@cache
def _works(separable: bool) -> Mapping[FramePart, Callable[[int], object]]:
    with _META:
        parts = Parts({name: Network(PARTS[name], separable=separable).half().eval() for name in PARTS})
    works: dict[FramePart, Callable[[int], object]] = {
        "eyebrows": lambda batch: parts.move("brows", *_pictures(batch, 128, 128), _half(batch, 12)),
        "face": lambda batch: parts.move("face", *_pictures(batch, 192, 128), _half(batch, 27)),
        "rotator": partial(_rotated, parts.networks),
        "editor": partial(_edited, parts.networks),
    }
    with torch.inference_mode():
        for work in works.values():
            work(1)  # tables are made at the first call
    return works


def _rotated(networks: Networks, batch: int) -> Tensor:
    """The first half of `Parts.move_body`."""
    picture, half = _pictures(batch, SIZE, SIZE // 2)
    return draft(picture, half, networks["two_algo_face_body_rotator"](half, _half(batch, 6)))


def _edited(networks: Networks, batch: int) -> Tensor:
    """The second half."""
    drafted, (picture,) = _half(batch, 10, SIZE, SIZE), _pictures(batch, SIZE)
    return moved_body(networks["editor"](drafted, _half(batch, 6)), drafted[:, -2:], picture)


def _pictures(batch: int, *sides: int) -> list[Tensor]:
    return [_half(batch, 4, side, side) for side in sides]


def _half(*shape: int) -> Tensor:
    return torch.empty(shape, dtype=torch.float16, device=_META)


def _sum(kernels: Sequence[Kernel]) -> Floor:
    return Floor(
        sum(each.flops for each in kernels),
        sum(each.read_bytes for each in kernels),
        sum(each.written_bytes for each in kernels),
        len(kernels),
    )
