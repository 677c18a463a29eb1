"""A teacher whose pictures follow a simple law, and poses that move only what it shows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.distill.samples import LARGE_FACE, MARKED_FACE, POSED_BODY, POSED_FACE
from avatar_rtc.face.pose import EYEBROW, INDEX, Pose
from avatar_rtc.render.student.parts import MOUTH

EYES = (slice(70, 110), slice(50, 86)), (slice(70, 110), slice(106, 142))
LIPS = (slice(132, 152), slice(78, 114))
"""Rows and columns of the face that it moves."""


class LawfulTeacher:
    """Eyes darken with any morph of theirs, lips redden, and the whole picture moves sideways with head_y."""

    batch = 1

    def __init__(self, rgba: NDArray[np.uint8]) -> None:
        self.rgba, self.asked = rgba, 0

    def _face(self, pose: Pose) -> NDArray[np.uint8]:
        face = self.rgba[32:224, 160:352].transpose(2, 0, 1).astype(np.float32)
        closed = min(1.0, float(np.abs(pose[EYEBROW.start : MOUTH.start]).sum() + np.abs(pose[37:39]).sum()))
        for rows, columns in EYES:
            face[:3, rows, columns] *= 1 - 0.8 * closed
        face[1:3, *LIPS] *= 1 - 0.8 * min(1.0, float(pose[MOUTH].sum()))
        return face.astype(np.uint8)

    def faces(self, poses: Sequence[Pose]) -> list[Any]:
        return [self._record(POSED_FACE, pose=p, face=self._face(p)) for p in poses]

    def large_faces(self, poses: Sequence[Pose]) -> list[Any]:
        twice = (self._face(pose).repeat(2, 1).repeat(2, 2) for pose in poses)
        return [self._record(LARGE_FACE, pose=p, face=face) for p, face in zip(poses, twice, strict=True)]

    def marked(self, poses: Sequence[Pose]) -> list[Any]:
        return [
            self._record(MARKED_FACE, pose=p, open=255 * (p[INDEX["eye_wink_left"]] < 0.5)) for p in poses
        ]

    def bodies(self, poses: Sequence[Pose]) -> list[Any]:
        found = []
        for pose in poses:
            face, shift = self._face(pose), round(8 * float(pose[INDEX["head_y"]]))
            frame = self.rgba.transpose(2, 0, 1).copy()
            frame[:, 32:224, 160:352] = face
            grid = np.zeros((2, 256, 256), np.float16)
            grid[0] = -shift / 256
            found.append(
                self._record(POSED_BODY, pose=pose, face=face, frame=np.roll(frame, shift, axis=2), grid=grid)
            )
        return found

    def _record(self, kind: np.dtype, **fields: Any) -> Any:
        self.asked += 1
        record = np.zeros((), kind)
        for name, value in fields.items():
            record[name] = value
        return record


class LawfulSampler:
    """Poses that move only what the lawful teacher shows."""

    def __init__(self, emotions: Any, seed: int, stream: int) -> None:
        self._seed = [seed, stream]

    def pose(self, number: int) -> Pose:
        random = np.random.default_rng([*self._seed, number])
        pose = np.zeros(45, np.float32)
        pose[INDEX["head_y"]] = random.uniform(-1, 1)
        pose[INDEX["mouth_aaa"]] = random.random()
        pose[[INDEX["eye_wink_left"], INDEX["eye_wink_right"]]] = random.random()
        return pose


def a_blocky_picture() -> NDArray[np.uint8]:
    """(512, 512, 4): coloured blocks."""
    random = np.random.default_rng(3)
    picture = np.zeros((512, 512, 4), np.uint8)
    picture[64:448, 160:352, :3] = random.integers(60, 255, (24, 12, 3), np.uint8).repeat(16, 0).repeat(16, 1)
    picture[64:448, 160:352, 3] = 255
    return picture
