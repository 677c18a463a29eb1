"""What THA3 keeps of one character, what of it each part is given, and where what comes out goes."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from avatar_rtc.render.tha3.boxes import FACE_BOX, FACE_HALF_BOX
from avatar_rtc.render.tha3.parts import MOVED_BY, MOVED_PARTS, MovedPart


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

    def warped_by(self) -> Tensor:
        """(1, 2, 512, 512): where each pixel of `out` was taken from, as `warp` wants it."""
        return self.grid.float() + self.maps[:, :2].float()

    def painted(self) -> Tensor:
        """(1, 1, 512, 512) in [0, 1]: how much of each pixel of `out` is painted and not taken, RGB mean."""
        return self.maps[:, 2:5].float().sigmoid().mean(1, keepdim=True)

    def face(self) -> Tensor:
        """(1, 4, 192, 192): the posed face before the body moves, linear RGB + alpha in [0, 1]."""
        return ((self.posed[:, :, *FACE_BOX.slices].float() + 1) / 2).clamp(0, 1)

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
        else:
            self.out, self.grid, self.maps = found


def each_once(characters: Sequence[Tha3Character]) -> list[Tha3Character]:
    """The same, but of one that stands there several times a fork for each time after the first."""
    seen: set[int] = set()
    batch = []
    for character in characters:
        batch.append(character.fork() if id(character) in seen else character)
        seen.add(id(character))
    return batch


def stale_rows(batch: Sequence[Tha3Character], poses: Tensor) -> Mapping[MovedPart, Sequence[int]]:
    """The rows of a batch in which each part has moved, or one that it builds on."""
    stale: set[int] = set()
    found = {}
    for part in MOVED_PARTS:
        stale |= {row for row, each in enumerate(batch) if _moved(each, poses[row], MOVED_BY[part])}
        found[part] = sorted(stale)
    return found


def _moved(character: Tha3Character, pose: Tensor, morphs: slice) -> bool:
    return character.pose is None or not torch.equal(character.pose[morphs], pose[morphs])
