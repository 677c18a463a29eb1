"""Networks of one layer in THA3's place: all of `bench --gpu` in seconds, on the CPU and on the fake card."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import cast

import torch
from torch import Tensor, nn

from avatar_rtc.bench.gpu.faces import portrait
from avatar_rtc.bench.gpu.rates import CardRates, RateSizes
from avatar_rtc.bench.gpu.rig import Rig, RigSizes
from avatar_rtc.bench.gpu.settling import Settler
from avatar_rtc.bench.gpu.timing import HostTimer
from avatar_rtc.render.device.card import Card
from avatar_rtc.render.device.graphs import Graphs
from avatar_rtc.render.device.preparing import done
from avatar_rtc.render.device.recorded import RecordedGraphs
from avatar_rtc.render.device.streams import WaitingStreams
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.tha3.animator import Tha3Animator
from avatar_rtc.render.tha3.networks import PARTS, NetworkSizes
from tests.render.device.rehearsed import RehearsedStreams

TINY = RigSizes(
    RateSizes(copy_bytes=1 << 16, matrix=16, picture=4, kernels=3, frame_bytes=1 << 12),
    batches=(2,), avatars=(2,), poses=1, characters=("liora",), sides=(32,), matte=(64, 32), preroll=1,
    imported="json", tests="no such folder",
)  # fmt: skip
RATES = CardRates(1e12, 1 << 22, 2e12, 1e13, 1e14, 1e14, 5.0, 1.0, {"pinned": 1e10, "pageable": 1e9})
CPU, META = torch.device("cpu"), torch.device("meta")
AT_ONCE = Settler(0.0, done)
"""What is to be made ready is made where it is asked for."""


class OneLayer(nn.Module):
    """Takes and gives what one of THA3's networks does."""

    def __init__(self, part: NetworkSizes) -> None:
        super().__init__()
        self.layer = nn.Conv2d(part.pictures, sum(channels for _, channels in part.heads), 1)

    def forward(self, pictures: Tensor, pose: Tensor) -> Tensor:
        return self.layer(pictures) + pose.sum(1)[:, None, None, None]


def tiny_tha3(device: str = "cpu", dtype: torch.dtype = torch.float32, seed: int = 0) -> Tha3Animator:
    """Random networks, the same for the same seed."""
    torch.manual_seed(seed)
    networks = {name: OneLayer(part) for name, part in PARTS.items()}
    ready = {name: each.eval().requires_grad_(False).to(device, dtype) for name, each in networks.items()}
    return Tha3Animator(ready, device, dtype)  # type: ignore[arg-type]


@contextmanager
def tiny_reference(seed: int, device: torch.device) -> Iterator[Callable[[Tensor, Tensor], Tensor]]:
    """Another animator of these networks, which takes and gives pictures as the reference does."""
    animator = tiny_tha3(str(device), seed=seed)

    def pose(images: Tensor, poses: Tensor) -> Tensor:
        assert images.device.type == poses.device.type == device.type
        characters = [animator.prepare(Portrait.plain(portrait(TINY.characters[0]))) for _ in images]
        return animator.animate(torch.rand(poses.shape) if poses.is_meta else poses, characters) * 2 - 1

    yield pose


def tiny_rig(seed: int = 0) -> Rig:
    """A rehearsal; `seed` is of the product's networks, the reference has 0."""
    load = partial(tiny_tha3, seed=seed)
    return Rig(
        CPU, HostTimer(), cast(Graphs, RecordedGraphs()), Card(CPU, WaitingStreams()), AT_ONCE, TINY,
        load, cache(load),
        cache(lambda dtype: tiny_tha3(seed=seed)), partial(tiny_reference, 0),
    )  # fmt: skip


class CallingTimer:
    """Takes no time: calls once, and says one ms."""

    warm_ups, least = 0, 1

    def settle(self) -> bool:
        return True

    def once(self, call: Callable[[], object]) -> tuple[float, float]:
        call()
        return 1.0, 0.5

    def peak_bytes(self, call: Callable[[], object]) -> int:
        call()
        return 10**6


@dataclass
class CalledGraph:
    """Does its work anew at each replay."""

    work: Callable[..., Sequence[Tensor]]
    inputs: Sequence[Tensor]
    outputs: Sequence[Tensor] = ()

    def replay(self) -> None:
        self.outputs = self.work(*self.inputs)


class CalledGraphs:
    """Graphs of a device that has none."""

    def capture(self, work: Callable[..., Sequence[Tensor]], inputs: Sequence[Tensor]) -> CalledGraph:
        return CalledGraph(work, inputs)


def meta_rig() -> Rig:
    """What runs on a card, on the fake one: a tensor of the CPU among its own raises there."""
    load = partial(tiny_tha3, "meta", torch.float16)
    return Rig(
        META, CallingTimer(), cast(Graphs, CalledGraphs()), Card(META, RehearsedStreams()), AT_ONCE, TINY,
        load, cache(load),
        cache(lambda dtype: tiny_tha3("meta", dtype)), partial(tiny_reference, 0), RATES,
    )  # fmt: skip
