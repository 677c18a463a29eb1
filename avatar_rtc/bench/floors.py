"""The time no program could beat: bytes that must cross memory, and operations that must be done.

What lies between the layers of a network counts as free, so this is less than any real kernel needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from avatar_rtc.render.device.operators import operators_of
from avatar_rtc.render.tha3.networks import PARTS, Network, PartName

FramePart = Literal["eyebrows", "face", "rotator", "editor"]
_NETWORKS: Mapping[FramePart, PartName] = {
    "eyebrows": "eyebrow_morphing_combiner",
    "face": "face_morpher",
    "rotator": "two_algo_face_body_rotator",
    "editor": "editor",
}


@dataclass(frozen=True)
class Floor:
    """What a piece of work asks at the least."""

    flops: float
    """Operations; a multiplication with its addition is two."""
    read_bytes: float
    written_bytes: float
    kernels: int
    """As torch starts them one by one."""


@lru_cache(maxsize=8)
def floors(batch: int) -> Mapping[FramePart, Floor]:
    """Each part of a frame in which everything moves, for so many pictures at once, in float16."""
    return {part: _floor(name, batch) for part, name in _NETWORKS.items()}


def floor_ms(floor: Floor, flops_per_s: float, bytes_per_s: float) -> float:
    """At these rates of a card, in ms: whichever of memory and arithmetic takes longer."""
    seconds = max(floor.flops / flops_per_s, (floor.read_bytes + floor.written_bytes) / bytes_per_s)
    return seconds * 1000


def _floor(name: PartName, batch: int) -> Floor:
    part = PARTS[name]
    with torch.device("meta"), torch.inference_mode():
        network = Network(part, separable=True).half().eval()
        pictures = torch.empty(batch, part.pictures, part.side, part.side, dtype=torch.float16)
        pose = torch.empty(batch, part.pose, dtype=torch.float16)
        counter = FlopCounterMode(display=False)
        with counter:
            maps = network(pictures, pose)
        log = operators_of(lambda: network(pictures, pose))
    read = sum(_bytes(each) for each in (*network.parameters(), pictures, pose))
    return Floor(counter.get_total_flops(), read, _bytes(maps), log.kernels)


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()
