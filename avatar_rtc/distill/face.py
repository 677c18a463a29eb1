"""Training the face part: three boxes, each a decoder of what to add to the neutral face."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from avatar_rtc.distill.muon import inner_weights
from avatar_rtc.distill.samples import give_back
from avatar_rtc.distill.training import Training, draw
from avatar_rtc.distill.warm_start import begin_as
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.pixels import from_bytes
from avatar_rtc.render.student.file import Student
from avatar_rtc.render.student.networks import DecoderSizes, FaceDecoder
from avatar_rtc.render.student.parts import MORPHS_OF, FacePart
from avatar_rtc.render.tha3.boxes import FACE_BOX
from avatar_rtc.stream.box import Box

_BATCH = 16
_RATE, _MATRIX_RATE = 2e-3, 0.04
_CHANNELS, _HIDDEN, _RANK = (80, 48, 32), 128, 32
_LARGE_CHANNELS = (*_CHANNELS, 16)
"""Of a decoder whose maps are twice as large as its box: one level more."""


def part_sizes(part: FacePart, box: Box, large: bool = False) -> DecoderSizes:
    """Sizes of the decoder for a box."""
    scale = 2 ** len(_CHANNELS)
    channels = _LARGE_CHANNELS if large else _CHANNELS
    outputs = 3 if part == "mouth" else 4
    return DecoderSizes(
        len(MORPHS_OF[part]), box.height // scale, box.width // scale, channels, outputs, _HIDDEN, _RANK
    )


def face_training(
    part: FacePart,
    box: Box,
    faces: Sequence[NDArray[np.void]],
    marked: NDArray[np.void],
    rest: NDArray[np.uint8],
    steps: int,
    seed: int,
    path: Path,
    device: str,
    start: Student | None = None,
    large: NDArray[np.void] | None = None,
) -> Training:
    """The training of one part's decoder.

    Args:
        box: see `face_boxes`.
        faces: sets of records with `pose` and `face`, see samples.py.
        marked: MARKED_FACE.
        rest: (4, 192, 192): the neutral face.
        path: of the checkpoint.
        start: another character's, to begin with.
        large: LARGE_FACE, the neutral one first: the decoder gives maps of that size, and is shown as many of
            them as of the others.
    """
    torch.manual_seed(seed)
    lesson = _Lesson(part, box, faces, marked, rest, seed, device, large)
    network = FaceDecoder(part_sizes(part, box, large is not None))
    if start is not None:
        begin_as(network.decoder, start.faces[part].decoder)
    network.to(device)
    return Training(network, lesson.loss, steps, _RATE, path, inner_weights(network.decoder), _MATRIX_RATE)


class _Lesson:
    """The samples of one part and how far a decoder is from them."""

    def __init__(
        self,
        part: FacePart,
        box: Box,
        faces: Sequence[NDArray[np.void]],
        marked: NDArray[np.void],
        rest: NDArray[np.uint8],
        seed: int,
        device: str,
        large: NDArray[np.void] | None,
    ) -> None:
        inner = box.within(FACE_BOX)
        rows, columns = inner.slices
        self._seed, self._device = seed, torch.device(device)
        poses = [some["pose"][:, MORPHS_OF[part]] for some in faces]
        self._poses = torch.from_numpy(np.concatenate(poses))
        shown = [_cut(some, rows, columns) for some in faces]
        self._shown = torch.from_numpy(np.concatenate(shown))
        self._rest = uploaded(from_bytes(torch.from_numpy(rest[:3, rows, columns])), self._device)
        self._has_lids = part != "mouth"
        self._marked_poses = torch.from_numpy(marked["pose"][:, MORPHS_OF[part]])
        self._open = torch.from_numpy(np.ascontiguousarray(marked["open"][:, rows, columns]))
        spread = _spread(self._shown).mean(0) / 255
        self._weight = uploaded((0.5 + spread / spread.mean().clamp_min(1e-6)).clamp_max(4), self._device)
        self._large = None if large is None else _Large(large, part, inner, self._device)
        if self._large is not None:
            self._rest = avg_pool2d(self._large.rest, 2)

    def loss(self, network: nn.Module, step: int) -> Tensor:
        """L1 and squared distance of the colours, where things move most, and of the opening of the lids."""
        size = _BATCH if self._large is None else _BATCH // 2
        chosen = draw(self._seed, step, size, len(self._poses))
        target = from_bytes(uploaded(self._shown[chosen], self._device)) - self._rest
        maps = network(uploaded(self._poses[chosen], self._device))
        loss = _distance(self._at_box(maps[:, :3]), target, self._weight)
        if self._large is not None:
            poses, target = self._large.drawn(draw(self._seed + 2, step, size, len(self._large)))
            weight = interpolate(self._weight[None, None], scale_factor=2.0)[0, 0]
            loss = loss + _distance(network(poses)[:, :3], target, weight)
        if self._has_lids:
            chosen = draw(self._seed + 1, step, size // 2, len(self._marked_poses))
            seen = self._at_box(network(uploaded(self._marked_poses[chosen], self._device))[:, 3:].sigmoid())
            wanted = from_bytes(uploaded(self._open[chosen], self._device))
            loss = loss + 2 * (seen[:, 0] - wanted).abs().mean()
        return loss

    def _at_box(self, maps: Tensor) -> Tensor:
        return maps if self._large is None else avg_pool2d(maps, 2)


class _Large:
    """The samples of one part at twice the size."""

    def __init__(self, faces: NDArray[np.void], part: FacePart, inner: Box, device: torch.device) -> None:
        """`inner` is the part's box in the face, in px of the 512 px picture."""
        twice = inner.doubled
        self._poses = torch.from_numpy(faces["pose"][:, MORPHS_OF[part]].copy())
        self._shown, self._device = torch.from_numpy(_cut(faces, *twice.slices)), device
        self.rest = uploaded(from_bytes(self._shown[0]), device)
        """(3, 2 h, 2 w): the neutral face."""

    def __len__(self) -> int:
        return len(self._poses)

    def drawn(self, chosen: NDArray[np.intp]) -> tuple[Tensor, Tensor]:
        """Morphs, and the change of colour that they make."""
        shown = from_bytes(uploaded(self._shown[chosen], self._device))
        return uploaded(self._poses[chosen], self._device), shown - self.rest


def _distance(maps: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    error = (maps - target) * weight.sqrt()
    distance: Tensor = 10 * error.abs().mean() + 40 * (error * error).mean()
    return distance


def _cut(faces: NDArray[np.void], rows: slice, columns: slice) -> NDArray[np.uint8]:
    """The colours of a part of each face, copied."""
    shown = np.array(faces["face"][:, :3, rows, columns])
    give_back(faces)
    return shown


def _spread(shown: Tensor) -> Tensor:
    """The standard deviation of bytes (N, …) over N, picture by picture: as floats they would take four times
    the memory."""
    total, squares = torch.zeros(shown.shape[1:], dtype=torch.float64), 0.0
    for picture in shown:
        values = picture.double()
        total += values
        squares = squares + values * values
    count = len(shown)
    variance = (squares - total * total / count) / max(1, count - 1)
    return variance.clamp_min(0).sqrt().float()
