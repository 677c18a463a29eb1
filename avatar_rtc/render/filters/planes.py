"""The arithmetic that filters share: blurs, warps, luminance, noise. Pictures are (C, H, W), on any device.

On a CPU the blurs and warps are OpenCV's, since torch takes five times as long there (Gaussian of 21 taps on
4 x 512 x 512: 5.9 ms against 27); on a GPU they are torch's. Both give the same to 1e-4. Edges repeat the
outermost pixel. Lengths are in px of the picture at hand; `scale_of` tells how many there are to one of a
picture 512 px high.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import conv2d, grid_sample, interpolate, pad

Plane = NDArray[np.float32]
FRAME_HZ = 25
"""Random textures are drawn anew so often per second, whatever the frame rate."""
_COARSE = 5.0
"""From this sigma on, in px, a blur works on a smaller picture: it has nothing fine to lose."""
LUMA = (0.2126, 0.7152, 0.0722)
"""Of linear red, green, blue: relative luminance (ITU-R BT.709-6, 3.2)."""
_U, _V = 1.8556, 1.5748
"""What B - Y and R - Y are divided by, so that chroma lies in [-0.5, 0.5] (BT.709-6, 3.2)."""


def scale_of(image: Tensor) -> float:
    """How many px of this picture make one of a picture 512 px high."""
    return image.shape[-2] / 512


@lru_cache(maxsize=32)
def centres(count: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Centres of `count` pixels on the axis from -1 to 1: (2 i + 1) / count - 1. Read only."""
    return (torch.arange(count, device=device, dtype=dtype) * 2 + 1) / count - 1


def rows_and_columns(image: Tensor) -> tuple[Tensor, Tensor]:
    """y (H, 1) and x (1, W) in [-1, 1], on the picture's device."""
    h, w = image.shape[-2:]
    return (
        centres(h, image.device, image.dtype)[:, None],
        centres(w, image.device, image.dtype)[None, :],
    )


def luminance(rgb: Tensor) -> Tensor:
    """Relative luminance (1, H, W) of linear RGB (3, H, W)."""
    return (rgb[0] * LUMA[0]).add_(rgb[1], alpha=LUMA[1]).add_(rgb[2], alpha=LUMA[2])[None]


def with_luminance(rgb: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """The same chroma with another luminance, clamped: in YUV all three colours move by its change."""
    return (rgb + (after - before)).clamp_(0, 1)


def to_yuv(rgb: Tensor) -> Tensor:
    """Y in [0, 1], U and V in [-0.5, 0.5], (3, H, W), of linear RGB (3, H, W)."""
    y = luminance(rgb)
    return torch.cat([y, (rgb[2:] - y) / _U, (rgb[:1] - y) / _V])


def from_yuv(yuv: Tensor) -> Tensor:
    """Linear RGB (3, H, W), clamped to [0, 1]."""
    y, u, v = yuv
    r, b = y + _V * v, y + _U * u
    return torch.stack([r, (y - LUMA[0] * r - LUMA[2] * b) / LUMA[1], b]).clamp_(0, 1)


def blur(planes: Tensor, sigma_y: float, sigma_x: float) -> Tensor:
    """Gaussian blur with sigmas in px, kernel cut at 3 sigma; a sigma of 0 leaves that axis alone.

    Args:
        planes: (C, H, W), C any; premultiplied if they are a picture with alpha.
    """
    if max(sigma_y, sigma_x) < 0.1:
        return planes
    steps = [_coarseness(sigma) for sigma in (sigma_y, sigma_x)]
    if max(steps) == 1:
        return _blur(planes, sigma_y, sigma_x)
    h, w = planes.shape[-2:]
    small = shrunk(planes, *steps)
    # Shrinking by n is a box of n px, enlarging again a triangle: variances (n² - 1) / 12 and (n² - 1) / 6.
    rest = [
        math.sqrt(max(0.0, sigma**2 - (n * n - 1) / 4)) / n
        for sigma, n in zip((sigma_y, sigma_x), steps, strict=True)
    ]
    return enlarged(_blur(small, *rest), h, w)


def _coarseness(sigma: float) -> int:
    return 1 if sigma < _COARSE else 2 ** int(math.log2(sigma / _COARSE * 2))


def shrunk(planes: Tensor, step_y: int, step_x: int) -> Tensor:
    """One px of so many, by area; (C, ⌈H / step_y⌉, ⌈W / step_x⌉)."""
    h, w = planes.shape[-2:]
    size = -(-h // step_y), -(-w // step_x)
    if planes.device.type == "cpu" and h % step_y == 0 and w % step_x == 0:
        return _each(
            planes, size, lambda p, out: cv2.resize(p, size[::-1], out, interpolation=cv2.INTER_AREA)
        )
    return interpolate(planes[None], size=size, mode="area")[0]


def enlarged(planes: Tensor, h: int, w: int) -> Tensor:
    """At another size, bilinear; (C, h, w)."""
    if planes.device.type == "cpu":
        return _each(
            planes, (h, w), lambda p, out: cv2.resize(p, (w, h), out, interpolation=cv2.INTER_LINEAR)
        )
    return interpolate(planes[None], size=(h, w), mode="bilinear", align_corners=False)[0]


def as_blocks(planes: Tensor, high: int, wide: int, h: int, w: int) -> Tensor:
    """Each px as a block of high x wide px, from the upper left on, cut to (C, h, w)."""
    count, rows, columns = planes.shape
    blocks = planes[:, :, None, :, None].expand(-1, -1, high, -1, wide)
    return blocks.reshape(count, rows * high, columns * wide)[:, :h, :w]


def _blur(planes: Tensor, sigma_y: float, sigma_x: float) -> Tensor:
    ky, kx = gaussian(sigma_y), gaussian(sigma_x)
    if planes.device.type == "cpu":
        size = planes.shape[-2], planes.shape[-1]
        return _each(
            planes, size, lambda p, out: cv2.sepFilter2D(p, -1, kx, ky, out, borderType=cv2.BORDER_REPLICATE)
        )
    count = planes.shape[0]
    for kernel, shape in ((ky, (1, 1, -1, 1)), (kx, (1, 1, 1, -1))):
        if len(kernel) == 1:
            continue
        weight = torch.from_numpy(kernel).to(planes).view(shape).expand(count, -1, -1, -1)
        reach = len(kernel) // 2
        margins = (0, 0, reach, reach) if shape[2] == -1 else (reach, reach, 0, 0)
        planes = conv2d(pad(planes[None], margins, "replicate"), weight, groups=count)[0]
    return planes


@lru_cache(maxsize=64)
def gaussian(sigma: float) -> Plane:
    """Taps of a Gaussian of that sigma in px, float32, cut at 3 sigma, with sum 1; one tap for 0.

    >>> gaussian(0.0).tolist()
    [1.0]
    """
    reach = math.ceil(3 * sigma)
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-6)) ** 2)
    kernel: Plane = (taps / taps.sum()).astype(np.float32)
    return kernel


def sample(image: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """The picture (C, H, W) looked up at places in px, bilinear; (C, h, w).

    Args:
        y, x: where to look for each pixel, (h, w) or what broadcasts to it; 0 is the first pixel's centre.
    """
    shape = torch.broadcast_shapes(y.shape, x.shape)  # type: ignore[no-untyped-call]
    y, x = y.expand(shape), x.expand(shape)
    if image.device.type == "cpu":
        rows = image.permute(1, 2, 0).contiguous().numpy()
        found = cv2.remap(
            rows, x.float().contiguous().numpy(), y.float().contiguous().numpy(), cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        return torch.from_numpy(found.reshape(*y.shape, -1)).permute(2, 0, 1).contiguous()
    h, w = image.shape[-2:]
    grid = torch.stack([(2 * x + 1) / w - 1, (2 * y + 1) / h - 1], dim=-1)
    return grid_sample(image[None], grid[None].to(image), "bilinear", "border", align_corners=False)[0]


def shifted(image: Tensor, shift_y: Tensor | float, shift_x: Tensor | float) -> Tensor:
    """Each pixel looked up so many px further down and right, bilinear; shifts broadcast to (H, W)."""
    h, w = image.shape[-2:]
    y = torch.arange(h, device=image.device, dtype=image.dtype)[:, None] + shift_y
    x = torch.arange(w, device=image.device, dtype=image.dtype)[None, :] + shift_x
    return sample(image, y, x)


def magnified(image: Tensor, factor: float, centre_y: float = 0.0, centre_x: float = 0.0) -> Tensor:
    """The picture grown by a factor about a point in [-1, 1]²: looked up at c + (p - c) / factor."""
    h, w = image.shape[-2:]
    y, x = ((centre + 1) * side / 2 - 0.5 for centre, side in ((centre_y, h), (centre_x, w)))
    return _placed(image, 1 / factor, y - y / factor, x - x / factor)


def moved(image: Tensor, down: float, right: float) -> Tensor:
    """The picture moved by px, bilinear."""
    return _placed(image, 1.0, -down, -right)


def _placed(image: Tensor, scale: float, y: float, x: float) -> Tensor:
    """Looked up at p · scale + (y, x), in px."""
    h, w = image.shape[-2:]
    if image.device.type == "cpu":
        matrix = np.array([[scale, 0, x], [0, scale, y]], np.float32)
        flags, border = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, cv2.BORDER_REPLICATE
        return _each(
            image, (h, w), lambda p, out: cv2.warpAffine(p, matrix, (w, h), out, flags, borderMode=border)
        )
    rows = torch.arange(h, device=image.device, dtype=image.dtype) * scale + y
    columns = torch.arange(w, device=image.device, dtype=image.dtype) * scale + x
    grid = torch.stack(
        torch.meshgrid((2 * columns + 1) / w - 1, (2 * rows + 1) / h - 1, indexing="xy"), dim=-1
    )
    return grid_sample(image[None], grid[None], "bilinear", "border", align_corners=False)[0]


def tick_of(t: float) -> int:
    """Which 25th of a second t lies in.

    Times have the errors of floats: 29 / 25 s would lie in the 28th, and grain stand still for two pictures.

    >>> tick_of(29 / 25), tick_of(29 / 25 - 1e-12), tick_of(1.199)
    (29, 29, 29)
    """
    return int(t * FRAME_HZ + 1e-6)


def uniform(seed: int, t: float, salt: int, height: int, width: int, like: Tensor) -> Tensor:
    """Uniform noise (height, width) in [0, 1), the same for the same seed, salt and 25th of a second.

    Args:
        salt: tells apart noises that one operation draws for different ends.
        like: gives device and type.
    """
    generator = torch.Generator(like.device).manual_seed(key(seed, t, salt))
    return torch.rand(height, width, generator=generator, device=like.device, dtype=like.dtype)


def draws(seed: int, t: float, salt: int, period: int = 1) -> np.random.Generator:
    """Random decisions, which change every `period` 25ths of a second."""
    return np.random.default_rng([seed % 2**63, tick_of(t) // period, salt])


def key(seed: int, t: float, salt: int) -> int:
    """One number in [0, 2⁶³) for a seed, the 25th of a second that t lies in, and a salt.

    >>> key(1, 0.0, 0) == key(1, 0.039, 0), key(1, 0.0, 0) == key(1, 0.041, 0)
    (True, False)
    """
    mixed = np.random.SeedSequence([seed % 2**63, tick_of(t), salt]).generate_state(1, np.uint64)
    return int(mixed[0]) >> 1


def _each(planes: Tensor, size: tuple[int, int], change: Callable[[Plane, Plane], object]) -> Tensor:
    """What `change` writes of each plane into a new one of that size."""
    out = torch.empty(len(planes), *size, dtype=torch.float32)
    for before, after in zip(planes.contiguous().float(), out, strict=True):
        change(before.numpy(), after.numpy())
    return out
