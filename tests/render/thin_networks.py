"""THA3 with one layer in the place of each network: every path moves pixels, and costs next to nothing."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from avatar_rtc.render.tha3.animator import Tha3Animator
from avatar_rtc.render.tha3.networks import PARTS, NetworkSizes


class ThinNetwork(nn.Module):
    """Pictures (B, C, S, S) and a pose (B, N) → maps (B, M, S, S), as a network of these sizes gives them."""

    def __init__(self, sizes: NetworkSizes) -> None:
        super().__init__()
        maps = sum(channels for _, channels in sizes.heads)
        self.of_pictures = nn.Conv2d(sizes.pictures, maps, 1)
        self.of_pose = nn.Parameter(torch.randn(sizes.pose, maps))

    def forward(self, pictures: Tensor, pose: Tensor) -> Tensor:
        maps: Tensor = (self.of_pictures(pictures) + (pose @ self.of_pose)[:, :, None, None]) / 8
        return maps


def thin_animator(device: str, dtype: torch.dtype) -> Tha3Animator:
    """THA3's own arithmetic around thin networks, the same ones at each call."""
    torch.manual_seed(0)
    networks: dict[Any, Callable[[Tensor, Tensor], Tensor]] = {
        name: ThinNetwork(sizes).to(device, dtype).eval().requires_grad_(False)
        for name, sizes in PARTS.items()
    }
    return Tha3Animator(networks, device, dtype)
