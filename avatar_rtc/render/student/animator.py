"""The student animator: one character, real time on a CPU.

```
 face morphs ─► patches ─┐
 source picture ─────────┴► posed ─ cels ─► worn ─────────────┐
 rotation ─► grid, paint (half size) ─ swing ─► enlarged ─────┴► warp ─ paint ─► picture
```

Every step runs only if what it depends on has changed, and all of it works inside the body box. Pictures
are premultiplied sRGB, rows of RGBA pixels, which OpenCV warps in a fifth of torch's time. They have the side
of the portrait; boxes, warps and swings are told in px of a picture of 512.

It is the CPU that computes. Where a card renders, the finished picture goes there, so chain, upscaler and
layouts do not ask whose it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.face.pose import MORPHS, Pose
from avatar_rtc.render.cels import Dressing
from avatar_rtc.render.colour import ColourSpace
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.pixels import rgba_of
from avatar_rtc.render.portrait import SIZE, Portrait
from avatar_rtc.render.soft import SoftParts
from avatar_rtc.render.student.composing import ShownBody
from avatar_rtc.render.student.file import Student, check_fits
from avatar_rtc.render.student.lids import lids_of
from avatar_rtc.render.student.parts import MORPHS_OF
from avatar_rtc.render.student.patches import FacePatches, StudentFace
from avatar_rtc.render.student.stray import Figure
from avatar_rtc.render.student.swinging import SoftWarp, Turned
from avatar_rtc.render.student.turning import BodyTurns, TurnsInOrder
from avatar_rtc.render.student.worn import Worn
from avatar_rtc.stream.box import Box

MORPH_COUNT = len(MORPHS)


@dataclass
class _Kept:
    """What was made last of a character; shared by all its dressings."""

    face: FacePatches
    worn: Worn
    body: ShownBody
    figure: Figure
    turns: TurnsInOrder = field(default_factory=TurnsInOrder)
    soft: SoftWarp | None = None
    pose: NDArray[np.float32] | None = None
    turned: Turned | None = None
    """How the body turns as it is shown, before anything swings."""
    swing: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    """(12,): with which it is shown; empty or zeros is none."""


@dataclass(frozen=True, eq=False)
class StudentCharacter:
    """The character of a student under some cels, or none."""

    kept: _Kept
    dressing: Dressing | None = None


class StudentAnimator:
    """Poses the one character a student was distilled for; an Animator."""

    name = "student"
    space: ColourSpace = "srgb-premultiplied"
    on_cpu = True
    """See `computes_on_cpu`."""

    def __init__(self, student: Student, device: str = "cpu") -> None:
        """`device` is where its pictures are wanted."""
        self._student, self._device = student, torch.device(device)
        self._face, self._body = StudentFace(student), BodyTurns(student)
        self._lids = lids_of(student, student.body_box)

    def prepare(self, portrait: Portrait) -> StudentCharacter:
        """Take the picture; see `Animator.prepare`.

        Raises:
            InputError: the student was distilled from another picture.
        """
        check_fits(self._student, rgba_of(portrait.image))
        side = portrait.side
        box = _at_side(self._student.body_box, side)
        face = FacePatches(self._face, portrait, box)
        lids = cv2.resize(self._lids.numpy(), (box.width, box.height))
        figure = Figure(face.posed[..., 3], side * 2 // SIZE)
        worn = Worn(torch.from_numpy(lids), box, side)
        return StudentCharacter(_Kept(face, worn, ShownBody(box, side, figure), figure))

    def dress(self, character: StudentCharacter, portrait: Portrait, dressing: Dressing) -> StudentCharacter:
        """The same character under cels, which are drawn between face and body; costs nothing."""
        return replace(character, dressing=dressing)

    def cover(self, character: StudentCharacter, dressing: Dressing) -> StudentCharacter:
        """The same character with these cels below the others it has; costs nothing."""
        over = character.dressing.layers if character.dressing is not None else ()
        return replace(character, dressing=replace(dressing, layers=(*dressing.layers, *over)))

    def soften(self, character: StudentCharacter, soft: SoftParts) -> StudentCharacter:
        """The same character with these soft parts; see `Animator.soften`."""
        warp = SoftWarp(soft, self._student.body_box)
        return replace(character, kept=replace(character.kept, soft=warp))

    @torch.inference_mode()
    def mouths(self, image: Tensor, poses: Sequence[Pose]) -> Iterator[NDArray[np.float32]]:
        """The face at rest but for its mouth; see `MouthAnimator`."""
        for pose in poses:
            yield self._face.with_mouth(torch.from_numpy(pose[MORPHS_OF["mouth"]])) * 255

    @torch.inference_mode()
    def animate(
        self, poses: Tensor, characters: Sequence[StudentCharacter], between: Sequence[bool] = ()
    ) -> Tensor:
        """Pictures (B, 4, S, S), premultiplied sRGB; see `Animator.animate`.

        The same character may stand in a batch several times, with a pose each.
        """
        faces, swings = poses[:, :MORPH_COUNT].numpy(), poses[:, MORPH_COUNT:].numpy()
        rows = zip(characters, faces, swings, between or [False] * len(characters), strict=True)
        pictures = (self._animate(*row) for row in rows)
        if len(characters) == 1:
            return uploaded(next(pictures)[None], self._device)
        side = characters[0].kept.body.picture.shape[-1]
        batch = torch.empty(len(characters), 4, side, side)
        for row, picture in zip(batch, pictures, strict=True):  # the next one may be painted over it
            row.copy_(picture)
        return uploaded(batch, self._device)

    def stage(self, character: StudentCharacter, pose: Pose, name: str) -> Tensor:
        """A picture on the way to the last one; see `StagedAnimator`."""
        kept = character.kept
        steps = {
            "face": lambda: kept.face.posed,
            "dressed": lambda: kept.worn.picture,
            "warped": lambda: kept.body.warped(kept.worn.picture),
            "paint": kept.body.paint,
        }
        return uploaded(kept.body.framed(steps[name]()), self._device)

    def _animate(
        self,
        character: StudentCharacter,
        pose: NDArray[np.float32],
        swing: NDArray[np.float32],
        is_between: bool,
    ) -> Tensor:
        kept = character.kept
        touched = kept.face.pose(pose, kept.pose)
        if touched or not kept.worn.is_worn(character.dressing):
            touched = kept.worn.wear(character.dressing, kept.face.posed, kept.face.seen, touched)
        if self._pose_body(kept, pose, swing, is_between):
            kept.body.compose(kept.worn.picture)
        elif touched:
            kept.body.compose(kept.worn.picture, touched)
        kept.pose = pose.copy()
        return kept.body.picture

    def _pose_body(
        self, kept: _Kept, pose: NDArray[np.float32], swing: NDArray[np.float32], is_between: bool
    ) -> bool:
        """Find anew where pixels come from and what is painted; False if all is where it was."""
        is_large = kept.body.picture.shape[-1] > SIZE
        asked = self._body.steadied if is_large else self._body.of
        turned = kept.turns.next(pose, is_between, lambda: kept.figure.alone(asked(torch.from_numpy(pose))))
        hangs = kept.soft is None or _same_swing(swing, kept.swing)
        if turned is kept.turned and hangs:
            return False
        kept.turned, kept.swing = turned, swing.copy()
        if kept.soft is not None and swing.any():
            turned = kept.soft.swung(turned, swing)
        kept.body.turn(turned)
        return True


def create_student(student: Student, device: str = "cpu") -> StudentAnimator:
    """The animator of a student, on one thread of the CPU; its pictures are on the device."""
    cv2.setNumThreads(1)  # its own threads would wait for the encoder's
    return StudentAnimator(student, device)


def _at_side(box: Box, side: int) -> Box:
    """The body box in a picture of this side; begun at a whole px where 768 may make it half of one."""
    return Box(*(value * side // SIZE for value in (box.x, box.y, box.width, box.height)))


def _same_swing(swing: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    return np.array_equal(swing, other) or not (swing.any() or other.any())
