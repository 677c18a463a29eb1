"""What THA3 keeps of one character, what of it each part is given, and where what comes out goes."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from avatar_rtc.render.cels import Dressing
from avatar_rtc.render.tha3.boxes import FACE_BOX, FACE_HALF_BOX
from avatar_rtc.render.tha3.cover import Cover, covered
from avatar_rtc.render.tha3.parts import MOVED_BY, MOVED_PARTS, MovedPart
from avatar_rtc.stream.box import Box


@dataclass
class Tha3Character:
    """What THA3 keeps about one character; pictures are linear RGB + alpha in [-1, 1] with B = 1."""

    image: Tensor
    """(1, 4, 512, 512): as given."""
    brows: Tensor
    """(1, 4, 128, 128): the eyebrows alone."""
    background: Tensor
    """(1, 4, 128, 128): the head without eyebrows."""
    posed: Tensor
    """(1, 4, 512, 512): `image`, its face replaced by the newest one; written in place."""
    posed_half: Tensor
    """(1, 4, 256, 256): the same at half the side."""
    dressing: Dressing | None = None
    """The cels that `image` is under."""
    cover: Cover | None = None
    """What lies on `posed` over its face."""
    faces: Sequence[Tensor] = ()
    """The newest face (1, 4, 192, 192) without cover, and (1, 4, 96, 96), the same at half the side."""
    pose: Tensor | None = None
    """(45,) on the CPU: what the fields below were made with; None is nothing yet."""
    head: Tensor = field(default_factory=lambda: torch.empty(0))
    """(1, 4, 128, 128): eyebrows moved."""
    out: Tensor = field(default_factory=lambda: torch.empty(0))
    """(1, 4, 512, 512): the finished picture, float32 in [0, 1]."""
    grid: Tensor = field(default_factory=lambda: torch.empty(0))
    """(1, 2, 512, 512): the rotator's share of the warp; see `Tha3Character.warped_by`."""
    maps: Tensor = field(default_factory=lambda: torch.empty(0))
    """(1, 10, 512, 512): what the editor gave; on OpenVINO it holds until the next call only."""
    soft: Tensor | None = None
    """(6, 128, 128): the weights of what swings."""
    swing: Tensor | None = None
    """(12,) on the CPU: what `swung` was made with; None is nothing yet, or an older `out`."""
    swung: Tensor = field(default_factory=lambda: torch.empty(0))
    """(1, 4, 512, 512): `out`, its soft parts swung."""

    def warped_by(self) -> Tensor:
        """(1, 2, 512, 512): where each pixel of `out` was taken from, as `warp` wants it."""
        return self.grid.float() + self.maps[:, :2].float()

    def painted(self) -> Tensor:
        """(1, 1, 512, 512) in [0, 1]: how much of each pixel of `out` is painted and not taken, RGB mean."""
        return self.maps[:, 2:5].float().sigmoid().mean(1, keepdim=True)

    def face(self) -> Tensor:
        """(1, 4, 192, 192): the posed face before the body moves, linear RGB + alpha in [0, 1]."""
        return ((self.posed[:, :, *FACE_BOX.slices].float() + 1) / 2).clamp(0, 1)

    def seen_at(self, stage: str) -> Tensor:
        """(1, 4, h, w) in [-1, 1]: brows, background, head, face or posed; see `STAGES`."""
        if stage == "face":
            return self.posed[:, :, *FACE_BOX.slices]
        pictures = {
            "brows": self.brows, "background": self.background, "head": self.head, "posed": self.posed
        }  # fmt: skip
        return pictures[stage]

    def fork(self) -> "Tha3Character":
        """The same character with caches of its own."""
        twin = copy.copy(self)
        twin.posed, twin.posed_half = self.posed.clone(), self.posed_half.clone()
        return twin

    def given_to(self, part: MovedPart) -> Sequence[Tensor]:
        """What a part is given of it, (1, ...) each; the pose comes after."""
        if part == "brows":
            return self.brows, self.background
        if part == "face":
            return self.image[:, :, *FACE_BOX.slices], self.head
        return self.posed, self.posed_half

    def take(self, part: MovedPart, found: Sequence[Tensor]) -> None:
        """Keep what a part gave, (1, ...) each."""
        self.pose = None  # what follows no longer fits
        if part == "brows":
            (self.head,) = found
        elif part == "face":
            self.posed[:, :, *FACE_BOX.slices], self.posed_half[:, :, *FACE_HALF_BOX.slices] = found
            self.faces, self.cover = found, None
        else:
            self.out, self.grid, self.maps = found
            self.swing = None

    def shown(self, swing: Tensor) -> Tensor:
        """`out`, or `swung` if it swings; (12,) or empty."""
        return self.swung if self.swings(swing) else self.out

    def swings(self, swing: Tensor) -> bool:
        """Whether anything of it swings with this (12,), or empty."""
        return self.soft is not None and bool(swing.any())

    def wear(self, cover: Cover | None) -> None:
        """Lay this over the posed face, in the place of what lies there."""
        if cover is self.cover:
            return
        self.pose = None  # what the body was moved with is another face
        if self.cover is not None:
            self._put(self.cover.box, *self._bare(self.cover.box))
        if cover is not None:
            face = covered(self._bare(cover.box)[0], cover.pixels)
            self._put(cover.box, face, avg_pool2d(face, 2))
        self.cover = cover

    def _bare(self, box: Box) -> Sequence[Tensor]:
        """The posed face in a box of the picture, without cover, and the same at half the side."""
        face, half = self.faces
        inner = box.within(FACE_BOX)
        return face[:, :, *inner.slices], half[:, :, *inner.halved.slices]

    def _put(self, box: Box, face: Tensor, half: Tensor) -> None:
        self.posed[:, :, *box.slices] = face
        self.posed_half[:, :, *box.halved.slices] = half


@dataclass(frozen=True)
class CoveredCharacter:
    """A character and what its face wears; what was made of it last is the character's."""

    character: Tha3Character
    cover: Cover | None


Shown = Tha3Character | CoveredCharacter


def each_once(shown: Sequence[Shown]) -> tuple[list[Tha3Character], list[Cover | None]]:
    """The characters and what each is to wear; of one that stands there several times a fork for each time
    after the first."""
    seen: set[int] = set()
    batch, covers = [], []
    for each in shown:
        bare = each.character if isinstance(each, CoveredCharacter) else each
        covers.append(each.cover if isinstance(each, CoveredCharacter) else None)
        batch.append(bare.fork() if id(bare) in seen else bare)
        seen.add(id(bare))
    return batch, covers


def stale_rows(
    batch: Sequence[Tha3Character], poses: Tensor, covers: Sequence[Cover | None]
) -> Mapping[MovedPart, Sequence[int]]:
    """The rows of a batch in which each part has moved, or one that it builds on."""
    stale: set[int] = set()
    found = {}
    for part in MOVED_PARTS:
        stale |= {row for row, each in enumerate(batch) if _moved(each, poses[row], MOVED_BY[part])}
        if part == "body":
            stale |= {row for row, each in enumerate(batch) if each.cover is not covers[row]}
        found[part] = sorted(stale)
    return found


def swinging_rows(batch: Sequence[Tha3Character], swings: Tensor, turned: Sequence[int]) -> Sequence[int]:
    """The rows of a batch that are to be swung anew; `turned` are those whose body moves.

    Args:
        swings: (B, 10) on the CPU, or (B, 0) for none.
    """
    return [
        row
        for row, (each, swing) in enumerate(zip(batch, swings, strict=True))
        if each.swings(swing) and (row in turned or each.swing is None or not torch.equal(each.swing, swing))
    ]


def _moved(character: Tha3Character, pose: Tensor, morphs: slice) -> bool:
    return character.pose is None or not torch.equal(character.pose[morphs], pose[morphs])
