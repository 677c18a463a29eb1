"""Training the body part: from six morphs to where each pixel comes from, and what is painted over holes."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, grid_sample, interpolate

from avatar_rtc.distill.training import Progress, Training, draw
from avatar_rtc.render.student_networks import BodyDecoder, Shape, quadratic
from avatar_rtc.render.student_parts import BODY, Box
from avatar_rtc.render.tha3_boxes import FACE_BOX

_BATCH = 6
_RATE = 2e-3
_CHANNELS, _HIDDEN, _RANK = (64, 64, 40, 28), 96, 40
_RIDGE = 1e-2
_FACE_WEIGHT = 3.0
"""A pixel of the face counts as much as so many others: it is what people look at."""


def shape_of(box: Box) -> Shape:
    """Sizes of the decoder for a box; its maps have half the box's size."""
    inputs = len(BODY) * (len(BODY) + 3) // 2
    scale = 2 ** (len(_CHANNELS) + 1)
    return Shape(inputs, box.height // scale, box.width // scale, _CHANNELS, 7, _HIDDEN, _RANK)


def train_body(
    box: Box,
    bodies: NDArray[np.void],
    source: NDArray[np.uint8],
    steps: int,
    seed: int,
    folder: Path,
    device: str,
    progress: Progress,
) -> BodyDecoder:
    """The decoder of the body.

    Args:
        box: see `body_box`.
        bodies: POSED_BODY records.
        source: (512, 512, 4) sRGB, straight alpha: the character as it was drawn.
        folder: where the checkpoint is kept.
    """
    torch.manual_seed(seed)
    lesson = _Lesson(box, bodies, source, seed, device)
    network = BodyDecoder(shape_of(box))
    lesson.start(network)
    run = Training(network.to(device), lesson.loss, steps, _RATE, folder / "body.pt")
    trained: BodyDecoder = run.run(progress)  # type: ignore[assignment]
    return trained


class _Lesson:
    """The samples of the body and how far a decoder is from them."""

    def __init__(
        self, box: Box, bodies: NDArray[np.void], source: NDArray[np.uint8], seed: int, device: str
    ) -> None:
        rows, columns = box.slices
        half = slice(rows.start // 2, rows.stop // 2), slice(columns.start // 2, columns.stop // 2)
        self._box, self._seed, self._device = box, seed, device
        self._poses = torch.from_numpy(bodies["pose"][:, BODY])
        self._frames = torch.from_numpy(np.stack([frame[:, rows, columns] for frame in bodies["frame"]]))
        self._grids = torch.from_numpy(np.stack([grid[:, *half] for grid in bodies["grid"]]))
        self._painted = torch.from_numpy(np.stack([painted[half] for painted in bodies["painted"]]))
        self._faces = torch.from_numpy(bodies["face"].copy())
        self._source = torch.from_numpy(source).permute(2, 0, 1).float() / 255
        self._weight = torch.ones(box.height, box.width)
        face_rows, face_columns = (slice(side.start + 32, side.stop - 16) for side in FACE_BOX)
        self._weight[
            max(0, face_rows.start - rows.start) : face_rows.stop - rows.start,
            max(0, face_columns.start - columns.start) : face_columns.stop - columns.start,
        ] = _FACE_WEIGHT
        self._weight /= self._weight.mean()

    def start(self, network: BodyDecoder) -> None:
        """Fit the bulk of the grid at once, and for good: ridge regression on the pose and its products.

        Steps as long as the decoder needs would tear it apart (28.8 dB before, 23.8 dB 250 steps later).
        """
        with torch.no_grad():
            features = torch.cat([quadratic(self._poses), torch.ones(len(self._poses), 1)], dim=1).double()
            grids = avg_pool2d(self._grids.float(), BodyDecoder.BULK_SCALE).flatten(1).double()
            gram = features.T @ features
            gram += _RIDGE * torch.eye(len(gram), dtype=gram.dtype)
            fitted = torch.linalg.solve(gram, features.T @ grids).float()
            network.bulk.weight.copy_(fitted[:-1].T)
            network.bulk.bias.copy_(fitted[-1])
        network.bulk.requires_grad_(False)

    def loss(self, network: nn.Module, step: int) -> Tensor:
        """Distance of the composed pictures, seen over grey, and of the warp, in one half of the rows."""
        chosen = draw(self._seed, step, _BATCH, len(self._poses))
        top = self._window(step)
        rows = slice(top, top + self._box.height // 2)
        half = slice(rows.start // 2, rows.stop // 2)
        grid, paint = network(self._poses[chosen].to(self._device))
        frames = self._frames[chosen, :, rows].to(self._device).float() / 255
        pictures = compose(self._sources(chosen), self._box, grid[:, :, half], paint[:, :, half], top)
        error = over_grey(pictures - frames)
        weight = self._weight[rows].to(self._device)
        grids = self._grids[chosen].to(self._device).float()[:, :, half]
        seen = (avg_pool2d(frames[:, 3:], 2) > 0.02).float()
        painted = self._painted[chosen].to(self._device).float()[:, half] / 255
        loss: Tensor = (
            10 * (error.abs() * weight).mean()
            + 60 * (error * error * weight).mean()
            + 20 * ((grid[:, :, half] - grids).abs() * seen).mean()
            + 0.2 * ((paint[:, 4, half] - painted).abs() * seen[:, 0]).mean()
        )
        return loss

    def _window(self, step: int) -> int:
        """The first of the rows that step k looks at, a multiple of 8."""
        last = self._box.height // 2
        return int(np.random.default_rng([self._seed, 7, step]).integers(last // 8 + 1)) * 8

    def _sources(self, chosen: NDArray[np.intp]) -> Tensor:
        """The pictures before the body moves, premultiplied, (B, 4, H, W) of the box."""
        sources = self._source.repeat(len(chosen), 1, 1, 1)
        sources[:, :, *FACE_BOX] = self._faces[chosen].float() / 255
        sources[:, :3] *= sources[:, 3:]
        return sources[:, :, *self._box.slices].to(self._device)


def compose(source: Tensor, box: Box, grid: Tensor, paint: Tensor, top: int) -> Tensor:
    """Pictures (B, 4, H, W), premultiplied: warped, then painted over, as THA3 does.

    Args:
        source: (B, 4, box.height, box.width), premultiplied; transparent outside.
        grid, paint: what a `BodyDecoder` gives, or rows of it.
        top: the row of the box at which they start.
    """
    maps = interpolate(torch.cat([grid, paint], dim=1), scale_factor=2, mode="bilinear", align_corners=False)
    height, width = maps.shape[-2:]
    y = (2 * torch.arange(top, top + height, device=maps.device) + 1) / box.height - 1
    x = (2 * torch.arange(width, device=maps.device) + 1) / box.width - 1
    places = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)
    scale = torch.tensor([512 / box.width, 512 / box.height], device=maps.device)
    where = places + maps[:, :2].permute(0, 2, 3, 1) * scale
    warped = grid_sample(source, where, "bilinear", "zeros", align_corners=False)
    return torch.lerp(warped, maps[:, 2:6], maps[:, 6:])


def over_grey(change: Tensor) -> Tensor:
    """A difference of premultiplied pictures (…, 4, H, W) as it shows over mid grey, (…, 3, H, W)."""
    return change[..., :3, :, :] - 0.5 * change[..., 3:, :, :]
