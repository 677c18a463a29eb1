"""The pictures and poses that all sections measure with."""

from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.distill.poses import PoseSampler
from avatar_rtc.render.colour import srgb_to_linear
from avatar_rtc.render.pixels import picture_of
from avatar_rtc.resources import resource

_SEED, _STREAM = 17, 17


@cache
def portrait(name: str) -> Tensor:
    """A shipped character (4, 512, 512), sRGB with straight alpha, on the CPU; read only."""
    return picture_of(CharacterStore(resource("assets", "characters"), Path()).load(name))


def linear_portrait(name: str, side: int) -> Tensor:
    """The same as a chain gets it: (4, side, side), linear."""
    linear = srgb_to_linear(portrait(name))[None]
    return interpolate(linear, size=(side, side), mode="bilinear", align_corners=False)[0].contiguous()


def for_reference(name: str) -> Tensor:
    """The same as the reference takes it: (1, 4, 512, 512), linear in [-1, 1]."""
    return srgb_to_linear(portrait(name))[None] * 2 - 1


@cache
def varied_poses(count: int) -> Tensor:
    """(count, 45) on the CPU: emotions and mixtures, each with another turn of the head; read only."""
    sampler = PoseSampler(load_emotions(resource("assets", "emotions")), _SEED, _STREAM)
    return torch.from_numpy(np.stack([sampler.pose(number) for number in range(count)]))
