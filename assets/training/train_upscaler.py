"""Train the networks of the upscaler on own drawings.

    python assets/training/train_upscaler.py --quality low --out assets/upscaler/anime-low.safetensors

Clean pictures are the shipped characters, backdrops and signs, and drawings made up by `upscaler_drawings`;
each is shrunk to half by one of several filters, a little blurred or rounded to eight bits at times, and the
network learns to undo it. Training uses branches that vanish in the end: each 3 x 3 convolution also has a
1 x 1 one and, where sizes allow, the identity beside it, which are added up into one (RepVGG, arXiv
2101.03697).
"""

import argparse
import time
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import interpolate, pixel_shuffle, relu
from upscaler_drawings import Drawing, draw

from avatar_rtc.distill.training import StepProgress, Training
from avatar_rtc.render.upscale.networks import QUALITIES, SIZES, Doubler, Quality
from avatar_rtc.resources import resource

_PATCH, _BATCH = 40, 16
"""Side of a patch before doubling, in px, and patches in a step."""
_RATE = 2e-3
_DRAWN, _SIDE = 96, 256
"""Drawings made up, and their side in px."""


class Branched(nn.Module):
    """A `Doubler` in training: more branches, and the same function in the end."""

    def __init__(self, channels: int, depth: int) -> None:
        super().__init__()
        sizes = [4, *[channels] * (depth + 1), 16]
        self.wide = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(sizes))
        self.point = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in pairwise(sizes))
        last = self.wide[-1], self.point[-1]
        for layer in last:
            for parameter in layer.parameters():
                nn.init.zeros_(parameter)

    def forward(self, small: Tensor) -> Tensor:
        maps = small
        for place, (wide, point) in enumerate(zip(self.wide, self.point, strict=True)):
            found = wide(maps) + point(maps)
            if found.shape == maps.shape:
                found = found + maps
            maps = relu(found) if place < len(self.wide) - 1 else found
        return interpolate(small, scale_factor=2, mode="bilinear", align_corners=False) + pixel_shuffle(
            maps, 2
        )

    def collapsed(self) -> Doubler:
        """The same function in plain convolutions."""
        wide, point = _convolutions(self.wide), _convolutions(self.point)
        plain = Doubler(wide[0].out_channels, len(wide) - 2)
        for layer, three, one in zip(_convolutions(plain.body), wide, point, strict=True):
            assert layer.bias is not None and three.bias is not None and one.bias is not None
            with torch.no_grad():
                layer.weight.copy_(three.weight)
                layer.weight[:, :, 1:2, 1:2] += one.weight
                if layer.in_channels == layer.out_channels:
                    layer.weight[:, :, 1, 1] += torch.eye(layer.in_channels)
                layer.bias.copy_(three.bias + one.bias)
        return plain


def _convolutions(layers: nn.Module) -> list[nn.Conv2d]:
    return [layer for layer in layers.children() if isinstance(layer, nn.Conv2d)]


def clean_pictures() -> list[Drawing]:
    """Everything to learn from, (H, W, 4) premultiplied sRGB each."""
    folders = [resource("assets", "characters"), resource("assets", "backdrops"), resource("assets", "fx")]
    paths = sorted(p for f in folders for p in f.rglob("*") if p.suffix in (".png", ".webp"))
    shipped = [_read(path) for path in paths if "placeholder" not in path.parts]
    return [picture for picture in shipped if min(picture.shape[:2]) > 2 * _PATCH] + [
        draw(number, _SIDE) for number in range(_DRAWN)
    ]


def _read(path: Path) -> Drawing:
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert pixels is not None, path
    rgba = cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGBA)
    picture: Drawing = rgba.astype(np.float32) / np.float32(255)
    picture[..., :3] *= picture[..., 3:]
    return picture


def patch(pictures: list[Drawing], r: np.random.Generator) -> tuple[Drawing, Drawing]:
    """A patch (2 P, 2 P, 4), turned and recoloured by chance, and the same at half the size."""
    side = 2 * _PATCH
    while True:
        picture = pictures[r.integers(len(pictures))]
        y, x = (int(r.integers(0, length - side + 1)) for length in picture.shape[:2])
        clean = picture[y : y + side, x : x + side]
        if np.ptp(clean) > 0.05:
            break
    clean = np.rot90(clean, int(r.integers(4)))
    clean = clean[:, ::-1] if r.random() < 0.5 else clean
    clean = np.concatenate([clean[..., r.permutation(3)], clean[..., 3:]], -1)
    clean = np.ascontiguousarray(clean * np.float32(r.choice([1.0, r.uniform(0.4, 1.0)])))
    return clean, shrunk(clean, r)


def shrunk(clean: Drawing, r: np.random.Generator) -> Drawing:
    """At half the size, by means or by a bicubic filter wide enough; at times softened or rounded."""
    half = clean.shape[1] // 2, clean.shape[0] // 2
    kind = r.random()
    if kind < 0.6:
        small = cv2.resize(clean, half, interpolation=cv2.INTER_AREA)
    else:
        small = _filtered(clean, bicubic_taps(-0.5 if kind < 0.8 else -0.75))
    if r.random() < 0.15:
        small = cv2.GaussianBlur(small, (0, 0), float(r.uniform(0.2, 0.45)))
    if r.random() < 0.5:
        small = np.round(small * 255) / 255
    found: Drawing = np.clip(small, 0, 1).astype(np.float32)
    return found


def bicubic_taps(a: float) -> NDArray[np.float32]:
    """Keys' cubic stretched to twice its width, for halving: 8 taps."""
    x = np.abs((np.arange(8) - 3.5) / 2)
    near = (a + 2) * x**3 - (a + 3) * x**2 + 1
    far = a * (x**3 - 5 * x**2 + 8 * x - 4)
    taps = np.where(x < 1, near, np.where(x < 2, far, 0))
    found: NDArray[np.float32] = (taps / taps.sum()).astype(np.float32)
    return found


def _filtered(picture: Drawing, taps: NDArray[np.float32]) -> Drawing:
    spread = cv2.sepFilter2D(picture, -1, taps, taps, anchor=(3, 3), borderType=cv2.BORDER_REPLICATE)
    found: Drawing = np.ascontiguousarray(spread[::2, ::2])
    return found


def train(quality: Quality, steps: int, seed: int, checkpoint: Path, progress: StepProgress) -> Doubler:
    """The network of a quality."""
    torch.manual_seed(seed)
    pictures = clean_pictures()

    def loss(module: nn.Module, step: int) -> Tensor:
        r = np.random.default_rng([seed, step])
        pairs = [patch(pictures, r) for _ in range(_BATCH)]
        clean, small = (
            torch.from_numpy(np.stack(side)).permute(0, 3, 1, 2) for side in zip(*pairs, strict=True)
        )
        error = module(small) - clean  # rows of pixels, as they are: convolutions take half the time on a CPU
        found: Tensor = error.abs().mean() + 4 * error.square().mean()
        return found

    network = Branched(*SIZES[quality]).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    run = Training(network, loss, steps, _RATE, checkpoint)
    trained = run.run(progress)
    assert isinstance(trained, Branched)
    return trained.collapsed()


def main() -> None:
    """Train one network and write it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quality", choices=QUALITIES, default="low")
    parser.add_argument("--steps", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    said = time.monotonic()

    def told(done: int, of: int, loss: float) -> None:
        nonlocal said
        if time.monotonic() - said > 10:
            said = time.monotonic()
            print(f"{done} of {of}, loss {loss:.5f}", flush=True)

    args.out.parent.mkdir(parents=True, exist_ok=True)
    network = train(args.quality, args.steps, args.seed, args.out.with_suffix(".pt"), told)
    save_file({name: value.half().contiguous() for name, value in network.state_dict().items()}, args.out)


if __name__ == "__main__":
    main()
