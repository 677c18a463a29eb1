"""THA3 as an animator: how its five networks connect, and what is kept from frame to frame.

```
 picture ─ decomposer ─► eyebrows, background           once per character
 eyebrow morphs ─► combiner ─► head                     when an eyebrow moved
 face morphs ─► face morpher ─► whole picture           … or the face, or the head before it
 rotation ─► rotator (at 256) ─► grid ─► editor ─► out  … or anything at all
```
"""

import copy
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from avatar_rtc.errors import SetupError
from avatar_rtc.face.pose import EYEBROW, FACE, ROTATION
from avatar_rtc.render.animator import SIZE
from avatar_rtc.render.cels import Dressing
from avatar_rtc.render.colour import ColourSpace, srgb_to_linear
from avatar_rtc.render.tha3.boxes import FACE_BOX, FACE_HALF_BOX, HEAD_BOX, HEAD_IN_FACE
from avatar_rtc.render.tha3.networks import (
    PARTS,
    PartName,
    combine,
    decompose,
    edit,
    morph,
    warp,
)
from avatar_rtc.render.tha3.openvino import Maps, compile_networks
from avatar_rtc.render.tha3.weights import load_networks
from avatar_rtc.render.tha3.weights_files import chosen_folder


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


class Tha3Animator:
    """Poses any character with THA3; an Animator."""

    name = "tha3"
    space: ColourSpace = "linear"

    def __init__(
        self, networks: dict[PartName, Maps], device: str, dtype: torch.dtype, threads: int | None = None
    ) -> None:
        """`threads` are those torch computes on while it animates; None leaves them as they are."""
        self._threads = threads
        self.device, self.dtype = torch.device(device), dtype
        self.networks = networks
        self.exclusive = self.device.type == "cpu"
        """On a CPU it takes all cores, and OpenVINO has one request for each network."""

    @torch.inference_mode()
    def prepare(self, image: Tensor) -> Tha3Character:
        """Run the decomposer; see `Animator.prepare`."""
        linear = srgb_to_linear(image.to(self.device, torch.float32)[None])
        picture = (linear * 2 - 1).to(self.dtype)
        head = picture[:, :, *HEAD_BOX.slices].contiguous()
        maps = self.networks["eyebrow_decomposer"](head, head.new_zeros(1, 0))
        brows, background = decompose(maps, head)
        return Tha3Character(picture, brows, background, picture.clone(), avg_pool2d(picture, 2))

    def dress(self, character: Tha3Character, image: Tensor, dressing: Dressing) -> Tha3Character:
        """The character anew, its source picture under cels."""
        return self.prepare(dressing.draw(image, "srgb"))

    @torch.inference_mode()
    def pose_faces(self, poses: Tensor, characters: Sequence[Tha3Character]) -> None:
        """Pose brows and face only, of different characters; `Tha3Character.face` has the result."""
        batch = list(characters)
        self._move_brows(batch, self._on_device(poses[:, EYEBROW]))
        self._move_face(batch, self._on_device(poses[:, FACE]))

    @torch.inference_mode()
    def animate(self, poses: Tensor, characters: Sequence[Tha3Character]) -> Tensor:
        """Pictures (B, 4, 512, 512), linear, float32; see `Animator.animate`.

        The same character may stand in a batch several times, with a pose each.
        """
        with _computing_on(self._threads):
            return self._animate(poses, characters)

    def _animate(self, poses: Tensor, characters: Sequence[Tha3Character]) -> Tensor:
        batch = _each_once(characters)
        brow = [_moved(c, p, EYEBROW) for c, p in zip(batch, poses, strict=True)]
        face = [b or _moved(c, p, FACE) for b, c, p in zip(brow, batch, poses, strict=True)]
        body = [f or _moved(c, p, ROTATION) for f, c, p in zip(face, batch, poses, strict=True)]
        for stale, step, morphs in (
            (brow, self._move_brows, EYEBROW),
            (face, self._move_face, FACE),
            (body, self._move_body, ROTATION),
        ):
            rows = [row for row, is_stale in enumerate(stale) if is_stale]
            if rows:
                step([batch[row] for row in rows], self._on_device(poses[rows, morphs]))
        for character, pose in zip(batch, poses, strict=True):
            character.pose = pose.clone()
        return torch.cat([character.out for character in batch])

    def _on_device(self, pose: Tensor) -> Tensor:
        return pose.to(self.device, self.dtype)

    def _move_brows(self, batch: list[Tha3Character], pose: Tensor) -> None:
        brows = torch.cat([c.brows for c in batch])
        background = torch.cat([c.background for c in batch])
        layers = torch.cat([background, brows], dim=1)
        heads = combine(self.networks["eyebrow_morphing_combiner"](layers, pose), brows, background)
        for character, head in zip(batch, heads.chunk(len(batch)), strict=True):
            character.pose, character.head = None, head  # None: what follows no longer fits

    def _move_face(self, batch: list[Tha3Character], pose: Tensor) -> None:
        faces = torch.cat([c.image[:, :, *FACE_BOX.slices] for c in batch])
        faces[:, :, *HEAD_IN_FACE.slices] = torch.cat([c.head for c in batch])
        faces = morph(self.networks["face_morpher"](faces, pose), faces)
        for character, face in zip(batch, faces.chunk(len(batch)), strict=True):
            character.pose = None
            character.posed[:, :, *FACE_BOX.slices] = face
            character.posed_half[:, :, *FACE_HALF_BOX.slices] = avg_pool2d(face, 2)

    def _move_body(self, batch: list[Tha3Character], pose: Tensor) -> None:
        images = torch.cat([c.posed for c in batch])
        halves = torch.cat([c.posed_half for c in batch])
        grid = self.networks["two_algo_face_body_rotator"](halves, pose)
        turned = _double(torch.cat([warp(halves, grid), grid], dim=1))
        maps = self.networks["editor"](torch.cat([images, turned], dim=1), pose)
        pictures = ((edit(maps, turned[:, 4:], images).float() + 1) / 2).clamp(0, 1)
        for row, character in enumerate(batch):
            one = slice(row, row + 1)
            character.out, character.grid, character.maps = pictures[one], turned[one, 4:], maps[one]


@contextmanager
def _computing_on(threads: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _each_once(characters: Sequence[Tha3Character]) -> list[Tha3Character]:
    seen: set[int] = set()
    batch = []
    for character in characters:
        batch.append(character.fork() if id(character) in seen else character)
        seen.add(id(character))
    return batch


def _moved(character: Tha3Character, pose: Tensor, morphs: slice) -> bool:
    return character.pose is None or not torch.equal(character.pose[morphs], pose[morphs])


def _double(image: Tensor) -> Tensor:
    return interpolate(image, size=(SIZE, SIZE), mode="bilinear", align_corners=False)


def create_tha3(device: str, folder: Path | None = None, *, openvino: bool = True) -> Tha3Animator:
    """THA3 on a device: float16 on CUDA, otherwise float32; on a CPU with OpenVINO where installed.

    Args:
        device: a torch device.
        folder: of converted weights; None takes the ones in the cache.
        openvino: False keeps to PyTorch.

    Raises:
        SetupError: the weights are missing or broken.
    """
    folder = folder or chosen_folder()
    if folder is None:
        raise SetupError("the THA3 weights are not here yet; run `avatar-rtc weights`")
    half = device.startswith("cuda")
    loaded = load_networks(folder, "float16" if half else "float32")
    networks: dict[PartName, Maps] = {name: loaded[name].to(device) for name in PARTS}
    compiled = compile_networks(loaded, folder) if openvino and device == "cpu" else None
    networks |= compiled or {}
    # Whatever `limit_threads` said: without OpenVINO torch does the work.
    threads = os.cpu_count() if device == "cpu" and not compiled else None
    return Tha3Animator(networks, device, torch.float16 if half else torch.float32, threads)
