"""The networks that double a drawing, keeping its lines sharp.

```
 (4, H, W) ─► 3 x 3 convolutions at low resolution ─► 16 maps ─► (4, 2 H, 2 W) ─┐
     └────────────────────────── bilinear ──────────────────────────────────────┴► + ─► limits
```

Premultiplied sRGB all through. Trained by `assets/training`; weights ship in `assets/upscaler`.
"""

from functools import lru_cache
from typing import Literal, get_args

import torch
from safetensors import safe_open
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d, pixel_shuffle

from avatar_rtc.errors import SetupError
from avatar_rtc.render.device.fusing import fused
from avatar_rtc.resources import resource

Quality = Literal["low", "high"]
QUALITIES: tuple[Quality, ...] = get_args(Quality)
_STRIP_PIXELS = 1 << 20
"""Doubled at once. The character doubled twice never has more."""
SIZES: dict[Quality, tuple[int, int]] = {"low": (24, 3), "high": (48, 4)}
"""Channels, and convolutions between the first and the last."""


class Doubler(nn.Module):
    """(B, 4, H, W) → (B, 4, 2 H, 2 W), premultiplied sRGB."""

    def __init__(self, channels: int, depth: int) -> None:
        super().__init__()
        inner: list[nn.Module] = []
        for _ in range(depth):
            inner += [nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(inplace=True)]
        self.body = nn.Sequential(
            nn.Conv2d(4, channels, 3, padding=1), nn.ReLU(inplace=True), *inner,
            nn.Conv2d(channels, 16, 3, padding=1),
        )  # fmt: skip

    def forward(self, small: Tensor) -> Tensor:
        return _added(self.body(small), small)

    def doubled(self, image: Tensor) -> Tensor:
        """One picture (4, H, W) → (4, 2 H, 2 W).

        Alpha stays between the least and the most there is around the pixel, and colour between 0 and alpha:
        nothing rings, and nothing appears where nothing is drawn.
        """
        height, width = image.shape[-2:]
        # What a pixel beside the drawing depends on: wider by that, the result is the same.
        margin = len(self.body) // 2 + 2
        if height > 2 * margin and height * width > _STRIP_PIXELS:
            return self._by_strips(image, margin)
        if image.device.type != "cpu":  # looking where something is drawn would wait for the device
            return self._limited(image)
        rows, columns = (_drawn(image[3], axis, margin) for axis in (1, 0))
        if (rows, columns) == (slice(0, height), slice(0, width)):
            return self._limited(image)
        large = image.new_zeros(4, 2 * height, 2 * width)
        if rows.stop:
            place = (slice(2 * side.start, 2 * side.stop) for side in (rows, columns))
            large[:, *place] = self._limited(image[:, rows, columns])
        return large

    def _by_strips(self, image: Tensor, margin: int) -> Tensor:
        """One strip of rows after the other: the maps of 2000 px square would take 2 GB."""
        height, width = image.shape[-2:]
        large = image.new_empty(4, 2 * height, 2 * width)
        rows = max(2 * margin, _STRIP_PIXELS // width - 2 * margin)
        for top in range(0, height, rows):
            end = min(height, top + rows)
            first = max(0, top - margin)
            strip = self._limited(image[:, first : min(height, end + margin)])
            large[:, 2 * top : 2 * end] = strip[:, 2 * (top - first) : 2 * (end - first)]
        return large

    def _limited(self, image: Tensor) -> Tensor:
        small, given = _rows_of_pixels(image, next(self.parameters()).dtype)
        return _within_limits(self.body(given), small, image)


@fused(kernels=2)
def _rows_of_pixels(image: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """The picture (1, 4, H, W) in rows of pixels, as it is and in the type of a network's weights.

    Convolutions of few channels take half the time so on a CPU.
    """
    small = image[None].contiguous(memory_format=torch.channels_last)
    return small, small.to(dtype)


@fused(kernels=3)
def _within_limits(maps: Tensor, small: Tensor, image: Tensor) -> Tensor:
    """The doubled picture (4, 2 H, 2 W), of what a network found (1, 16, H, W) and the small one."""
    large = _added(maps, small)[0].contiguous()
    alpha = image[None, 3:]
    most = interpolate(max_pool2d(alpha, 3, 1, 1), scale_factor=2, mode="nearest")[0]
    least = interpolate(-max_pool2d(-alpha, 3, 1, 1), scale_factor=2, mode="nearest")[0]
    large[3:].clamp_(least, most)
    large[:3].clamp_(torch.zeros_like(most), large[3:])
    return large


def _added(maps: Tensor, small: Tensor) -> Tensor:
    base = interpolate(small, scale_factor=2, mode="bilinear", align_corners=False)
    return base + pixel_shuffle(maps, 2)


def _drawn(alpha: Tensor, axis: int, margin: int) -> slice:
    """Where alpha (H, W) is not 0 when looked at along an axis, and a margin; empty if nowhere."""
    found = alpha.any(axis).nonzero()
    if not len(found):
        return slice(0, 0)
    return slice(max(0, int(found[0]) - margin), min(alpha.shape[1 - axis], int(found[-1]) + 1 + margin))


@lru_cache(maxsize=4)
def load_upscaler(quality: Quality, device: torch.device, dtype: torch.dtype) -> Doubler:
    """The network that ships for a quality.

    Raises:
        SetupError: its weights are missing or damaged.
    """
    path = resource("assets", "upscaler") / f"anime-{quality}.safetensors"
    network = Doubler(*SIZES[quality])
    try:
        with safe_open(path, "pt") as file:
            network.load_state_dict({name: file.get_tensor(name).float() for name in file.keys()})  # noqa: SIM118
    except (OSError, RuntimeError) as error:
        raise SetupError(f"the upscaler's weights {path} cannot be read: {error}") from None
    network = network.eval().requires_grad_(False).to(device, dtype)
    return network.to(memory_format=torch.channels_last)  # type: ignore[no-any-return,call-overload]
