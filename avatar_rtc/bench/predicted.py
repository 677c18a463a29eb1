"""What a card should take for a frame, before anybody has run one on it: formulas, and what they assume.

```
 kernel:  the longest of  operations / (the card's rate x share reached)
                          bytes / (its bandwidth x share reached)     from L2 where they fit
                          the shortest kernel there is                … and the gap to the next
 frame:   the sum of its kernels;  "eager": or of its launches, if that is longer
```
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

import torch

from avatar_rtc.bench.filters import DEFAULT
from avatar_rtc.bench.floors import frame_kernels, layout_traffic
from avatar_rtc.bench.traffic import Fusion, Kernel, Traffic, traffic_of
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.render.filters.chain import run_chain
from avatar_rtc.render.portrait import SIZE

Way = Literal["eager", "graphs", "fused", "by hand"]
WAYS: tuple[Way, ...] = get_args(Way)
"""How the kernels of a frame are started and put together; all but the first by graphs."""
_FUSION: dict[Way, Fusion] = {"eager": "eager", "graphs": "eager", "fused": "fused", "by hand": "by hand"}
I420_BYTES = 3 * SIZE * SIZE
"""Of one picture over its alpha, which is what a frame copies to the host."""


@dataclass(frozen=True)
class DataSheet:
    """A card as its maker describes it; rates are dense, and peaks."""

    name: str
    tensor_flops_per_s: float
    """Of float16, summed up in float32."""
    plain_flops_per_s: float
    """Of float32, outside the tensor cores."""
    bytes_per_s: float
    cache_bytes: int
    """L2."""
    cached_bytes_per_s: float
    """Of L2; nobody's data sheet says it, so it is a guess from others' measurements."""
    copied_bytes_per_s: float
    """To the host, pinned."""
    encoders: int
    """NVENC engines."""


CARDS = (
    DataSheet("H200", 989e12, 67e12, 4.8e12, 50 << 20, 5.5e12, 50e9, 0),
    DataSheet("RTX 4090", 165e12, 82.6e12, 1.008e12, 72 << 20, 4.5e12, 25e9, 2),
    DataSheet("RTX 3070 laptop", 32e12, 16e12, 0.448e12, 4 << 20, 1.2e12, 12e9, 1),
)


@dataclass(frozen=True)
class Assumed:
    """What no data sheet says; the first report of a card puts its own here."""

    tensor_share: float = 0.35
    """Of the tensor cores' peak, by convolutions across 32 to 512 channels of small pictures."""
    plain_share: float = 0.25
    """Of the float32 peak, by convolutions of each channel alone."""
    bytes_share: float = 0.7
    """Of the bandwidth."""
    launch_us: float = 7.0
    """Of the host, for one operator out of Python."""
    replay_us: float = 15.0
    """Of the host, for one graph."""
    shortest_us: float = 2.0
    """From the start of the smallest kernel to its end."""
    gap_us: float = 1.0
    """Between two kernels of a graph."""


def kernel_us(kernel: Kernel, card: DataSheet, assumed: Assumed = Assumed()) -> float:
    """One kernel on the device."""
    rate = (
        card.tensor_flops_per_s * assumed.tensor_share
        if kernel.on_tensor_cores
        else card.plain_flops_per_s * assumed.plain_share
    )
    # What the kernel before has written is still in L2 if both fit.
    fits = kernel.moved_bytes <= card.cache_bytes / 2
    bandwidth = (card.cached_bytes_per_s if fits else card.bytes_per_s) * assumed.bytes_share
    return max(1e6 * kernel.flops / rate, 1e6 * kernel.moved_bytes / bandwidth, assumed.shortest_us)


def frame_ms(kernels: Sequence[Kernel], way: Way, card: DataSheet, assumed: Assumed = Assumed()) -> float:
    """All kernels of a frame, one after the other.

    Args:
        kernels: put together in this way.
    """
    device = sum(kernel_us(each, card, assumed) + assumed.gap_us for each in kernels)
    host = len(kernels) * assumed.launch_us if way == "eager" else assumed.replay_us
    return max(device, host) / 1000


def copy_ms(size: int, card: DataSheet) -> float:
    """So many bytes to the host, and 10 us to begin; beside the next frame, so it adds to the delay alone."""
    return 0.01 + 1000 * size / card.copied_bytes_per_s


def kernels_of_frame(batch: int, way: Way) -> list[Kernel]:
    """Everything of `batch` avatars, all moving, with an empty chain; layouts at 512."""
    return [kernel for part in frame_kernels(batch, _FUSION[way]).values() for kernel in part]


def kernels_of_large_frame(batch: int, way: Way) -> list[Kernel]:
    """The same, each then doubled by the small network and put through the default chain; layouts at 1024."""
    parts = {**frame_kernels(batch, _FUSION[way]), "layout": kernels_at_1024(way) * batch}
    return [kernel for part in parts.values() for kernel in part]


def kernels_at_1024(way: Way) -> list[Kernel]:
    """What that adds for one avatar, its layout among it."""
    return [kernel for each in _at_1024() for kernel in each.kernels(_FUSION[way])]


@cache
def _at_1024() -> Sequence[Traffic]:
    picture = torch.empty(4, SIZE, SIZE, device="meta")
    chain = check_chain([["upscale", {"factor": 2.0, "method": "anime"}], *([name] for name in DEFAULT)])

    def work() -> object:
        return run_chain(picture, "linear", chain, 1.0, 1)

    traffic_of(work)  # tables are made at the first call
    return traffic_of(work), layout_traffic(2 * SIZE)


def avatars(ms: float, batch: int, fps: float = 30.0) -> int:
    """How many avatars keep this rate if so many take so long, all of them moving at every frame.

    >>> avatars(4.0, 4)
    33
    """
    return int(batch * 1000 / fps / ms)
