"""THA3 as the teacher: poses in, records out.

Everything of a record is made where THA3 runs; the records of a batch then come over in one copy.
"""

import time
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d

from avatar_rtc.distill.poses import probe_poses
from avatar_rtc.distill.samples import LARGE_FACE, MARKED_FACE, POSED_BODY, POSED_FACE
from avatar_rtc.face.pose import INDEX, Pose, neutral
from avatar_rtc.render.colour import linear_to_srgb
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.pixels import picture_of, premultiplied, to_levels
from avatar_rtc.render.portrait import Portrait, portrait_of
from avatar_rtc.render.tha3.animator import Tha3Animator, create_tha3
from avatar_rtc.render.tha3.boxes import FACE_BOX
from avatar_rtc.render.tha3.character import Tha3Character

_GPU_BATCH = 16
_LARGE_SIDE = 1024
_MARKS = ((0.0, 1.0, 0.0), (1.0, 0.0, 1.0))
"""Two opposite colours, sRGB. Only the difference between an eye tinted with one and with the other is
read, so that lashes THA3 draws a little elsewhere on a tinted eye do not count."""
_MARK_OPACITY = 0.25
"""Enough to be read back, not so much that THA3 takes the eye for something else."""


class Teacher:
    """THA3 and one character. Records come in the order of the poses given."""

    def __init__(
        self, rgba: NDArray[np.uint8], device: str, original: NDArray[np.uint8] | None = None
    ) -> None:
        """
        Args:
            rgba: (512, 512, 4) sRGB, straight alpha.
            original: (N, N, 4): the same as it was drawn, for large faces.

        Raises:
            SetupError: the weights are missing.
        """
        self._animator: Tha3Animator = create_tha3(device)
        self.batch = 1 if device == "cpu" else _GPU_BATCH
        self._large_portrait = partial(portrait_of, rgba, original, _LARGE_SIDE, self._animator.device)
        self._large: list[Tha3Character] = []
        image = uploaded(picture_of(rgba), self._animator.device)
        plain = self._animator.prepare(Portrait.plain(image))
        self._plain = [plain.fork() for _ in range(self.batch)]
        self._eyes = self._find_eyes()
        self._colours = uploaded(torch.tensor(_MARKS), self._animator.device)[:, :, None, None]
        tinted = [
            self._animator.prepare(Portrait.plain(self._mark(image, colour))) for colour in self._colours
        ]
        self._marked = [[each.fork() for _ in range(self.batch)] for each in tinted]

    def faces(self, poses: Sequence[Pose]) -> list[NDArray[np.void]]:
        """POSED_FACE records of up to `batch` poses."""
        shown = linear_to_srgb(self._pose_faces(self._plain, poses))
        return _records(POSED_FACE, poses, to_levels(shown))

    def large_faces(self, poses: Sequence[Pose]) -> list[NDArray[np.void]]:
        """LARGE_FACE records of up to `batch` poses: with the detail of the picture as it was drawn."""
        if not self._large:
            large = self._animator.prepare(self._large_portrait())
            self._large = [large.fork() for _ in range(self.batch)]
        batch = self._large[: len(poses)]
        self._animator.pose_faces(_tensor(poses), batch)
        shown = linear_to_srgb(torch.cat([character.large_face() for character in batch]))
        return _records(LARGE_FACE, poses, to_levels(shown))

    def marked(self, poses: Sequence[Pose]) -> list[NDArray[np.void]]:
        """MARKED_FACE records of up to `batch` poses: how far the lids leave the eyes in sight."""
        green, magenta = (linear_to_srgb(self._pose_faces(tinted, poses)) for tinted in self._marked)
        across = self._colours[0] - self._colours[1]
        seen = ((green - magenta)[:, :3] * across).sum(1) / (_MARK_OPACITY * (across * across).sum())
        hidden = (1 - avg_pool2d(seen[:, None], 3, 1, 1)[:, 0].clamp(0, 1)) * self._eyes
        return _records(MARKED_FACE, poses, to_levels(1 - hidden))

    def bodies(self, poses: Sequence[Pose]) -> list[NDArray[np.void]]:
        """POSED_BODY records of up to `batch` poses."""
        characters = self._plain[: len(poses)]
        frames = premultiplied(linear_to_srgb(self._animator.animate(_tensor(poses), characters)))
        faces = linear_to_srgb(torch.cat([character.face() for character in characters]))
        grids = avg_pool2d(torch.cat([character.warped_by() for character in characters]), 2)
        painted = avg_pool2d(torch.cat([character.painted() for character in characters]), 2)
        return _records(
            POSED_BODY, poses, to_levels(faces), to_levels(frames), grids.half(), to_levels(painted)
        )

    def _pose_faces(self, characters: list[Tha3Character], poses: Sequence[Pose]) -> Tensor:
        """(B, 4, 192, 192) linear, where THA3 runs."""
        batch = characters[: len(poses)]
        self._animator.pose_faces(_tensor(poses), batch)
        return torch.cat([character.face() for character in batch])

    def _find_eyes(self) -> Tensor:
        """(192, 192) in [0, 1]: 1 where closing the lids changes the face, softly 0 elsewhere."""
        closed = neutral()
        closed[[INDEX["eye_wink_left"], INDEX["eye_wink_right"]]] = 1
        rest, shut = (
            linear_to_srgb(self._pose_faces(self._plain, [pose]))[0] for pose in (neutral(), closed)
        )
        changed = ((rest - shut).abs().amax(0) > 0.05).float()[None, None]
        grown = -avg_pool2d(-(avg_pool2d(changed, 5, 1, 2) > 0.15).float(), 3, 1, 1)
        return grown[0, 0]

    def _mark(self, image: Tensor, colour: Tensor) -> Tensor:
        """The picture with its eyes tinted."""
        marked = image.clone()
        part = marked[:3, *FACE_BOX.slices]
        part += self._eyes * _MARK_OPACITY * (colour - part)
        return marked


def _tensor(poses: Sequence[Pose]) -> Tensor:
    return torch.from_numpy(np.stack(poses))


def _records(kind: np.dtype, poses: Sequence[Pose], *shown: Tensor) -> list[NDArray[np.void]]:
    """Records of a batch.

    Args:
        shown: the fields after the pose, in their order and type, each for all poses.
    """
    fields = torch.cat([each.flatten(1).contiguous().view(torch.uint8) for each in shown], dim=1)
    pose = np.stack(poses).astype(np.float32).view(np.uint8)
    records = np.concatenate([pose, fields.cpu().numpy()], axis=1).view(kind)[:, 0]
    return [records[number, ...] for number in range(len(records))]


def seconds_per_body(rgba: NDArray[np.uint8], device: str) -> float:
    """How long the teacher takes here for a whole picture; to 10 ms, so that a plan made of it is stable."""
    teacher = Teacher(rgba, device)
    batch = (probe_poses() * 2)[: teacher.batch]
    teacher.bodies(batch)
    started = time.monotonic()
    teacher.bodies(batch)
    return max(0.01, round((time.monotonic() - started) / len(batch), 2))
