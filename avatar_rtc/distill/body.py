"""Training the body part: from a pose to where each pixel comes from, and what is painted over holes.

A step looks at one window of the picture: most often at eyes and mouth, which people look at and which cost a
quarter as much, else at a random half of the rows.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, grid_sample, interpolate

from avatar_rtc.distill.body_window import maps_in
from avatar_rtc.distill.samples import give_back
from avatar_rtc.distill.training import Training, draw
from avatar_rtc.distill.warm_start import begin_as
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.pixels import from_bytes, premultiplied
from avatar_rtc.render.student.file import Student
from avatar_rtc.render.student.networks import BodyDecoder, DecoderSizes, body_features
from avatar_rtc.render.tha3.boxes import FACE_BOX
from avatar_rtc.stream.box import Box
from avatar_rtc.student_header import BODY_INPUTS, ROTATION_INPUTS

_BATCH = 6
_RATE = 1e-3
"""Of AdamW: larger steps, and Muon's, lose what another character's decoder knows."""
_CHANNELS, _HIDDEN, _RANK = (64, 64, 40, 28), 96, 40
_RIDGE = 1e-2
_NEAR_WEIGHT = 3.0
"""A pixel near eyes and mouth counts as much as so many others when a window shows more than that."""
_EMPTY_WEIGHT = 3.0
"""The same of a pixel where nothing is to be seen: what is painted there is dirt on whoever's page."""
_NEAR = 0.65
"""The share of the steps that look at eyes and mouth alone."""
_ENOUGH = 600
"""With fewer bodies, a decoder that knows the face learns them by heart (aria1, 240 bodies: 31.9 dB,
against 32.6 by rotation alone); then no step looks at eyes and mouth alone either."""
_KEPT_STEPS = 8
"""After so many steps the bodies read meanwhile are given back: 6 MB of a step."""
_SIDE = 512
_SMALL = 0.7
"""The share of the steps, from the first, that compare pictures of half the size: at two thirds of the cost,
and the maps have that size anyway."""
_REACH = 64
"""How far from a window its colours may come, in px; beyond that the source counts as transparent."""


def body_sizes(box: Box, bodies: int = _ENOUGH) -> DecoderSizes:
    """Sizes of the decoder for a box and a number of samples; its maps have half the box's size."""
    inputs = BODY_INPUTS if bodies >= _ENOUGH else ROTATION_INPUTS
    scale = 2 ** (len(_CHANNELS) + 1)
    return DecoderSizes(inputs, box.height // scale, box.width // scale, _CHANNELS, 7, _HIDDEN, _RANK)


def body_training(
    box: Box,
    features: Box,
    bodies: NDArray[np.void],
    source: NDArray[np.uint8],
    steps: int,
    seed: int,
    path: Path,
    device: str,
    start: Student | None = None,
) -> Training:
    """The training of the body's decoder.

    Args:
        box: see `body_box`.
        features: eyes and mouth, as they lie before the body moves.
        bodies: POSED_BODY records.
        source: (512, 512, 4) sRGB, straight alpha: the character as it was drawn.
        path: of the checkpoint.
        start: another character's, to begin with.
    """
    torch.manual_seed(seed)
    lesson = _Lesson(box, features, bodies, source, steps, seed, device)
    network = BodyDecoder(body_sizes(box, len(bodies)))
    if start is not None:
        begin_as(network.decoder, start.body.decoder)
    lesson.start(network)
    return Training(network.to(device), lesson.loss, steps, _RATE, path)


class _Lesson:
    """The samples of the body and how far a decoder is from them."""

    def __init__(
        self,
        box: Box,
        features: Box,
        bodies: NDArray[np.void],
        source: NDArray[np.uint8],
        steps: int,
        seed: int,
        device: str,
    ) -> None:
        self._box, self._seed, self._device = box, seed, torch.device(device)
        self._steps = steps
        self._poses = torch.from_numpy(bodies["pose"].copy())
        self._bodies = bodies
        self._source = uploaded(source, self._device).permute(2, 0, 1)
        self._near = window_around(features, box)
        weight = torch.ones(box.height, box.width)
        weight[*self._near.slices] = _NEAR_WEIGHT
        self._weight = uploaded(weight / weight.mean(), self._device)

    def start(self, network: BodyDecoder) -> None:
        """Fit the bulk of the grid at once, and for good: ridge regression on the pose and its products.

        Steps as long as the decoder needs would tear it apart (28.8 dB before, 23.8 dB 250 steps later).
        """
        with torch.no_grad():
            one = torch.ones(len(self._poses), 1)
            known = body_features(self._poses)[:, : network.decoder.shape.inputs]
            features = torch.cat([known, one], dim=1).double()
            whole = Box(0, 0, self._box.width, self._box.height)
            grids = torch.cat(
                [
                    avg_pool2d(self._part("grid", [each], whole.halved).float(), BodyDecoder.BULK_SCALE)
                    for each in range(len(self._poses))
                ]
            )
            give_back(self._bodies)
            grids = grids.flatten(1).double()
            gram = features.T @ features
            gram += _RIDGE * torch.eye(len(gram), dtype=gram.dtype)
            fitted = torch.linalg.solve(gram, features.T @ grids).float()
            network.bulk.weight.copy_(fitted[:-1].T)
            network.bulk.bias.copy_(fitted[-1])
        network.bulk.requires_grad_(False)

    def loss(self, network: nn.Module, step: int) -> Tensor:
        """Distance of the composed pictures, seen over black and over white, and of the warp, in one window.

        Over one ground alone, whatever has its colour may be as transparent as it likes.
        """
        assert isinstance(network, BodyDecoder)
        if step % _KEPT_STEPS == 0:
            give_back(self._bodies)
        chosen = draw(self._seed, step, _BATCH, len(self._poses))
        window = self._window(step)
        grid, paint = maps_in(network, uploaded(self._poses[chosen], self._device), window.halved)
        frames = from_bytes(self._uploaded("frame", chosen, window))
        source, offset = self._sources(chosen, window)
        weight = self._weight[window.slices]
        halved = avg_pool2d(frames, 2)
        if step < _SMALL * self._steps:
            source, offset = avg_pool2d(source, 2), (offset[0] // 2, offset[1] // 2)
            frames, weight = halved, weight[::2, ::2]
            shown = laid(source, offset, torch.cat([grid, paint], dim=1), _SIDE // 2)
        else:
            shown = compose(source, offset, grid, paint)
        error = on_both_grounds(shown - frames)
        weight = weight * (1 + (_EMPTY_WEIGHT - 1) * (frames[:, 3:] == 0))
        weight = weight / weight.mean()
        grids = self._uploaded("grid", chosen, window.halved).float()
        seen = (halved[:, 3:] > 0.02).float()
        painted = from_bytes(self._uploaded("painted", chosen, window.halved))
        loss: Tensor = (
            10 * (error.abs() * weight).mean()
            + 60 * (error * error * weight).mean()
            + 20 * ((grid - grids).abs() * seen).mean()
            + 0.2 * ((paint[:, 4] - painted).abs() * seen[:, 0]).mean()
        )
        return loss

    def _uploaded(self, field: str, chosen: Iterable[int], window: Box) -> Tensor:
        """See `_part`; where the network is."""
        return uploaded(self._part(field, chosen, window), self._device)

    def _part(self, field: str, chosen: Iterable[int], window: Box) -> Tensor:
        """A window of some records, read where they lie: all of them at once are a megabyte each.

        Args:
            window: in pixels of the field, from the corner of the box.
        """
        scale = self._bodies[field].shape[-1] / _SIDE
        rows, columns = window.moved(round(self._box.x * scale), round(self._box.y * scale)).slices
        return torch.from_numpy(np.stack([self._bodies[field][each][..., rows, columns] for each in chosen]))

    def _window(self, step: int) -> Box:
        """What step k looks at."""
        r = np.random.default_rng([self._seed, 7, step])
        if len(self._poses) >= _ENOUGH and r.random() < _NEAR:
            return self._near
        height = self._box.height // 2 // _STEP * _STEP
        top = int(r.integers((self._box.height - height) // _STEP + 1)) * _STEP
        return Box(0, top, self._box.width, height)

    def _sources(self, chosen: NDArray[np.intp], window: Box) -> tuple[Tensor, tuple[int, int]]:
        """The pictures before the body moves, premultiplied (B, 4, h, w), around a window.

        Returns them and where the window's first row and column lie in them.
        """
        whole = Box(0, 0, self._box.width, self._box.height)
        seen = window.grown(_REACH).common(whole)
        sources = self._source[None].repeat(len(chosen), 1, 1, 1)
        faces = np.stack([self._bodies["face"][each] for each in chosen])
        sources[:, :, *FACE_BOX.slices] = uploaded(faces, self._device)
        rows, columns = seen.moved(self._box.x, self._box.y).slices
        shown = premultiplied(from_bytes(sources[:, :, rows, columns]))
        return shown, (window.y - seen.y, window.x - seen.x)


def on_both_grounds(change: Tensor) -> Tensor:
    """How a difference of premultiplied pictures (B, 4, H, W) shows on black and on white, (2, B, 3, H, W).

    >>> on_both_grounds(torch.tensor([0.5, 0.5, 0.5, 1.0]).view(1, 4, 1, 1)).flatten().tolist()
    [0.5, 0.5, 0.5, -0.5, -0.5, -0.5]
    """
    colour, alpha = change[:, :3], change[:, 3:]
    return torch.stack([colour, colour - alpha])


_STEP = 16
"""Windows lie on multiples of so many px: the maps are doubled, and so are those inside the decoder."""


_ROOM = 16
"""How far eyes and mouth move when the head does, in px."""


def window_around(features: Box, box: Box) -> Box:
    """Eyes and mouth with room for them to move, in whole steps from the corner of the body box.

    >>> window_around(Box(206, 95, 96, 109), Box(93, 0, 320, 512))
    Box(x=96, y=64, width=144, height=160)
    """
    inside = features.grown(_ROOM).common(box).within(box)
    top, left = (first // _STEP * _STEP for first in (inside.y, inside.x))
    bottom, right = (-(-last // _STEP) * _STEP for last in (inside.bottom, inside.right))
    return Box.between(top, bottom, left, right)


def compose(source: Tensor, offset: tuple[int, int], grid: Tensor, paint: Tensor) -> Tensor:
    """Pictures (B, 4, 2 H, 2 W), premultiplied: warped, then painted over, as THA3 does.

    Args:
        source: (B, 4, h, w), premultiplied; transparent outside.
        offset: the row and column of the source at which the maps start.
        grid, paint: (B, 2, H, W) and (B, 5, H, W), what a `BodyDecoder` gives, or a window of it.
    """
    maps = interpolate(torch.cat([grid, paint], dim=1), scale_factor=2, mode="bilinear", align_corners=False)
    return laid(source, offset, maps, _SIDE)


def laid(source: Tensor, offset: tuple[int, int], maps: Tensor, side: int) -> Tensor:
    """The same with maps (B, 7, H, W) as large as what is shown, of a picture with so many pixels a side."""
    height, width = maps.shape[-2:]
    h, w = source.shape[-2:]
    y = (2 * torch.arange(offset[0], offset[0] + height, device=maps.device) + 1) / h - 1
    x = (2 * torch.arange(offset[1], offset[1] + width, device=maps.device) + 1) / w - 1
    places = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)
    scale = torch.full((2,), side / w, device=maps.device)  # a tensor of both would be uploaded at every step
    scale[1:].fill_(side / h)
    where = places + maps[:, :2].permute(0, 2, 3, 1) * scale
    warped = grid_sample(source, where, "bilinear", "zeros", align_corners=False)
    return torch.lerp(warped, maps[:, 2:6], maps[:, 6:])
