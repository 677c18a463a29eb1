"""Weights to begin with: those of a character's student that ships, laid into other boxes.

How lids close and heads turn is much alike in all characters, so its decoders are nearer to what is wanted
than any that begin at random. What lies at places of the picture is stretched from box to box.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from avatar_rtc.render.student.file import Student, read_student
from avatar_rtc.render.student.networks import DecoderSizes, StudentDecoder
from avatar_rtc.resources import resource

_CHARACTERS: Sequence[str] = ("liora", "tavi")


def shipped_student(image_hash: str) -> Student | None:
    """The first student that ships with the package and was made for another picture than this one."""
    for name in _CHARACTERS:
        file = resource("assets", "characters") / name / "student.safetensors"
        if file.is_file() and (student := read_student(file.read_bytes())).image_hash != image_hash:
            return student
    return None


@torch.no_grad()
def begin_as(decoder: StudentDecoder, other: StudentDecoder) -> None:
    """Take another decoder's weights, stretched to this one's box; a part of another kind stays as it was."""
    given = dict(other.named_parameters())
    for name, mine in decoder.named_parameters():
        if name not in given:
            continue
        theirs = given[name].detach()
        if name.startswith("seed.1"):
            theirs = _seed(theirs, other.shape, decoder.shape)
        elif name.endswith("constant"):
            theirs = _stretched(theirs, mine.shape[-2], mine.shape[-1])
        elif name == "inside.0.weight":
            theirs = theirs[:, : mine.shape[1]]  # of a body that knows the rotation alone
        if theirs.shape == mine.shape:
            mine.copy_(theirs)


def _seed(numbers: Tensor, before: DecoderSizes, after: DecoderSizes) -> Tensor:
    """What makes the seed: (channels x rows x columns) or that x rank, for other rows and columns."""
    maps = numbers.view(1, before.channels[0], before.rows, before.columns, -1)
    pictures = maps.permute(0, 4, 1, 2, 3)[0]  # rank, channels, rows, columns
    stretched = _stretched(pictures, after.rows, after.columns).permute(1, 2, 3, 0)
    return stretched.reshape(-1, *numbers.shape[1:])


def _stretched(maps: Tensor, rows: int, columns: int) -> Tensor:
    if maps.shape[-2:] == (rows, columns):
        return maps
    return interpolate(maps, (rows, columns), mode="bilinear", align_corners=False)
