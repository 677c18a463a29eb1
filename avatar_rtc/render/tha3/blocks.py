"""Encoder and decoder of which all five THA3 networks are made.

```
 picture ─► Encoder: conv, then 3 x half the side, twice the channels ─► features, finest first
                                                                            │ (+ pose)
 maps    ◄─ Decoder: 6 blocks at the coarsest level, then 3 x twice the side, one 3x3 head
```
The *separable* variant splits every convolution in two: one filter per channel, then 1x1 across channels.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from avatar_rtc.render.tha3.norms import Norm, doubled

DOUBLINGS = 3  # halvings of the side, in all five networks
BOTTLENECK_BLOCKS = 6

Upsampling = Literal["transposed", "nearest", "skip"]


def convolution(
    inputs: int, outputs: int, kernel: int, *, separable: bool, transposed: bool = False
) -> list[nn.Module]:
    """The layers of one convolution; a kernel of 4 halves the side (or doubles it if transposed)."""
    make = nn.ConvTranspose2d if transposed else nn.Conv2d
    stride = 2 if kernel == 4 else 1
    padding = (kernel - 1) // 2
    if not separable:
        return [make(inputs, outputs, kernel, stride, padding, bias=False)]
    return [
        make(inputs, inputs, kernel, stride, padding, groups=inputs, bias=False),
        nn.Conv2d(inputs, outputs, 1, bias=False),
    ]


def block(
    inputs: int, outputs: int, kernel: int, leaky: bool, *, separable: bool, transposed: bool = False
) -> nn.Sequential:
    """Convolution, instance norm, (leaky) ReLU."""
    layers = convolution(inputs, outputs, kernel, separable=separable, transposed=transposed)
    return nn.Sequential(*layers, Norm(outputs, "leaky" if leaky else "relu"))


class ResidualBlock(nn.Module):
    """(B, C, H, W) → the same shape; two convolutions beside the identity."""

    def __init__(self, channels: int, leaky: bool, *, separable: bool) -> None:
        super().__init__()
        first = convolution(channels, channels, 3, separable=separable)
        second = convolution(channels, channels, 3, separable=separable)
        self.path = nn.ModuleList(
            [
                _single(first),
                Norm(channels, "leaky" if leaky else "relu"),
                nn.Identity(),  # the official networks count their activation
                _single(second),
                Norm(channels, "none"),
            ]
        )

    def forward(self, x: Tensor) -> Tensor:
        first, norm, _, second, last = self.path
        summed: Tensor = last(second(norm(first(x))), beside=x)
        return summed


def _single(layers: list[nn.Module]) -> nn.Module:
    return layers[0] if len(layers) == 1 else nn.Sequential(*layers)


class Encoder(nn.Module):
    """(B, inputs, S, S) → features [(B, width * 2^i, S / 2^i, S / 2^i) for i in 0..3]."""

    def __init__(self, inputs: int, width: int, kernel: int, leaky: bool, *, separable: bool) -> None:
        super().__init__()
        self.down = nn.ModuleList([block(inputs, width, kernel, leaky, separable=separable)])
        # The official non-separable networks use a plain ReLU here whatever the rest has.
        leaky = leaky and separable
        for level in range(DOUBLINGS):
            channels = width << level
            self.down.append(block(channels, 2 * channels, 4, leaky, separable=separable))

    def forward(self, x: Tensor) -> list[Tensor]:
        features = []
        for layer in self.down:
            x = layer(x)
            features.append(x)
        return features


class Decoder(nn.Module):
    """Features of an `Encoder` and, for some networks, a pose → maps (B, outputs, S, S).

    `pose` is the number of morphs appended as constant channels at the coarsest level. With "skip" the
    finer features are appended on the way up; otherwise only the coarsest is read.
    """

    def __init__(
        self, width: int, outputs: int, pose: int, up: Upsampling, leaky: bool, *, separable: bool
    ) -> None:
        super().__init__()
        self.upsampling = up
        coarsest = width << DOUBLINGS
        blocks: list[nn.Module] = [
            ResidualBlock(coarsest, leaky, separable=separable) for _ in range(BOTTLENECK_BLOCKS)
        ]
        if up == "transposed":
            blocks[0] = block(coarsest + pose, coarsest, 3, leaky, separable=separable)
        self.mid = nn.ModuleList(blocks)
        self.up = nn.ModuleList()
        for level in reversed(range(DOUBLINGS)):
            fine, coarse = width << level, width << (level + 1)
            if up == "transposed":
                self.up.append(block(coarse, fine, 4, leaky, separable=separable, transposed=True))
            else:
                inputs = coarse + fine if up == "skip" else coarse
                self.up.append(block(inputs, fine, 3, leaky, separable=separable))
        self.head = nn.Conv2d(width, outputs, 3, padding=1)

    def forward(self, features: list[Tensor], pose: Tensor | None = None) -> Tensor:
        x = features[-1]
        if pose is not None:
            x = torch.cat([x, planes(pose, x)], dim=1)
        for layer in self.mid:
            x = layer(x)
        for level, layer in enumerate(self.up):
            if self.upsampling != "transposed":
                x = doubled(x, features[-2 - level] if self.upsampling == "skip" else None)
            x = layer(x)
        maps: Tensor = self.head(x)
        return maps


def planes(pose: Tensor, like: Tensor) -> Tensor:
    """A pose (B, N) as constant planes (B, N, H, W) of the size of `like`."""
    return pose[:, :, None, None].expand(-1, -1, *like.shape[-2:])
