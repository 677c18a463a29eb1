"""THA3 as an animator: how its five networks connect, and what is kept from frame to frame.

```
 picture ─ decomposer ─► eyebrows, background           once per character
 eyebrow morphs ─► combiner ─► head                     when an eyebrow moved
 face morphs ─► face morpher ─► whole picture           … or the face, or the head before it
 drawn mouth or eyes ─► over its face                   … or another one is worn
 rotation ─► rotator (at 256) ─► grid ─► editor ─► out  … or anything at all
 swing ─► out, its soft parts swung                     … or the swing
```
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d

from avatar_rtc.errors import SetupError
from avatar_rtc.face.pose import ROTATION, Pose
from avatar_rtc.render.cels import Dressing
from avatar_rtc.render.colour import ColourSpace, linear_to_srgb, srgb_to_linear
from avatar_rtc.render.device.batches import BatchLimit, in_pieces
from avatar_rtc.render.device.captures import Captures
from avatar_rtc.render.device.card import captures_on
from avatar_rtc.render.device.compiling import why_plain
from avatar_rtc.render.device.memory import give_back_cached
from avatar_rtc.render.device.replays import Replays, batched
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.portrait import SIZE, Portrait
from avatar_rtc.render.soft import SoftParts
from avatar_rtc.render.tha3.boxes import FACE_BOX, HEAD_BOX
from avatar_rtc.render.tha3.character import (
    CoveredCharacter,
    Shown,
    Tha3Character,
    each_once,
    stale_rows,
    swinging_rows,
)
from avatar_rtc.render.tha3.cover import Cover, cover_of
from avatar_rtc.render.tha3.large_layers import large_layers
from avatar_rtc.render.tha3.networks import Maps, PartName, decompose
from avatar_rtc.render.tha3.openvino import compile_networks
from avatar_rtc.render.tha3.pacing import pace_of
from avatar_rtc.render.tha3.parts import MOVED_BY, MOVED_PARTS, MovedPart, Parts, RestGrids
from avatar_rtc.render.tha3.swinging import swung
from avatar_rtc.render.tha3.weights import load_networks
from avatar_rtc.render.tha3.weights_files import chosen_folder

_Row = tuple[Tha3Character, Tensor]
"""A character, and its share of the pose for one part, (1, N) on the device."""


class Tha3Animator:
    """Poses any character with THA3; an Animator.

    When the device has no room, the batch is halved; when it has none for one character, that is raised; see
    `is_out_of_memory`.
    """

    name = "tha3"
    space: ColourSpace = "linear"

    def __init__(
        self,
        networks: dict[PartName, Maps],
        device: str,
        dtype: torch.dtype,
        threads: int | None = None,
        *,
        memory_format: torch.memory_format = torch.contiguous_format,
        captures: Captures | None = None,
    ) -> None:
        """
        Args:
            threads: those torch computes on while it animates; None leaves them as they are.
            memory_format: in which the networks get their pictures; on a card the one of their weights.
            captures: with them each part is captured for 1, 2, 4, 8 and 16 characters, when first needed.
        """
        self._threads = threads
        self.device, self.dtype = torch.device(device), dtype
        self.networks = networks
        self.exclusive = self.device.type == "cpu"
        """On a CPU it takes all cores, and OpenVINO has one request for each network."""
        self._memory_format = memory_format
        self._replays = Replays[str](captures) if captures else None
        self._limit = BatchLimit()
        self._networks_free: AbstractContextManager[object] = Lock() if self.exclusive else nullcontext()
        """For `mouths`, which may come while a frame is made."""

    @property
    def parts(self) -> Parts:
        """What moves on its networks."""
        return Parts(self.networks, self._memory_format)

    def prepare(self, portrait: Portrait) -> Tha3Character:
        """Run the decomposer, and of a larger portrait a frame at rest; see `Animator.prepare`."""
        return self._prepared(portrait, None)

    def dress(self, character: Tha3Character, portrait: Portrait, dressing: Dressing) -> Tha3Character:
        """The character anew, its source picture under cels."""
        rest = None if character.large is None else character.large.rest
        dressed = self._prepared(dressing.drawn_on(portrait), rest)
        dressed.soft, dressed.dressing = character.soft, dressing
        return dressed

    def soften(self, character: Tha3Character, soft: SoftParts) -> Tha3Character:
        """The same character with these soft parts; see `Animator.soften`."""
        return replace(character, soft=uploaded(soft.moving, self.device, self.dtype))

    @torch.inference_mode()
    def cover(self, character: Tha3Character, dressing: Dressing) -> CoveredCharacter:
        """The same character with cels over its posed face; nothing is prepared anew."""
        cover = cover_of(dressing, character.dressing, self.device, self.dtype, character.side)
        return CoveredCharacter(character, cover)

    @torch.inference_mode()
    def pose_faces(self, poses: Tensor, characters: Sequence[Tha3Character]) -> None:
        """Pose brows and face only, of different characters; `Tha3Character.face` has the result."""
        all_rows = range(len(characters))
        self._move(poses, characters, {"brows": all_rows, "face": all_rows, "body": ()})

    @torch.inference_mode()
    def mouths(self, image: Tensor, poses: Sequence[Pose]) -> Iterator[NDArray[np.float32]]:
        """The face at rest but for its mouth; see `MouthAnimator`. On a CPU a frame waits for one, 0.1 s."""
        character = self.prepare(Portrait.plain(image))
        given: dict[str, Tensor] = {}
        for pose in poses:
            morphs = torch.from_numpy(pose[None]).to(self.device, self.dtype)
            with self._networks_free:
                if not given:
                    brows = self.parts.move_brows(
                        character.brows, character.background, morphs[:, MOVED_BY["brows"]]
                    )
                    given["head"] = brows[0]
                source = character.image[:, :, *FACE_BOX.slices]
                shown = self.parts.move_face(source, given["head"], morphs[:, MOVED_BY["face"]])[0]
            face = linear_to_srgb(((shown[0].float() + 1) / 2).clamp(0, 1))
            yield (face[:3] * face[3:] * 255).permute(1, 2, 0).cpu().numpy()

    @torch.inference_mode()
    def animate(self, poses: Tensor, characters: Sequence[Shown], between: Sequence[bool] = ()) -> Tensor:
        """Pictures (B, 4, S, S), linear, float32; see `Animator.animate`.

        The same character may stand in a batch several times, with a pose each.

        Raises:
            RuntimeError: there is no room on the device for one character; see `is_out_of_memory`.
        """
        with _computing_on(self._threads):
            (batch, covers), swings = each_once(characters), poses[:, ROTATION.stop :]
            stale = stale_rows(batch, poses, covers)
            pace = pace_of(batch, covers, stale["face"], stale["body"], between)
            swinging = swinging_rows(batch, swings, (*pace.turning, *pace.again))
            there = self._move(poses, batch, {**stale, "body": pace.turning}, swinging, covers)
            pace.show(batch, covers)
            pace.keep(batch, poses, between)
            for row, swing in zip(swinging, there, strict=True):
                character = batch[row]
                assert character.soft is not None
                character.swung = swung(character.out, character.grid, character.soft, swing)
                character.swing = swings[row].clone()
            return torch.cat([one.shown(swing) for one, swing in zip(batch, swings, strict=True)])

    @torch.inference_mode()
    def stage(self, character: Shown, pose: Pose, name: str) -> Tensor:
        """A picture on the way to the last one of a character, linear; see `StagedAnimator`."""
        bare = character.character if isinstance(character, CoveredCharacter) else character
        return ((bare.seen_at(name)[0].float() + 1) / 2).clamp(0, 1)

    @torch.inference_mode()
    def _prepared(self, portrait: Portrait, rest: RestGrids | None) -> Tha3Character:
        linear = srgb_to_linear(uploaded(portrait.image, self.device, torch.float32)[None])
        picture = (linear * 2 - 1).to(self.dtype)
        head = picture[:, :, *HEAD_BOX.slices].contiguous()
        maps = self.networks["eyebrow_decomposer"](head, head.new_zeros(1, 0))
        brows, background = decompose(maps, head)
        large = None
        if portrait.side != SIZE:
            if rest is None:
                with self._networks_free:
                    rest = self.parts.grids_of_rest(picture, brows, background)
            there = uploaded(portrait.large, self.device, torch.float32)
            large = large_layers(there, maps, rest, self.dtype)
        return Tha3Character(picture, brows, background, picture.clone(), avg_pool2d(picture, 2), large)

    def _move(
        self,
        poses: Tensor,
        batch: Sequence[Tha3Character],
        stale: Mapping[MovedPart, Sequence[int]],
        swinging: Sequence[int] = (),
        covers: Sequence[Cover | None] = (),
    ) -> Sequence[Tensor]:
        """Move the parts of some rows of a batch; their poses go to the device in one piece.

        With them go the swings of other rows, which come back, each (12,) on the device.

        Args:
            covers: what the face of each row wears once it is posed; needed where bodies move.
        """
        given = [poses[list(stale[part]), MOVED_BY[part]] for part in MOVED_PARTS]
        if not (swinging or any(len(pose) for pose in given)):
            return ()
        swings = poses[list(swinging), ROTATION.stop :]
        sent = torch.cat([values.flatten() for values in (*given, swings)])
        there = uploaded(sent, self.device, self.dtype)
        *shares, swings_there = there.split_with_sizes([values.numel() for values in (*given, swings)])
        for part, share, pose in zip(MOVED_PARTS, shares, given, strict=True):
            if part == "body":
                for row in stale[part]:
                    batch[row].wear(covers[row])
            rows = [
                (batch[row], one[None]) for row, one in zip(stale[part], share.view_as(pose), strict=True)
            ]
            for piece, found in in_pieces(rows, partial(self._moved, part), self._limit, self._make_room):
                for row, (character, _) in enumerate(piece):
                    character.take(part, [each[row : row + 1] for each in found])
        return swings_there.view(len(swinging), -1).unbind() if swinging else ()

    def _moved(self, part: MovedPart, rows: Sequence[_Row]) -> Sequence[Tensor]:
        columns = [*zip(*((*character.given_to(part), pose) for character, pose in rows), strict=True)]
        work = partial(self.parts.move, part)
        if self._replays is None:
            with self._networks_free:
                found = work(*map(batched, columns))
                # On OpenVINO the editor's maps hold until its next call only.
                return [*found[:-1], found[-1].clone()] if self.exclusive and part == "body" else found
        name = part if (side := rows[0][0].side) == SIZE else f"{part} at {side} px"
        return self._replays.run(name, work, columns, len(rows))

    def _make_room(self, items: int) -> bool:
        """Give back what is kept for batches of so many; True if there was any."""
        had_graphs = self._replays is not None and self._replays.drop(items)
        give_back_cached(str(self.device))
        return had_graphs


@contextmanager
def _computing_on(threads: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def create_tha3(
    device: str,
    folder: Path | None = None,
    *,
    openvino: bool = True,
    channels_last: bool | None = None,
    captures: Captures | None = None,
) -> Tha3Animator:
    """THA3 on a device: float16 on CUDA, otherwise float32; on a CPU with OpenVINO where installed.

    Args:
        device: a torch device.
        folder: of converted weights; None takes the ones in the cache.
        openvino: False keeps to PyTorch.
        channels_last: how the networks keep their maps; None is True on CUDA where functions are compiled.
        captures: those of the device, if others use them, too; None makes some where there can be.

    Raises:
        SetupError: the weights are missing or broken.
    """
    folder = folder or chosen_folder()
    if folder is None:
        raise SetupError("the THA3 weights are not here yet; run `avatar-rtc weights`")
    on_cuda = device.startswith("cuda")
    loaded = load_networks(folder, "float16" if on_cuda else "float32")
    if channels_last is None:
        # Tensor cores want it, and cuDNN would turn every map round; so would torch's norm unless compiled.
        channels_last = on_cuda and not why_plain(torch.device(device))
    memory_format = torch.channels_last if channels_last else torch.contiguous_format
    networks: dict[PartName, Maps] = {
        name: network.to(device).to(memory_format=memory_format)  # type: ignore[call-overload]
        for name, network in loaded.items()
    }
    compiled = compile_networks(loaded, folder) if openvino and device == "cpu" else None
    networks |= compiled or {}
    return Tha3Animator(
        networks,
        device,
        torch.float16 if on_cuda else torch.float32,
        # Whatever `limit_threads` said: without OpenVINO torch does the work.
        os.cpu_count() if device == "cpu" and not compiled else None,
        memory_format=memory_format,
        captures=captures or captures_on(torch.device(device)),
    )
