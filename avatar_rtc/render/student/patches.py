"""The face of a student's character, redrawn where its morphs moved, at the side of its portrait.

```
 rest of the teacher ─┐                         ┌─ the picture's own detail, where nothing changed
 morphs ─► change ────┴► enlarged ──────────────┴► posed
```

A student that was taught at 512 px knows nothing finer. What the large picture has beyond its reduction is
laid over, as far as the teacher left a place as it was: nothing of an open eye shows through a closed lid.
The same holds for what the teacher's neutral face shifts by a part of a pixel: at rest the drawing is shown.
"""

import math

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.render.pixels import from_bytes, premultiplied
from avatar_rtc.render.portrait import SIZE, Portrait
from avatar_rtc.render.student.file import Student
from avatar_rtc.render.student.parts import FACE_PARTS, MORPHS_OF
from avatar_rtc.render.student.quick import PixelRows, quick_face
from avatar_rtc.render.tha3.boxes import FACE_BOX
from avatar_rtc.stream.box import Box

_MARGIN = 4
"""Px around the parts: so far an enlarged change may reach beyond its box."""
_SAME, _OTHER = 0.03, 0.14
"""Change of a colour up to which a place keeps its detail, and from which it has none: of an enlarged half
this was 13 dB nearer to the teacher's faces than no detail, and 3 dB nearer than all of it."""
_STRONG = (0.12, 0.4)
"""The same for changes around it: where an outline went, what it sharpened beside it goes, too."""
_AROUND = np.ones((3, 3), np.uint8)
_BROAD = 7
"""Px around what the teacher's neutral face means to change that are its own, too."""


class StudentFace:
    """The parts of a face as a student knows them, for all its characters."""

    def __init__(self, student: Student) -> None:
        self.scale = student.rest.shape[-1] // FACE_BOX.width
        """Px of its maps for each px of a picture of 512."""
        rest = from_bytes(torch.from_numpy(student.rest))
        self.rest: PixelRows = np.ascontiguousarray(rest.permute(1, 2, 0).numpy())
        """(192 n, 192 n, 4) sRGB, straight alpha."""
        self.shown: PixelRows = np.ascontiguousarray(premultiplied(rest).permute(1, 2, 0).numpy())
        """The same, premultiplied."""
        self.decoders = {part: quick_face(student.faces[part]) for part in FACE_PARTS}
        self.boxes = {part: _times(student.boxes[part].within(FACE_BOX), self.scale) for part in FACE_PARTS}
        """Of the parts, in px of `rest`."""

    def posed(self, maps: PixelRows, box: Box) -> PixelRows:
        """(h, w, 3) premultiplied, of a part whose maps (h, w, n) are changes of colour."""
        rest = self.rest[box.slices]
        posed: PixelRows = np.clip(rest[..., :3] + maps[..., :3], 0, 1) * rest[..., 3:]
        return posed

    def with_mouth(self, morphs: Tensor) -> PixelRows:
        """(192, 192, 3) premultiplied: the face at rest but for its mouth, of its morphs (N,)."""
        face, box = self.shown[..., :3].copy(), self.boxes["mouth"]
        face[box.slices] = self.posed(self.decoders["mouth"](morphs), box)
        return _resized(face, (FACE_BOX.width, FACE_BOX.height))


class FacePatches:
    """The body box of one character before its body moves, and without cels."""

    def __init__(self, face: StudentFace, portrait: Portrait, box: Box) -> None:
        """`box` is that of the body, in px of the portrait's side."""
        self._face, self._box = face, box
        side, own = portrait.side, SIZE * face.scale
        common = math.gcd(side, own)
        self._up, self._down = side // common, own // common
        frame = _times(FACE_BOX, side / SIZE)
        self._frame = frame
        large = _premultiplied_rows(portrait.large)
        head = large[frame.slices]
        self._change: PixelRows = np.zeros((*face.rest.shape[:2], 3), np.float32)
        self._opening: NDArray[np.float32] = np.ones(face.rest.shape[:2], np.float32)
        self._area = self._around_parts()
        self._detail: PixelRows | None = None
        if side == own:
            head[:] = face.shown
        else:
            self._enlarge_rest(head, portrait)
        self.posed: PixelRows = np.ascontiguousarray(large[box.slices])
        """(H, W, 4) premultiplied; written in place."""
        self.seen: NDArray[np.float32] = np.ones(self.posed.shape[:2], np.float32)
        """(H, W): how much of a cel is seen at each pixel; less than 1 only under lids. Written in place."""
        self._rest: PixelRows = head[self._at_side(self._area).slices].copy()

    def pose(self, pose: NDArray[np.float32], before: NDArray[np.float32] | None) -> list[Box]:
        """Redraw the parts whose morphs moved since a pose; the boxes, in the body box, that may differ."""
        morphs, touched = torch.from_numpy(pose), []
        for part in FACE_PARTS:
            mine = MORPHS_OF[part]
            if before is not None and np.array_equal(pose[mine], before[mine]):
                continue
            box = self._face.boxes[part]
            maps = self._face.decoders[part](morphs[mine])
            self._change[box.slices] = self._face.posed(maps, box) - self._face.shown[box.slices][..., :3]
            if maps.shape[-1] > 3:
                self._opening[box.slices] = 1 / (1 + np.exp(-maps[..., 3]))
            touched.append(box)
        if self._up == self._down:
            for box in touched:
                self._redraw(box)
        elif touched:
            self._redraw(self._area)
        reached = [self._at_side(self._grown(box)).moved(*self._corner) for box in touched]
        return [box.common(Box(0, 0, self._box.width, self._box.height)) for box in reached]

    @property
    def _corner(self) -> tuple[int, int]:
        """From px of the face's frame to those of the body box."""
        return self._frame.x - self._box.x, self._frame.y - self._box.y

    def _redraw(self, area: Box) -> None:
        """Lay the changes in a part of the frame over the face at rest."""
        at = self._at_side(area)
        whole = at.moved(*self._corner)
        seen = whole.common(Box(0, 0, self._box.width, self._box.height))
        if seen.is_empty:
            return
        cut = seen.within(whole).slices
        change = self._enlarged(self._change, area)
        rest = self._rest[at.within(self._at_side(self._area)).slices]
        colours = rest[..., :3] + change
        if self._detail is not None:
            left = 1 - kept_detail(self._change[area.slices])
            colours -= cv2.resize(left, (at.width, at.height))[..., None] * self._detail
        np.clip(colours, 0, rest[..., 3:], out=colours)
        self.posed[seen.slices][..., :3] = colours[cut]
        self.seen[seen.slices] = self._enlarged(self._opening, area)[cut].clip(0, 1)

    def _enlarge_rest(self, head: PixelRows, portrait: Portrait) -> None:
        """Write the neutral face of the teacher into the head of the large picture (h, w, 4)."""
        own = _times(FACE_BOX, self._face.scale)
        size = (self._frame.width, self._frame.height)
        known = _at_own_side(portrait, SIZE * self._face.scale)[own.slices]
        moved = self._face.shown - known
        rest = _resized(self._face.shown, size)
        if self._up > self._down:
            detail = (1 - cv2.resize(meant_change(moved[..., :3]), size)[..., None]) * (head - rest)
            area = self._at_side(self._area)
            self._detail = detail[area.slices][..., :3].copy()
            rest += detail
        head[:] = rest
        alpha = head[..., 3:]
        np.clip(alpha, 0, 1, out=alpha)
        np.clip(head[..., :3], 0, alpha, out=head[..., :3])

    def _around_parts(self) -> Box:
        return self._grown(Box.around(self._face.boxes.values()))

    def _grown(self, box: Box) -> Box:
        """With what an enlarged change may reach around, to whole px of both sides."""
        if self._up == self._down:
            return box
        margin, step = _MARGIN * self._face.scale, self._down
        left, top = ((edge - margin) // step * step for edge in (box.x, box.y))
        right, bottom = (-(-(edge + margin) // step) * step for edge in (box.right, box.bottom))
        height, width = self._change.shape[:2]
        return Box.between(max(0, top), min(height, bottom), max(0, left), min(width, right))

    def _at_side(self, box: Box) -> Box:
        """A box of the student's own px at the portrait's side."""
        return _times(box, self._up / self._down)

    def _enlarged(self, maps: PixelRows, area: Box) -> PixelRows:
        at = self._at_side(area)
        return _resized(maps[area.slices], (at.width, at.height))


def meant_change(change: PixelRows) -> NDArray[np.float32]:
    """(h, w) in [0, 1]: where the teacher means its neutral face to be another; the change is (h, w, 3).

    It closes an open mouth. Elsewhere it shifts lines by some tenths of a pixel, which blurs: such changes
    are thin, and the picture is shown as it was drawn.
    """
    broad = cv2.morphologyEx(
        (np.abs(change).max(-1) > _OTHER).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)
    )
    around = cv2.dilate(broad, np.ones((2 * _BROAD + 1, 2 * _BROAD + 1), np.uint8)).astype(np.float32)
    meant: NDArray[np.float32] = cv2.blur(around, (_BROAD, _BROAD))
    return meant


def kept_detail(change: PixelRows) -> NDArray[np.float32]:
    """(h, w) in [0, 1]: how much of the detail of a place stays under a change of its colours (h, w, 3)."""
    most = np.abs(change).max(-1)
    return np.minimum(_less(most, _SAME, _OTHER), _less(cv2.dilate(most, _AROUND), *_STRONG))


def _less(change: NDArray[np.float32], none: float, all_of_it: float) -> NDArray[np.float32]:
    """1 up to one change, 0 from another on, smooth between them."""
    part = np.clip((all_of_it - change) / (all_of_it - none), 0, 1)
    smooth: NDArray[np.float32] = part * part * (3 - 2 * part)
    return smooth


def _premultiplied_rows(picture: Tensor) -> PixelRows:
    """A picture (4, H, W) of straight alpha as rows of pixels; a copy."""
    rows: PixelRows = premultiplied(picture.detach().cpu().float()).permute(1, 2, 0).contiguous().numpy()
    return rows


def _at_own_side(portrait: Portrait, side: int) -> PixelRows:
    """The portrait's picture, premultiplied rows, at the side at which a student was taught."""
    if side == SIZE:
        return _premultiplied_rows(portrait.image)
    return _resized(_premultiplied_rows(portrait.large), (side, side))


def _resized(maps: PixelRows, size: tuple[int, int]) -> PixelRows:
    """Rows of pixels at another size (width, height)."""
    if size == maps.shape[1::-1]:
        return maps
    how = cv2.INTER_AREA if size[0] < maps.shape[1] else cv2.INTER_CUBIC
    resized: PixelRows = cv2.resize(maps, size, interpolation=how)
    return resized


def _times(box: Box, factor: float) -> Box:
    """The same part of a picture that is so many times as large; its edges are whole px there."""
    return Box(*(round(value * factor) for value in (box.x, box.y, box.width, box.height)))
