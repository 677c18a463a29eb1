"""THA3's maps at a larger side than it sees: the laws of `networks.py`, applied to the artist's own pixels.

```
 512 px picture ─► network ─► maps ─┬─► law ─► picture at 512     what the next network sees
                                    └─ enlarged ─┐
 large picture ──────────────────────────────────┴► law ─► large picture
```
Grids and alphas are smooth, so they may be enlarged; a grid needs no scaling, for its unit is half a side.
What THA3 paints has its own detail only: there the `anime` upscaler adds what it finds beyond interpolation.
"""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample, interpolate, max_pool2d

from avatar_rtc.render.colour import converted
from avatar_rtc.render.device.fusing import fused
from avatar_rtc.render.device.host import on_host
from avatar_rtc.render.device.precision import network_precision
from avatar_rtc.render.pixels import premultiplied, straight
from avatar_rtc.render.portrait import SIZE
from avatar_rtc.render.resting import nearness_to_rest
from avatar_rtc.render.tha3.boxes import FACE_BOX, HEAD_IN_FACE, box_at
from avatar_rtc.render.tha3.networks import BodyTurn, combine, morph, own_places, turn_of, turned, warp
from avatar_rtc.render.upscale.interpolation import interpolated
from avatar_rtc.render.upscale.networks import Doubler, load_upscaler

_SHARP = 0.75
"""Share of the sharper kernel."""
_MEANT_PX = 1.5
"""What moves further at rest is meant; in px of a network's own picture."""
_AROUND = 8
"""Px around that in which the grid is left, too."""
_VEIL = 0.02
"""So little paint is none: it would lie over a third of a figure, and blur it."""


def maps_at(maps: Tensor, side: int) -> Tensor:
    """Maps (B, C, h, h) at another side, (B, C, side, side), float32: bicubic (Keys, a = -0.75)."""
    maps = maps.float()
    if on_host(maps):
        return torch.stack([interpolated(each, side, side, "bicubic") for each in maps])
    return interpolate(maps, size=(side, side), mode="bicubic", align_corners=False)


def sharp_warp(image: Tensor, change: Tensor) -> Tensor:
    """As `warp`, mostly by Keys' kernel (a = -0.75), which keeps lines that bilinear weights blur; float32.

    All of it would be as sharp as the source, and further from THA3's own picture, which is blurred so.
    """
    image = image.float()
    height, width = image.shape[-2:]
    places = own_places(height, width, image.device) + change.permute(0, 2, 3, 1).float()
    sharp = grid_sample(image, places, "bicubic", "border", align_corners=False).clamp(-1, 1)
    return torch.lerp(warp(image, change), sharp, _SHARP)


def layer_warp(image: Tensor, change: Tensor) -> Tensor:
    """As `warp`, of a layer of which most shows nothing: its colours count by their alpha; float32.

    Straight ones would take a dark rim from the black of what does not show, which 512 px hide.
    """
    shown = (image.float() + 1) / 2
    moved = straight(warp(premultiplied(shown), change))
    return moved * 2 - 1


def slight(grid: Tensor) -> Tensor:
    """Of a grid of rest (B, 2, h, h) what nobody means; 0 around what moves by more than that.

    THA3 closes an open mouth at rest, and it is to stay closed.
    """
    px = grid.square().sum(1, keepdim=True).sqrt() * (grid.shape[-1] / 2)
    meant = max_pool2d((px > _MEANT_PX).float(), 2 * _AROUND + 1, 1, _AROUND)
    return grid * (1 - avg_pool2d(meant, _AROUND + 1, 1, _AROUND // 2, count_include_pad=False))


def steadied(maps: Tensor, rest: Tensor, pose: Tensor) -> Tensor:
    """Maps that begin with a grid, less the grid of rest as far as the pose is near rest; float32.

    At rest THA3 shifts most pixels by some tenths, which blurs, and is meant by nobody.

    Args:
        maps: (B, 2 or more, h, h).
        rest: (B, 2, h, h): the grid in the neutral pose.
        pose: (B, N): the morphs that tell how near that is.
    """
    near = nearness_to_rest(pose)[:, None, None, None]
    grid = maps[:, :2].float() - near * rest.float()
    return torch.cat([grid, maps[:, 2:].float()], dim=1) if maps.shape[1] > 2 else grid


@fused(kernels=4)
def large_brows(maps: Tensor, pose: Tensor, brows: Tensor, background: Tensor, rest: Tensor) -> Tensor:
    """`combine` at the side of the brows (B, 4, h, h); maps (B, 7, 128, 128), the pose (B, 12)."""
    larger_maps = maps_at(steadied(maps, rest, pose), brows.shape[-1])
    return combine(larger_maps, brows.float(), background.float(), layer_warp).to(brows.dtype)


@fused(kernels=5)
def large_face(maps: Tensor, pose: Tensor, face: Tensor, head: Tensor, rest: Tensor, found: Tensor) -> Tensor:
    """`morph` at the side of the face (B, 4, h, h), the head laid into it.

    Args:
        maps: (B, 12, 192, 192).
        pose: (B, 27).
        found: (B, 4, h, h): beyond interpolation, see `sharpness`; added where THA3 painted.
    """
    side = face.shape[-1]
    given = face.float().clone()
    given[:, :, *box_at(HEAD_IN_FACE, side * SIZE // FACE_BOX.width).slices] = head.float()
    large = maps_at(steadied(maps, rest, pose), side)
    share = 1 - (1 - large[:, 2:3].sigmoid()) * (1 - large[:, 7:8].sigmoid())
    return (morph(large, given, sharp_warp) + share * found).clamp(-1, 1).to(face.dtype)


@fused()
def steady_grid(grid: Tensor, rest: Tensor, pose: Tensor) -> Tensor:
    """The body's grid (B, 2, 512, 512), steadied by its turn; breathing (the last of the six) moves a chest
    only, and would sway all else."""
    return steadied(grid, rest, pose[:, :-1])


@fused()
def exact_turn(maps: Tensor, grid: Tensor) -> BodyTurn:
    """`turn_of` in float32, for half floats have steps of an eighth of a pixel at 1024 px; without veil."""
    turn = turn_of(maps.float(), grid.float())
    return turn._replace(alpha=((turn.alpha - _VEIL) / (1 - _VEIL)).clamp_min(0))


def half_way(one: BodyTurn, other: BodyTurn) -> BodyTurn:
    """The mean of two turns."""
    return BodyTurn(
        (one.grid + other.grid) / 2,
        (one.paint + other.paint) / 2,
        (one.alpha + other.alpha) / 2,
    )


@fused(kernels=5)
def large_body(turn: BodyTurn, picture: Tensor) -> Tensor:
    """`turned` at the side of the picture (B, 4, S, S); float32 in [0, 1]. The turn is that of 512 px."""
    shown = turned(picture.float(), larger(turn, picture.shape[-1]), sharp_warp)
    return ((shown + 1) / 2).clamp(0, 1)


def larger(turn: BodyTurn, side: int) -> BodyTurn:
    """A turn at another side; the paint may ring, and is clamped by whoever shows it."""
    return BodyTurn(*(maps_at(each, side) for each in turn))


def painter(device: torch.device) -> Doubler:
    """The upscaler for what is painted; loaded once for a device."""
    return load_upscaler("low", device, network_precision(device))


def sharpness(picture: Tensor, side: int) -> Tensor:
    """What the `anime` upscaler finds in a picture that interpolation does not: (B, 4, side, side), float32.

    Doubled once, whatever the side: what is beyond that it would make up.

    Args:
        picture: (B, 4, h, h), linear RGB + straight alpha in [-1, 1].
    """
    shown = converted((picture.float() + 1) / 2, "linear", "srgb-premultiplied")
    shown = shown.to(network_precision(picture.device)).contiguous(memory_format=torch.channels_last)
    doubled = painter(picture.device)(shown)
    return _beyond(doubled.float(), picture.float(), side)


@fused(kernels=4)
def _beyond(doubled: Tensor, picture: Tensor, side: int) -> Tensor:
    alpha = doubled[:, 3:].clamp(0, 1)
    colour = torch.minimum(doubled[:, :3].clamp_min(0), alpha)
    sharp = converted(torch.cat([colour, alpha], dim=1), "srgb-premultiplied", "linear") * 2 - 1
    return maps_at((sharp - maps_at(picture, doubled.shape[-1])) * alpha, side)
