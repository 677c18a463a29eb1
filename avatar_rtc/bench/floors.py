"""The floor of a frame: what its parts must reckon and move, by how well their kernels are put together.

Counted on the meta device, with the networks that are shipped, in float16; told in `docs/gpu.md`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from avatar_rtc.bench.traffic import Fusion, Kernel, Traffic, traffic_of
from avatar_rtc.render.animator import SIZE
from avatar_rtc.render.colour import from_linear
from avatar_rtc.render.layout import alpha_layout
from avatar_rtc.render.tha3.boxes import FACE_BOX, HEAD_BOX
from avatar_rtc.render.tha3.networks import PARTS, Network, PartName, combine, edit, morph, warp

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
    found = {part: traffic_of(partial(work, batch)) for part, work in _works(separable).items()}
    return {**found, "layout": _layout_traffic()}


@cache
def _layout_traffic() -> Traffic:
    traffic_of(_layout)  # tables are made at the first call
    return traffic_of(_layout)


@cache
def _works(separable: bool) -> Mapping[FramePart, Callable[[int], object]]:
    works: dict[FramePart, Callable[[int], object]] = {
        "eyebrows": _eyebrows(_network("eyebrow_morphing_combiner", separable)),
        "face": _face(_network("face_morpher", separable)),
        "rotator": _rotator(_network("two_algo_face_body_rotator", separable)),
        "editor": _editor(_network("editor", separable)),
    }
    with torch.inference_mode():
        for work in works.values():
            work(1)  # tables are made at the first call
    return works


def _network(name: PartName, separable: bool) -> Network:
    with _META:
        return Network(PARTS[name], separable=separable).half().eval()


def _eyebrows(network: Network) -> Callable[[int], object]:
    def run(batch: int) -> Tensor:
        brows, background = _pictures(batch, HEAD_BOX.width), _pictures(batch, HEAD_BOX.width)
        maps = network(torch.cat([background, brows], dim=1), _half(batch, 12))
        return combine(maps, brows, background)

    return run


def _face(network: Network) -> Callable[[int], object]:
    def run(batch: int) -> tuple[Tensor, Tensor]:
        faces = _pictures(batch, FACE_BOX.width)
        faces = morph(network(faces, _half(batch, 27)), faces)
        return faces, avg_pool2d(faces, 2)

    return run


def _rotator(network: Network) -> Callable[[int], object]:
    def run(batch: int) -> Tensor:
        halves = _pictures(batch, SIZE // 2)
        grid = network(halves, _half(batch, 6))
        turned = torch.cat([warp(halves, grid), grid], dim=1)
        return interpolate(turned, size=(SIZE, SIZE), mode="bilinear", align_corners=False)

    return run


def _editor(network: Network) -> Callable[[int], object]:
    def run(batch: int) -> Tensor:
        images, turned = _pictures(batch, SIZE), _half(batch, 6, SIZE, SIZE)
        maps = network(torch.cat([images, turned], dim=1), _half(batch, 6))
        return ((edit(maps, turned[:, 4:], images).float() + 1) / 2).clamp(0, 1)

    return run


def _layout() -> object:
    picture = torch.empty(4, SIZE, SIZE, device=_META)
    return alpha_layout(from_linear(picture, "srgb-premultiplied"), premultiplied=True)


def _pictures(batch: int, side: int) -> Tensor:
    return _half(batch, 4, side, side)


def _half(*shape: int) -> Tensor:
    return torch.empty(shape, dtype=torch.float16, device=_META)


def _sum(kernels: Sequence[Kernel]) -> Floor:
    return Floor(
        sum(each.flops for each in kernels),
        sum(each.read_bytes for each in kernels),
        sum(each.written_bytes for each in kernels),
        len(kernels),
    )
