"""Training the face part: three boxes, each a decoder of what to add to the neutral face."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from avatar_rtc.distill.muon import inner_weights
from avatar_rtc.distill.samples import give_back
from avatar_rtc.distill.training import Training, draw
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.pixels import from_bytes
from avatar_rtc.render.student.networks import DecoderSizes, FaceDecoder
from avatar_rtc.render.student.parts import MORPHS_OF, FacePart
from avatar_rtc.render.tha3.boxes import FACE_BOX
from avatar_rtc.stream.box import Box

_BATCH = 16
_RATE = 2e-3
_CHANNELS, _HIDDEN, _RANK = (80, 48, 32), 128, 32


def part_sizes(part: FacePart, box: Box) -> DecoderSizes:
    """Sizes of the decoder for a box."""
    scale = 2 ** len(_CHANNELS)
    outputs = 3 if part == "mouth" else 4
    return DecoderSizes(
        len(MORPHS_OF[part]), box.height // scale, box.width // scale, _CHANNELS, outputs, _HIDDEN, _RANK
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
) -> Training:
    """The training of one part's decoder.

    Args:
        box: see `face_boxes`.
        faces: sets of records with `pose` and `face`, see samples.py.
        marked: MARKED_FACE.
        rest: (4, 192, 192): the neutral face.
        path: of the checkpoint.
    """
    torch.manual_seed(seed)
    lesson = _Lesson(part, box, faces, marked, rest, seed, device)
    network = FaceDecoder(part_sizes(part, box)).to(device)
    return Training(network, lesson.loss, steps, _RATE, path, inner_weights(network.decoder))


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
    ) -> None:
        rows, columns = box.within(FACE_BOX).slices
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

    def loss(self, network: nn.Module, step: int) -> Tensor:
        """L1 and squared distance of the colours, where things move most, and of the opening of the lids."""
        chosen = draw(self._seed, step, _BATCH, len(self._poses))
        target = from_bytes(uploaded(self._shown[chosen], self._device)) - self._rest
        maps = network(uploaded(self._poses[chosen], self._device))
        error = (maps[:, :3] - target) * self._weight.sqrt()
        loss: Tensor = 10 * error.abs().mean() + 40 * (error * error).mean()
        if self._has_lids:
            chosen = draw(self._seed + 1, step, _BATCH // 2, len(self._marked_poses))
            seen = network(uploaded(self._marked_poses[chosen], self._device))[:, 3].sigmoid()
            loss = loss + 2 * (seen - from_bytes(uploaded(self._open[chosen], self._device))).abs().mean()
        return loss


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
