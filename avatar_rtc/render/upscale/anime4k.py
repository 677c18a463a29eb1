"""The networks of Anime4K (https://github.com/bloc97/Anime4K, MIT), read from its own GLSL files.

A file holds passes for mpv. Each is a convolution, or the last step, which lays four maps out as 2 x 2:

    //!BIND conv2d_tf            what it reads
    //!SAVE conv2d_1_tf          what it writes
    #define go_1(x_off, y_off) (max(-(conv2d_tf_texOff(…)), 0.0))
    result += mat4(… 16 numbers, by columns …) * go_1(-1.0, 0.0);
    result += vec4(… bias …);
"""

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate, pad, pixel_shuffle, relu

from avatar_rtc.anime4k_files import FOLDER_VARIABLE, find_file
from avatar_rtc.errors import InputError, SetupError

_NUMBER = r"[-+.\deE]+"
_SOURCE = re.compile(r"#define (go?_\d+)(?:\(.*?\))? \((max\()?(-)?\(?(\w+?)_tex(?:Off)?\(")
_TERM = re.compile(rf"mat4\(((?:{_NUMBER}(?:, )?){{16}})\) \* (go?_\d+)(?:\(({_NUMBER}), ({_NUMBER})\))?")
_BIAS = re.compile(rf"result \+= vec4\(((?:{_NUMBER}(?:, )?){{4}})\)")


class Source(NamedTuple):
    """What a pass reads: four maps, as they are, or one half of them."""

    texture: str
    half: Literal["all", "positive", "negative"]


class Convolution(NamedTuple):
    """One pass: a 3 x 3 convolution of some textures."""

    saves: str
    sources: tuple[Source, ...]
    weight: Tensor
    """(4, 4 · sources, 3, 3)."""
    bias: Tensor


class Anime4k(nn.Module):
    """RGB (B, 3, H, W), sRGB → (B, 3, 2 H, 2 W)."""

    def __init__(self, passes: list[Convolution], last: tuple[str, ...]) -> None:
        """`last` are the textures that are laid out: one for all colours, or one for each."""
        super().__init__()
        self._passes, self._last = passes, last

    def forward(self, rgb: Tensor) -> Tensor:
        textures = {"MAIN": torch.cat([rgb, torch.ones_like(rgb[:, :1])], dim=1)}
        for step in self._passes:
            read = torch.cat([_half(textures[s.texture], s.half) for s in step.sources], dim=1)
            padded = pad(read, (1, 1, 1, 1), "replicate")
            textures[step.saves] = conv2d(padded, step.weight.to(rgb), step.bias.to(rgb))
        residual = torch.cat([pixel_shuffle(textures[name], 2) for name in self._last], dim=1)
        return interpolate(rgb, scale_factor=2, mode="bilinear", align_corners=False) + residual


def _half(maps: Tensor, half: str) -> Tensor:
    return maps if half == "all" else relu(maps if half == "positive" else -maps)


def parse(text: str) -> Anime4k:
    """The network in a file's text.

    Raises:
        InputError: it is no x2 network of Anime4K 3 or 4.
    """
    passes, last = [], ()
    for block in text.split("//!DESC ")[1:]:
        saves = re.search(r"//!SAVE (\w+)", block)
        if saves is None:
            raise InputError("a pass saves nothing")
        if "mat4(" in block:
            passes.append(_convolution(saves[1], block))
        else:
            last = tuple(name for name in re.findall(r"//!BIND (\w+)", block) if name != "MAIN")
    known = {"MAIN", *(step.saves for step in passes)}
    if not passes or len(last) not in (1, 3) or not set(last) <= known:
        raise InputError("this is no Anime4K x2 network: wanted are convolutions and a depth-to-space pass")
    return Anime4k(passes, last)


def _convolution(saves: str, block: str) -> Convolution:
    sources: dict[str, Source] = {}
    for name, clipped, minus, texture in _SOURCE.findall(block):
        sources[name] = Source(texture, "all" if not clipped else "negative" if minus else "positive")
    order = list(sources)
    weight, bias = torch.zeros(4, 4 * len(order), 3, 3), torch.zeros(4)
    terms = _TERM.findall(block)
    if not terms or any(name not in sources for _, name, _, _ in terms):
        raise InputError(f"pass {saves} cannot be read")
    for numbers, name, right, down in terms:
        matrix = torch.tensor([float(n) for n in numbers.split(", ")]).view(4, 4).T  # given by columns
        place = 4 * order.index(name)
        weight[:, place : place + 4, int(float(down or 0)) + 1, int(float(right or 0)) + 1] += matrix
    for numbers in _BIAS.findall(block):
        bias += torch.tensor([float(n) for n in numbers.split(", ")])
    return Convolution(saves, tuple(sources.values()), weight, bias)


@lru_cache(maxsize=4)
def load_anime4k(quality: str) -> Anime4k:
    """The network for a quality, from the folder in the environment.

    Raises:
        SetupError: no folder was given, or it lacks the file.
        InputError: the file cannot be read.
    """
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        raise SetupError("anime4k needs the folder of Anime4K's GLSL files; start with --anime4k DIR")
    file = find_file(Path(folder), quality)
    try:
        return parse(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, InputError) as error:
        raise InputError(f"{file}: {error}") from None
