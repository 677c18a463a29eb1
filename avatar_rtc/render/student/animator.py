"""The student animator: one character, real time on a CPU.

```
 face morphs ─► patches ─┐
 source picture ─────────┴► posed ─ cels ─► dressed ─┐
 rotation ─► grid, paint (half size) ─ swing ─► doubled ┴► warp ─ paint ─► picture
```

Every step runs only if what it depends on has changed, and all of it works inside the body box. Pictures
are premultiplied sRGB, rows of RGBA pixels, which OpenCV warps in a fifth of torch's time.

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

from avatar_rtc.face.cels import ON_SKIN, REPLACING, TEARS
from avatar_rtc.face.pose import MORPHS, Pose
from avatar_rtc.render.cels import Dressing, apart, over
from avatar_rtc.render.colour import ColourSpace, from_linear, to_linear
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.pixels import from_bytes, premultiplied, rgba_of
from avatar_rtc.render.portrait import SIZE, Portrait
from avatar_rtc.render.skin import but_lines
from avatar_rtc.render.soft import SoftParts
from avatar_rtc.render.student.file import Student, check_fits
from avatar_rtc.render.student.lids import lids_of, on_lids
from avatar_rtc.render.student.networks import GRID_UNIT
from avatar_rtc.render.student.parts import FACE_PARTS, MORPHS_OF, FacePart
from avatar_rtc.render.student.stray import Figure
from avatar_rtc.render.student.swinging import SoftWarp, Turned
from avatar_rtc.render.tha3.boxes import FACE_BOX
from avatar_rtc.stream.box import Box

MORPH_COUNT = len(MORPHS)
Pixels = NDArray[np.float32]
"""(H, W, 4) premultiplied sRGB, or maps (H, W, n)."""


@dataclass
class _Kept:
    """What was made last of a character; shared by all its dressings."""

    posed: Pixels
    """The body box before the body moves, without cels; written in place."""
    seen: Pixels
    """(H, W): how much of a cel is seen at each pixel; less than 1 only under lids. Written in place."""
    picture: Tensor
    """(4, 512, 512), a view of rows of pixels."""
    figure: Figure
    pose: NDArray[np.float32] | None = None
    dressing: Dressing | None = None
    dressed: Pixels = field(default_factory=lambda: np.empty(0, np.float32))
    where: Pixels = field(default_factory=lambda: np.empty(0, np.float32))
    """(H, W, 2): from which column and row of `dressed` each pixel comes."""
    paint: Pixels = field(default_factory=lambda: np.empty(0, np.float32))
    """(H, W, 4): added to what is warped, already times its opacity."""
    bare: Pixels = field(default_factory=lambda: np.empty(0, np.float32))
    """(H, W, 4): 1 less the opacity of the paint, for each channel."""
    turned: Turned | None = None
    """How the body turns, before anything swings."""
    soft: SoftWarp | None = None
    swing: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    """(12,): with which `where`, `paint` and `bare` were made; empty or zeros is none."""


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
        self._box = box = student.body_box
        self._inner = {part: student.boxes[part].within(box) for part in FACE_PARTS}
        columns, rows = np.meshgrid(np.arange(box.width), np.arange(box.height))
        self._places: Pixels = np.stack([columns, rows], axis=-1).astype(np.float32)
        self._lids = lids_of(student, box)
        self._rest = {part: _rest(student, part) for part in FACE_PARTS}

    def prepare(self, portrait: Portrait) -> StudentCharacter:
        """Take the picture; see `Animator.prepare`.

        Raises:
            InputError: the student was distilled from another picture.
        """
        check_fits(self._student, rgba_of(portrait.image))
        source = portrait.image.detach().cpu().float().clone()
        source[:, *FACE_BOX.slices] = from_bytes(torch.from_numpy(self._student.rest))
        rows, columns = self._box.slices
        posed = premultiplied(source)[:, rows, columns].permute(1, 2, 0).contiguous().numpy()
        picture = torch.zeros(SIZE, SIZE, 4).permute(2, 0, 1)
        seen = np.ones(posed.shape[:2], np.float32)
        return StudentCharacter(_Kept(posed, seen, picture, Figure(posed[..., 3])))

    def dress(self, character: StudentCharacter, portrait: Portrait, dressing: Dressing) -> StudentCharacter:
        """The same character under cels, which are drawn between face and body; costs nothing."""
        return replace(character, dressing=dressing)

    def cover(self, character: StudentCharacter, dressing: Dressing) -> StudentCharacter:
        """The same character with these cels below the others it has; costs nothing."""
        over = character.dressing.layers if character.dressing is not None else ()
        return replace(character, dressing=replace(dressing, layers=(*dressing.layers, *over)))

    def soften(self, character: StudentCharacter, soft: SoftParts) -> StudentCharacter:
        """The same character with these soft parts; see `Animator.soften`."""
        return replace(character, kept=replace(character.kept, soft=SoftWarp(soft, self._box)))

    @torch.inference_mode()
    def mouths(self, image: Tensor, poses: Sequence[Pose]) -> Iterator[NDArray[np.float32]]:
        """The face at rest but for its mouth; see `MouthAnimator`."""
        decode, inner = self._student.faces["mouth"], self._student.boxes["mouth"].within(FACE_BOX)
        rest = from_bytes(torch.from_numpy(self._student.rest)).numpy()
        for pose in poses:
            maps = decode(torch.from_numpy(pose[MORPHS_OF["mouth"]][None]))[0, :3].numpy()
            face = rest.copy()
            face[:3, *inner.slices] = np.clip(self._rest["mouth"][:3] + maps, 0, 1)
            yield (face[:3] * face[3:] * 255).transpose(1, 2, 0)

    @torch.inference_mode()
    def animate(
        self, poses: Tensor, characters: Sequence[StudentCharacter], between: Sequence[bool] = ()
    ) -> Tensor:
        """Pictures (B, 4, 512, 512), premultiplied sRGB; see `Animator.animate`.

        The same character may stand in a batch several times, with a pose each.
        """
        faces, swings = poses[:, :MORPH_COUNT], poses[:, MORPH_COUNT:].numpy()
        rows = zip(characters, faces, swings, strict=True)
        pictures = (self._animate(c, pose.numpy(), pose, swing) for c, pose, swing in rows)
        if len(characters) == 1:
            return uploaded(next(pictures)[None], self._device)
        batch = torch.empty(len(characters), 4, SIZE, SIZE)
        for row, picture in zip(batch, pictures, strict=True):  # the next one may be painted over it
            row.copy_(picture)
        return uploaded(batch, self._device)

    def stage(self, character: StudentCharacter, pose: Pose, name: str) -> Tensor:
        """A picture on the way to the last one; see `StagedAnimator`."""
        kept = character.kept
        if name == "warped":
            box = cv2.remap(kept.dressed, kept.where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        else:
            box = {"face": kept.posed, "dressed": kept.dressed, "paint": kept.paint}[name]
        picture = torch.zeros(SIZE, SIZE, 4)
        picture[self._box.slices] = torch.from_numpy(box)
        return uploaded(picture.permute(2, 0, 1), self._device)

    def _animate(
        self,
        character: StudentCharacter,
        pose: NDArray[np.float32],
        morphs: Tensor,
        swing: NDArray[np.float32],
    ) -> Tensor:
        kept = character.kept
        touched = self._pose_face(kept, pose, morphs)
        if character.dressing is not kept.dressing or (touched and character.dressing) or kept.pose is None:
            touched = self._dress(kept, character.dressing, touched)
        if self._pose_body(kept, pose, morphs, swing):
            self._compose(kept, slice(None), slice(None))
        elif touched:
            self._compose(kept, *_reached(kept.where, touched))
        kept.pose = pose.copy()
        return kept.picture

    def _pose_face(self, kept: _Kept, pose: NDArray[np.float32], morphs: Tensor) -> list[Box]:
        """Redraw the parts of the face whose morphs moved; their boxes inside the body box."""
        touched = []
        for part in FACE_PARTS:
            mine = MORPHS_OF[part]
            if kept.pose is not None and np.array_equal(pose[mine], kept.pose[mine]):
                continue
            maps = self._student.faces[part](morphs[mine][None])[0].numpy()
            rest, inner = self._rest[part], self._inner[part]
            colour = np.clip(rest[:3] + maps[:3], 0, 1) * rest[3:]
            kept.posed[*inner.slices, :3] = colour.transpose(1, 2, 0)
            if len(maps) > 3:
                kept.seen[inner.slices] = 1 / (1 + np.exp(-maps[3]))
            touched.append(inner)
        return touched

    def _dress(self, kept: _Kept, dressing: Dressing | None, touched: list[Box]) -> list[Box]:
        """Draw the cels over the posed picture; all boxes in which it may differ from before."""
        before, kept.dressing = kept.dressing, dressing
        kept.dressed = kept.posed
        touched = list(touched)
        if dressing is not None:
            kept.dressed = kept.posed.copy()
            touched += self._draw(dressing, kept)
        if before is not None:
            touched += [
                seen.within(self._box)
                for top in before.tops(torch.device("cpu"))
                if not (seen := top.box.common(self._box)).is_empty
            ]
        return touched

    def _draw(self, dressing: Dressing, kept: _Kept) -> list[Box]:
        picture = torch.from_numpy(kept.dressed).permute(2, 0, 1)
        # What drawn mouths and eyes hide, for cels over them; a mouth alone, as at rest, needs none.
        patches = torch.zeros(kept.seen.shape) if all(apart(dressing.layers)) else None
        drawn = []
        for top in dressing.tops(torch.device("cpu")):
            if (seen := top.box.common(self._box)).is_empty:
                continue
            box, inner = seen.within(self._box), seen.within(top.box).slices
            part, cel = picture[:, *box.slices], top.pixels[:, *inner]
            below, opening = to_linear(part, self.space), torch.from_numpy(kept.seen[box.slices])
            patch = None if patches is None else patches[box.slices]
            if top.name in REPLACING:
                if patch is not None:
                    torch.maximum(patch, cel[3] * top.strength, out=patch)
                below = over(cel, below, top.strength)
            elif top.name in ON_SKIN:
                worn = cel
                if bool((opening <= 0.99).any()):
                    worn = torch.lerp(on_lids(cel, self._lids[box.slices], below), cel, opening)
                if patch is not None:
                    whole = dressing.cels.closed(top.name, cel.device)[:, *inner]
                    worn = torch.lerp(worn, but_lines(whole, below), patch)
                below = over(worn, below, top.strength)
            else:
                if patch is not None:  # tears run over drawn eyes, what shines in an eye is below them
                    opening = torch.maximum(opening, patch) if top.name in TEARS else opening * (1 - patch)
                below = over(cel, below, opening * top.strength)
            part[:] = from_linear(below, self.space)
            drawn.append(box)
        return drawn

    def _pose_body(
        self, kept: _Kept, pose: NDArray[np.float32], morphs: Tensor, swing: NDArray[np.float32]
    ) -> bool:
        """Find anew where pixels come from and what is painted; False if all is where it was."""
        stands = kept.pose is not None and np.array_equal(pose, kept.pose)
        hangs = kept.soft is None or _same_swing(swing, kept.swing)
        if stands and hangs:
            return False
        if kept.turned is None or not stands:
            kept.turned = kept.figure.alone(self._turned(morphs))
        turned = kept.turned
        if kept.soft is not None and swing.any():
            turned = kept.soft.swung(turned, swing)
        kept.swing = swing.copy()
        size = (self._box.width, self._box.height)
        kept.where = cv2.resize(turned.change, size)
        kept.where *= SIZE / 2
        kept.where += self._places
        kept.paint, kept.bare = cv2.resize(turned.paint, size), cv2.resize(turned.bare, size)
        return True

    def _turned(self, morphs: Tensor) -> Turned:
        bulk, maps = self._student.body.raw(morphs[None])
        change = cv2.resize(_rows(bulk[0]), (self._box.width // 2, self._box.height // 2))
        change += GRID_UNIT * _rows(maps[0, :2])
        # Multiplied and spread over the channels before they are doubled: a quarter of the work.
        paint = maps[0, 2:].sigmoid()
        return Turned(change, _rows(paint[:4] * paint[4:]), _rows((1 - paint[4:]).expand(4, -1, -1)))

    def _compose(self, kept: _Kept, rows: slice, columns: slice) -> None:
        """Warp and paint these rows and columns of the body box into the picture."""
        where = kept.where[rows, columns]
        if not where.size:
            return
        warped = cv2.remap(kept.dressed, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        cv2.multiply(warped, np.ascontiguousarray(kept.bare[rows, columns]), warped)
        cv2.add(warped, np.ascontiguousarray(kept.paint[rows, columns]), warped)
        out_rows, out_columns = self._box.slices
        kept.picture.permute(1, 2, 0).numpy()[out_rows, out_columns][rows, columns] = warped


def create_student(student: Student, device: str = "cpu") -> StudentAnimator:
    """The animator of a student, on one thread of the CPU; its pictures are on the device."""
    cv2.setNumThreads(1)  # its own threads would wait for the encoder's
    return StudentAnimator(student, device)


def _rest(student: Student, part: FacePart) -> Pixels:
    """(4, h, w) sRGB, straight alpha: the neutral face in a box."""
    inner = student.boxes[part].within(FACE_BOX)
    rest: Pixels = from_bytes(torch.from_numpy(student.rest[:, *inner.slices])).numpy()
    return rest


def _rows(maps: Tensor) -> Pixels:
    """Maps (n, H, W) as rows of pixels (H, W, n)."""
    return np.ascontiguousarray(maps.permute(1, 2, 0).numpy())


def _same_swing(swing: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    return np.array_equal(swing, other) or not (swing.any() or other.any())


def _reached(where: Pixels, touched: Sequence[Box]) -> tuple[slice, slice]:
    """Rows and columns of the picture that take any pixel from one of the boxes, with a pixel around each."""
    x, y = where[..., 0], where[..., 1]
    mask = np.zeros(where.shape[:2], bool)
    for box in touched:
        inside = (x > box.x - 1) & (x < box.right) & (y > box.y - 1) & (y < box.bottom)
        mask |= inside
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        return slice(0), slice(0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
