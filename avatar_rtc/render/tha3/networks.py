"""The five THA3 networks: their sizes, and what is made of the maps each of them gives.

Pictures here are linear RGB + straight alpha in [-1, 1]. A network gives raw maps; the functions below turn
maps and pictures into pictures. Maps nobody reads (the rotator's own picture, the combiner's second alpha)
are left out at conversion.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample

from avatar_rtc.render.tha3.blocks import Decoder, Encoder, Upsampling, planes

PartName = Literal[
    "eyebrow_decomposer",
    "eyebrow_morphing_combiner",
    "face_morpher",
    "two_algo_face_body_rotator",
    "editor",
]
PART_NAMES: tuple[PartName, ...] = get_args(PartName)
Warp = Callable[[Tensor, Tensor], Tensor]
"""What `warp` does, by whichever kernel."""
Maps = Callable[[Tensor, Tensor], Tensor]
"""What a `Network` does: pictures (B, C, S, S), pose (B, N) → maps (B, M, S, S)."""


@dataclass(frozen=True)
class NetworkSizes:
    """Sizes of one network."""

    side: int
    """Side of its pictures, px."""
    pictures: int
    """Channels of the pictures given."""
    pose: int
    """Morphs given."""
    pose_enters: Literal["never", "bottleneck", "input"]
    width: int
    """Channels at full size; they double with each halving."""
    kernel: int
    """Of the first convolution."""
    up: Upsampling
    leaky: bool
    """Whether its ReLU are; see `norms.LEAK`."""
    heads: tuple[tuple[str, int], ...]
    """Official names and channels of the maps, in the order in which the one head gives them."""


PARTS: dict[PartName, NetworkSizes] = {
    "eyebrow_decomposer": NetworkSizes(
        128, 4, 0, "never", 64, 3, "transposed", False,
        (("background_layer_alpha.0", 1), ("background_layer_color_change.0", 4),
         ("eyebrow_layer_alpha.0", 1), ("eyebrow_layer_color_change.0", 4)),
    ),
    "eyebrow_morphing_combiner": NetworkSizes(
        128, 8, 12, "bottleneck", 64, 3, "transposed", False,
        (("morphed_eyebrow_layer_grid_change", 2), ("morphed_eyebrow_layer_alpha.0", 1),
         ("morphed_eyebrow_layer_color_change.0", 4)),
    ),
    "face_morpher": NetworkSizes(
        192, 4, 27, "bottleneck", 64, 3, "transposed", False,
        (("iris_mouth_grid_change", 2), ("iris_mouth_alpha.0", 1), ("iris_mouth_color_change.0", 4),
         ("eye_alpha.0", 1), ("eye_color_change.0", 4)),
    ),
    "two_algo_face_body_rotator": NetworkSizes(
        256, 4, 6, "input", 64, 7, "nearest", True,
        (("grid_change_creator", 2),),
    ),
    "editor": NetworkSizes(
        512, 10, 6, "input", 32, 3, "skip", True,
        (("grid_change_creator", 2), ("alpha_creator.0", 4), ("color_change_creator.0", 4)),
    ),
}  # fmt: skip


class Network(nn.Module):
    """One of the five: pictures (B, C, S, S) and a pose (B, N) → maps (B, M, S, S)."""

    def __init__(self, part: NetworkSizes, *, separable: bool) -> None:
        super().__init__()
        self.pose_enters = part.pose_enters
        maps = sum(channels for _, channels in part.heads)
        at_input = part.pose if part.pose_enters == "input" else 0
        self.encoder = Encoder(
            part.pictures + at_input, part.width, part.kernel, part.leaky, separable=separable
        )
        self.decoder = Decoder(
            part.width, maps, part.pose - at_input, part.up, part.leaky, separable=separable
        )

    def forward(self, pictures: Tensor, pose: Tensor) -> Tensor:
        if self.pose_enters == "input":
            pictures = torch.cat([pictures, planes(pose, pictures)], dim=1)
        inside = pose if self.pose_enters == "bottleneck" else None
        maps: Tensor = self.decoder(self.encoder(pictures), inside)
        return maps


class Split(NamedTuple):
    """How a head is taken apart: what is kept of it, and what is painted in its place."""

    background: Tensor
    """(B, 4, H, W) in [-1, 1]: paint of the head without eyebrows."""
    background_alpha: Tensor
    """(B, 1, H, W) in [0, 1]: how much of that is painted."""
    brows: Tensor
    """(B, 4, H, W): paint of the eyebrows alone."""
    brow_alpha: Tensor
    """(B, 1, H, W): how much of those is the head's own."""


def split_of(maps: Tensor) -> Split:
    """What the decomposer's maps (B, 10, H, W) say."""
    background_alpha, background, brow_alpha, colour = maps.split_with_sizes([1, 4, 1, 4], dim=1)
    return Split(background.tanh(), background_alpha.sigmoid(), colour.tanh(), brow_alpha.sigmoid())


def taken_apart(head: Tensor, by: Split) -> tuple[Tensor, Tensor]:
    """Eyebrows alone, and the head without them, (B, 4, H, W) each."""
    return (
        torch.lerp(by.brows, head, by.brow_alpha),
        torch.lerp(head, by.background, by.background_alpha),
    )


def decompose(maps: Tensor, head: Tensor) -> tuple[Tensor, Tensor]:
    """Eyebrows alone, and the head without them, of what the network gave."""
    return taken_apart(head, split_of(maps))


def combine(maps: Tensor, brows: Tensor, background: Tensor, by: Warp | None = None) -> Tensor:
    """The head with its eyebrows moved; alpha is the background's."""
    grid, alpha, colour = maps.split_with_sizes([2, 1, 4], dim=1)
    moved = torch.lerp((by or warp)(brows, grid), colour.tanh(), alpha.sigmoid())
    opacity = (moved[:, 3:] + 1) / 2
    rgb = torch.lerp(background[:, :3], moved[:, :3], opacity)
    return torch.cat([rgb, background[:, 3:]], dim=1)


def morph(maps: Tensor, face: Tensor, by: Warp | None = None) -> Tensor:
    """The face with iris, mouth and eyes moved."""
    grid, mouth_alpha, mouth, eye_alpha, eye = maps.split_with_sizes([2, 1, 4, 1, 4], dim=1)
    face = torch.lerp((by or warp)(face, grid), mouth.tanh(), mouth_alpha.sigmoid())
    return torch.lerp(face, eye.tanh(), eye_alpha.sigmoid())


class BodyTurn(NamedTuple):
    """How a body is turned: where its pixels come from, and what is painted over them."""

    grid: Tensor
    """(B, 2, H, W): what `warp` wants, the rotator's share and the editor's."""
    paint: Tensor
    """(B, 4, H, W) in [-1, 1]."""
    alpha: Tensor
    """(B, 4, H, W) in [0, 1]: how much of each channel is painted."""


def turn_of(maps: Tensor, grid: Tensor) -> BodyTurn:
    """The turn that the editor's maps (B, 10, H, W) and the rotator's grid (B, 2, H, W) are together."""
    change, alpha, colour = maps.split_with_sizes([2, 4, 4], dim=1)
    return BodyTurn(grid + change, colour.tanh(), alpha.sigmoid())


def turned(image: Tensor, turn: BodyTurn, by: Warp | None = None) -> Tensor:
    """The finished picture: warped, and holes painted."""
    return torch.lerp((by or warp)(image, turn.grid), turn.paint, turn.alpha)


def edit(maps: Tensor, grid: Tensor, image: Tensor) -> Tensor:
    """The finished picture, of what the networks gave: `turned` by their turn, step by step in the order in
    which least is kept in memory."""
    change, alpha, colour = maps.split_with_sizes([2, 4, 4], dim=1)
    return torch.lerp(warp(image, grid + change), colour.tanh(), alpha.sigmoid())


def edited(turn: BodyTurn, image: Tensor, step: str) -> Tensor:
    """One step of `turned` alone: the picture "warped", or the "paint", as opaque as it goes over that."""
    if step == "warped":
        return warp(image, turn.grid)
    share = turn.alpha[:, :3].mean(1, keepdim=True)
    return torch.cat([turn.paint[:, :3], share * (turn.paint[:, 3:] + 1) - 1], dim=1)


def warp(image: Tensor, change: Tensor) -> Tensor:
    """Sample `image` at every pixel's own place plus `change` (B, 2, H, W); the half side is 1.

    Always in float32: half floats near 1 have steps of a quarter of a pixel at 512.
    """
    height, width = image.shape[-2:]
    # A compiler makes the places as it goes, which is quicker than to read them.
    places = own_places if torch.compiler.is_compiling() else _kept_places
    grid = places(height, width, image.device) + change.permute(0, 2, 3, 1).float()
    sampled = grid_sample(image.float(), grid, "bilinear", "border", align_corners=False)
    return sampled.to(image.dtype)


def own_places(height: int, width: int, device: torch.device) -> Tensor:
    """(1, H, W, 2): (x, y) of each pixel's centre, the picture reaching from -1 to 1."""
    y = (2 * torch.arange(height, device=device) + 1) / height - 1
    x = (2 * torch.arange(width, device=device) + 1) / width - 1
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)[None]


_kept_places = lru_cache(maxsize=8)(own_places)
