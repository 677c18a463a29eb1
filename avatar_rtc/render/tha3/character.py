"""What THA3 keeps of one character, what of it each part is given, and where what comes out goes."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from avatar_rtc.render.cels import Dressing
from avatar_rtc.render.tha3.boxes import FACE_BOX, FACE_HALF_BOX, box_at
from avatar_rtc.render.tha3.cover import Cover, covered
from avatar_rtc.render.tha3.large import exact_turn, large_body, larger, maps_at
from avatar_rtc.render.tha3.networks import BodyTurn, edited, turn_of, warp
from avatar_rtc.render.tha3.parts import MOVED_BY, MOVED_PARTS, MovedPart, RestGrids, shown_turn
from avatar_rtc.stream.box import Box


@dataclass
class LargeLayers:
    """The same pictures of a character at the side S that is shown, s = S / 512; (1, 4, …) in [-1, 1]."""

    image: Tensor
    """(1, 4, S, S)."""
    brows: Tensor
    """(1, 4, 128 s, 128 s)."""
    background: Tensor
    """(1, 4, 128 s, 128 s)."""
    posed: Tensor
    """(1, 4, S, S): written in place."""
    rest: RestGrids
    """What is taken off each part's grid near rest."""
    face: Tensor = field(default_factory=lambda: torch.empty(0))
    """(1, 4, 192 s, 192 s): the newest face without cover."""
    head: Tensor = field(default_factory=lambda: torch.empty(0))
    """(1, 4, 128 s, 128 s)."""

    @property
    def side(self) -> int:
        """S, in px."""
        return self.image.shape[-1]

    def box(self, box: Box) -> tuple[slice, slice]:
        """Rows and columns of a box of the 512 px picture."""
        return box_at(box, self.side).slices


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
    large: LargeLayers | None = None
    """The same at the side that is shown, if that is not 512."""
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
    """(1, 4, S, S): the finished picture, float32 in [0, 1]."""
    grid: Tensor = field(default_factory=lambda: torch.empty(0))
    """(1, 2, 512, 512): the rotator's share of the warp; see `Tha3Character.warped_by`."""
    maps: Tensor = field(default_factory=lambda: torch.empty(0))
    """(1, 10, 512, 512): what the editor gave."""
    soft: Tensor | None = None
    """(6, 128, 128): the weights of what swings."""
    swing: Tensor | None = None
    """(12,) on the CPU: what `swung` was made with; None is nothing yet, or an older `out`."""
    swung: Tensor = field(default_factory=lambda: torch.empty(0))
    """(1, 4, S, S): `out`, its soft parts swung."""
    turned_by: Tensor = field(default_factory=lambda: torch.empty(0))
    """(6,) on the CPU: the rotation that `grid` and `maps` are of."""
    last: BodyTurn | None = None
    """How the body turned, of one that showed an in-between last."""
    is_half_way: bool = False
    """Whether `out` shows the mean of its last two turns."""

    @property
    def side(self) -> int:
        """S: of the pictures made of it, in px."""
        return self.image.shape[-1] if self.large is None else self.large.side

    def warped_by(self) -> Tensor:
        """(1, 2, 512, 512): where each pixel of `out` was taken from, as `warp` wants it."""
        return self.grid.float() + self.maps[:, :2].float()

    def painted(self) -> Tensor:
        """(1, 1, 512, 512) in [0, 1]: how much of each pixel of `out` is painted and not taken, RGB mean."""
        return self.maps[:, 2:5].float().sigmoid().mean(1, keepdim=True)

    def face(self) -> Tensor:
        """(1, 4, 192, 192): the posed face before the body moves, linear RGB + alpha in [0, 1]."""
        return ((self.posed[:, :, *FACE_BOX.slices].float() + 1) / 2).clamp(0, 1)

    def large_face(self) -> Tensor:
        """(1, 4, 192 s, 192 s): the same at the side that is shown."""
        if self.large is None:
            return self.face()
        return ((self.large.posed[:, :, *self.large.box(FACE_BOX)].float() + 1) / 2).clamp(0, 1)

    def seen_at(self, stage: str) -> Tensor:
        """(1, 4, h, w) in [-1, 1]: a step on the way to `out`; see `STAGES`."""
        seen = self.large or self
        if stage in ("warped", "paint"):
            return edited(self.turn_at_side(), seen.posed, stage)
        if stage == "turned":
            return warp(seen.posed, self.grid if self.large is None else maps_at(self.grid, self.side))
        if stage == "face":
            return seen.posed[:, :, *box_at(FACE_BOX, self.side).slices]
        pictures = {
            "brows": seen.brows, "background": seen.background, "head": seen.head, "posed": seen.posed
        }  # fmt: skip
        return pictures[stage]

    def fork(self) -> "Tha3Character":
        """The same character with caches of its own."""
        twin = copy.copy(self)
        twin.posed, twin.posed_half = self.posed.clone(), self.posed_half.clone()
        if self.large is not None:
            twin.large = replace(self.large, posed=self.large.posed.clone())
        return twin

    def given_to(self, part: MovedPart) -> Sequence[Tensor]:
        """What a part is given of it, (1, ...) each, then the large ones; the pose comes after."""
        large = self.large
        if part == "brows":
            larger = () if large is None else (large.brows, large.background, large.rest.brows)
            return self.brows, self.background, *larger
        if part == "face":
            face = self.image[:, :, *FACE_BOX.slices]
            if large is None:
                return face, self.head
            return face, self.head, large.image[:, :, *large.box(FACE_BOX)], large.head, large.rest.face
        return self.posed, self.posed_half, *(() if large is None else (large.posed, large.rest.body))

    def take(self, part: MovedPart, found: Sequence[Tensor]) -> None:
        """Keep what a part gave, (1, ...) each, the large one last."""
        self.pose = None  # what follows no longer fits
        large = self.large
        if large is not None and part != "body":
            *found, larger = found
            if part == "brows":
                large.head = larger
            else:
                large.posed[:, :, *large.box(FACE_BOX)] = larger
                large.face = larger
        if part == "brows":
            (self.head,) = found
        elif part == "face":
            self.posed[:, :, *FACE_BOX.slices], self.posed_half[:, :, *FACE_HALF_BOX.slices] = found
            self.faces, self.cover = found, None
        else:
            self.out, self.grid, self.maps = found
            self.swing, self.is_half_way = None, False

    def turn(self) -> BodyTurn:
        """How the body turned last."""
        return (turn_of if self.large is None else exact_turn)(self.maps, self.grid)

    def turn_at_side(self) -> BodyTurn:
        """The same at the side that is shown."""
        return self.turn() if self.large is None else larger(self.turn(), self.side)

    def show(self, turn: BodyTurn, is_half_way: bool = False) -> None:
        """Compose `out` anew of a turn."""
        self.out = shown_turn(turn, self.posed) if self.large is None else large_body(turn, self.large.posed)
        self.swing, self.is_half_way = None, is_half_way

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
            face, _, *large = self._bare(cover.box)
            face = covered(face, cover.pixels)
            if cover.large is not None:
                large = [covered(each, cover.large) for each in large]
            self._put(cover.box, face, avg_pool2d(face, 2), *large)
        self.cover = cover

    def _bare(self, box: Box) -> Sequence[Tensor]:
        """The posed face in a box of the picture, without cover, the same at half the side, and large."""
        face, half = self.faces
        inner = box.within(FACE_BOX)
        found = face[:, :, *inner.slices], half[:, :, *inner.halved.slices]
        return found if self.large is None else (*found, self.large.face[:, :, *self.large.box(inner)])

    def _put(self, box: Box, face: Tensor, half: Tensor, *large: Tensor) -> None:
        self.posed[:, :, *box.slices] = face
        self.posed_half[:, :, *box.halved.slices] = half
        if self.large is not None:
            (self.large.posed[:, :, *self.large.box(box)],) = large


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
