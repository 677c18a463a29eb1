"""What stands between THA3's convolutions, each one kernel where it is compiled.

On a CPU instance norm and activation are torch's own, step by step: OpenVINO knows them, and they gain
nothing there. Elsewhere affine instance norm would first copy its weights for every picture of the batch, two
kernels a norm; group norm with as many groups as channels is the same thing without.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import instance_norm, interpolate, leaky_relu

from avatar_rtc.render.device.fusing import fused

LEAK = 0.1
"""Slope of all leaky ReLUs of THA3."""
EPS = 1e-5
"""Added to a variance before its root is taken."""

Activation = Literal["none", "relu", "leaky"]


class Norm(nn.InstanceNorm2d):
    """Affine instance norm and what follows it: (B, C, H, W) → the same shape."""

    def __init__(self, channels: int, activation: Activation) -> None:
        super().__init__(channels, eps=EPS, affine=True)
        self.activation = activation

    def forward(self, x: Tensor, beside: Tensor | None = None) -> Tensor:
        """The norm of `x` and the activation, and added to it `beside`, of the same shape."""
        on_cpu = x.device.type == "cpu"
        return (normed if on_cpu else normed_at_once)(x, self.weight, self.bias, self.activation, beside)


def normed(x: Tensor, weight: Tensor, bias: Tensor, activation: Activation, beside: Tensor | None) -> Tensor:
    """See `Norm.forward`; by instance norm."""
    return _joined(activated(instance_norm(x, weight=weight, bias=bias, eps=EPS), activation), beside)


@fused()
def normed_at_once(
    x: Tensor, weight: Tensor, bias: Tensor, activation: Activation, beside: Tensor | None
) -> Tensor:
    """See `Norm.forward`; by group norm, equal to 1e-5 of the largest value.

    One kernel where a plane has at most 8192 pixels or there are at least two of them for each of the card's
    multiprocessors; of fewer and larger ones the compiler adds up parts first, which is two more.
    """
    batch, channels, height, width = x.shape
    x = torch.native_group_norm(x, weight, bias, batch, channels, height * width, channels, EPS)[0]
    return _joined(activated(x, activation), beside)


def activated(x: Tensor, activation: Activation) -> Tensor:
    """What follows a norm."""
    if activation == "none":
        return x
    return leaky_relu(x, LEAK) if activation == "leaky" else torch.relu(x)


def _joined(x: Tensor, beside: Tensor | None) -> Tensor:
    return x if beside is None else beside + x


@fused()
def doubled(x: Tensor, beside: Tensor | None) -> Tensor:
    """(B, C, H, W) → (B, C, 2 H, 2 W), each pixel four times, with the channels of `beside` after its own."""
    x = interpolate(x, scale_factor=2, mode="nearest")
    return x if beside is None else torch.cat([x, beside], dim=1)
