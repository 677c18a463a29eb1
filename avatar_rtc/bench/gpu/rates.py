"""The card's own rates: what its memory, its arithmetic and its launches reach at the very best here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from avatar_rtc.bench.gpu.rows import ReportRow
from avatar_rtc.bench.gpu.timing import DeviceTimer, TimedCall, side_by_side
from avatar_rtc.render.device.graphs import Graph, Work

Capturer = Callable[[Work, Sequence[Tensor]], Graph]
"""See `Graphs.capture`."""
_CACHED = 4
"""Share of L2, as a divisor, of a tensor that stays there beside its copy."""
_CHANNELS = 256
"""Of the convolution."""


@dataclass(frozen=True)
class RateSizes:
    """How large the pieces are that the rates are measured with."""

    copy_bytes: int = 1 << 28
    """A quarter of a GB: beyond any cache, and in any card."""
    matrix: int = 8192
    """Side of the matrices."""
    picture: int = 256
    """Side of the picture that is convolved, 256 channels."""
    kernels: int = 1000
    """Empty ones, one after the other."""
    cache_bytes: int = 4 << 20
    """L2 of a card that does not say how large its own is."""
    frame_bytes: int = 3 * 512 * 512
    """Of one frame on its way to the host: I420 of 512 px with alpha."""


@dataclass(frozen=True)
class CardRates:
    """What was reached."""

    bytes_per_s: float
    """Read and written together."""
    cache_bytes: int
    """L2."""
    cached_bytes_per_s: float
    """Read and written where both lie in L2."""
    plain_flops_per_s: float
    """float32, a large product of matrices."""
    matrix_flops_per_s: float
    """float16, a large product of matrices."""
    conv_flops_per_s: float
    """float16, a large 3x3 convolution, channels last."""
    launch_us: float
    """Of one kernel, started by the host."""
    graph_launch_us: float
    """Of one kernel within a graph."""
    download_bytes_per_s: Mapping[str, float]
    """Of a frame to the host, into memory that is "pinned" or "pageable"."""

    @property
    def flops_per_s(self) -> float:
        """The better of both."""
        return max(self.matrix_flops_per_s, self.conv_flops_per_s)

    def bytes_per_s_of(self, moved_bytes: float) -> float:
        """For so many bytes that are read and written: what fits into L2 may lie there."""
        return max(self.bytes_per_s, self.cached_bytes_per_s if moved_bytes <= self.cache_bytes else 0.0)


def measured_rates(
    device: torch.device, timer: DeviceTimer, capture: Capturer, sizes: RateSizes, seconds: float
) -> CardRates:
    """Measure them; medians, but the fastest of each, for a floor."""
    calls, work = _arithmetic(device, sizes)
    one = torch.zeros(1, device=device)

    def empty(tensor: Tensor) -> list[Tensor]:
        for _ in range(sizes.kernels):
            tensor = tensor + 1
        return [tensor]

    cache_bytes = _cache_bytes(device) or sizes.cache_bytes
    cached = torch.zeros(cache_bytes // _CACHED, dtype=torch.uint8, device=device)
    calls |= {
        "launches": partial(empty, one),
        "graph": capture(empty, [one]).replay,
        "cached": capture(empty, [cached]).replay,
    }
    frame = torch.zeros(sizes.frame_bytes, dtype=torch.uint8, device=device)
    pinned = torch.empty(sizes.frame_bytes, dtype=torch.uint8, pin_memory=device.type == "cuda")
    pageable = torch.empty(sizes.frame_bytes, dtype=torch.uint8)
    calls |= {
        "pinned": lambda: pinned.copy_(frame, non_blocking=True),
        "pageable": lambda: pageable.copy_(frame),
    }
    times = side_by_side(timer, calls, seconds)
    if failed := "\n".join(each.failed for each in times.values() if each.failed):
        raise RuntimeError(failed)
    best_s = {name: min(each.device_ms) / 1000 for name, each in times.items()}
    # Without what starting the kernels takes, as far as it can be told apart.
    cached_s = max(best_s["cached"] - best_s["graph"], best_s["cached"] / 2)
    return CardRates(
        bytes_per_s=work["copy"] / best_s["copy"],
        cache_bytes=cache_bytes,
        cached_bytes_per_s=2.0 * len(cached) * sizes.kernels / cached_s,
        plain_flops_per_s=work["plain matrix"] / best_s["plain matrix"],
        matrix_flops_per_s=work["matrix"] / best_s["matrix"],
        conv_flops_per_s=work["convolution"] / best_s["convolution"],
        launch_us=times["launches"].median * 1000 / sizes.kernels,
        graph_launch_us=times["graph"].median * 1000 / sizes.kernels,
        download_bytes_per_s={name: sizes.frame_bytes / best_s[name] for name in ("pinned", "pageable")},
    )


def _cache_bytes(device: torch.device) -> int:
    """0 if it is not known."""
    if device.type != "cuda":
        return 0
    return int(getattr(torch.cuda.get_device_properties(device), "L2_cache_size", 0))


def _arithmetic(device: torch.device, sizes: RateSizes) -> tuple[dict[str, TimedCall], dict[str, float]]:
    """Calls, and the bytes or operations of each."""
    source = torch.zeros(sizes.copy_bytes, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    matrix = torch.randn(sizes.matrix, sizes.matrix, device=device, dtype=torch.float16)
    plain = torch.randn(sizes.matrix // 2, sizes.matrix // 2, device=device)
    side = sizes.picture
    picture = torch.randn(1, _CHANNELS, side, side, device=device, dtype=torch.float16)
    picture = picture.contiguous(memory_format=torch.channels_last)
    kernel = torch.randn(_CHANNELS, _CHANNELS, 3, 3, device=device, dtype=torch.float16)
    kernel = kernel.contiguous(memory_format=torch.channels_last)
    calls: dict[str, TimedCall] = {
        "copy": lambda: target.copy_(source),
        "matrix": lambda: matrix @ matrix,
        "plain matrix": lambda: plain @ plain,
        "convolution": lambda: conv2d(picture, kernel, padding=1),
    }
    return calls, {
        "copy": 2.0 * sizes.copy_bytes,
        "matrix": 2.0 * sizes.matrix**3,
        "plain matrix": 2.0 * (sizes.matrix // 2) ** 3,
        "convolution": 2.0 * _CHANNELS * _CHANNELS * 9 * side * side,
    }


def rate_rows(rates: CardRates) -> list[ReportRow]:
    """The rates as rows."""
    down = rates.download_bytes_per_s
    return [
        ReportRow("copy within the card's memory", _gb(rates.bytes_per_s, ", read + written")),
        ReportRow("the same within its L2 cache", _gb(rates.cached_bytes_per_s, ", read + written")),
        ReportRow("float16 product of matrices", _tflops(rates.matrix_flops_per_s)),
        ReportRow("float16 3x3 convolution, 256 channels", _tflops(rates.conv_flops_per_s)),
        ReportRow("float32 product of matrices", _tflops(rates.plain_flops_per_s)),
        ReportRow("starting a kernel from the host", {"rate": rates.launch_us, "unit": "µs"}),
        ReportRow("the shortest kernel within a graph", {"rate": rates.graph_launch_us, "unit": "µs"}),
        ReportRow("a frame to pinned memory of the host", _gb(down["pinned"])),
        ReportRow("a frame to pageable memory", _gb(down["pageable"])),
    ]


def rates_again(first: CardRates, last: CardRates) -> list[ReportRow]:
    """What a card can do when it is hot, and how many times what it did at first that is."""
    pairs = {
        "copy within the card's memory, GB/s": (first.bytes_per_s / 1e9, last.bytes_per_s / 1e9),
        "float16, the better of both, TFLOP/s": (first.flops_per_s / 1e12, last.flops_per_s / 1e12),
    }
    return [
        ReportRow(name, {"at first": before, "at the end": after, "x at first": after / before})
        for name, (before, after) in pairs.items()
    ]


def _gb(rate: float, of: str = "") -> dict[str, float | str]:
    return {"rate": rate / 1e9, "unit": f"GB/s{of}"}


def _tflops(rate: float) -> dict[str, float | str]:
    return {"rate": rate / 1e12, "unit": "TFLOP/s"}
