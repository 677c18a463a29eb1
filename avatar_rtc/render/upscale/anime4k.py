"""The networks of Anime4K (https://github.com/bloc97/Anime4K, MIT), read from its own GLSL files.

A file holds passes for mpv. Each is a convolution, or the last step, which lays four maps out as 2 x 2:

    //!BIND conv2d_tf            what it reads
    //!SAVE conv2d_1_tf          what it writes
    #define go_1(x_off, y_off) (max(-(conv2d_tf_texOff(…)), 0.0))
    result += mat4(… 16 numbers, by columns …) * go_1(-1.0, 0.0);
    result += vec4(… bias …);
"""

import math
import os
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad, pixel_shuffle, relu

from avatar_rtc.errors import InputError, SetupError
from avatar_rtc.filters_schema.anime4k_files import FOLDER_VARIABLE, NetworkKind, find_file
from avatar_rtc.render.device.fusing import fused

# Of lines without spaces.
_READ = r"(\w+)_tex(?:Off\(vec2\(x_off,y_off\)\)|\(\w+_pos\))"
_SOURCE = re.compile(rf"#define(go?_\d+)(?:\(x_off,y_off\))?\((?:{_READ}|max\((-?)\({_READ}\),0\.0\))\)")
_TERM = re.compile(r"(?:vec4result|result\+)=mat4\(([^()]*)\)\*(go?_\d+)(?:\(([^(),]*),([^(),]*)\))?")
_RESTORED = "restored"
_BIAS = re.compile(r"result\+=vec4\(([^()]*)\)")


Half = Literal["all", "positive", "negative"]


class PassInput(NamedTuple):
    """What a pass reads: four maps, as they are, or one half of them."""

    texture: str
    half: Half


class Pass(NamedTuple):
    """One convolution of some textures; borders repeated."""

    saves: str
    sources: tuple[PassInput, ...]
    layer: nn.Conv2d


class Anime4k(nn.Module):
    """RGB (B, 3, H, W), sRGB → (B, 3, 2 H, 2 W), or (B, 3, H, W) of a network that restores."""

    def __init__(self, passes: list[Pass], last: tuple[str, ...]) -> None:
        """`last` are the textures that are laid out: one for all colours, or one for each; none if the last
        pass gives the colours of a restored picture."""
        super().__init__()
        self._passes, self._last = passes, last
        self.layers = nn.ModuleList(step.layer for step in passes)

    def forward(self, rgb: Tensor) -> Tensor:
        textures = {"MAIN": _opaque(rgb, self._passes[0].layer.weight.dtype)}
        for step in self._passes:
            maps = (textures[source.texture] for source in step.sources)
            read = _read([source.half for source in step.sources], step.layer.kernel_size[0] // 2, *maps)
            textures[step.saves] = step.layer(read)
        if not self._last:
            return rgb + textures[_RESTORED][:, :3]
        return _laid_out(rgb, *(textures[name] for name in self._last))


@fused()
def _opaque(rgb: Tensor, dtype: torch.dtype) -> Tensor:
    """The texture MAIN: the picture with a fourth map of ones."""
    rgb = rgb.to(dtype)
    return torch.cat([rgb, torch.ones_like(rgb[:, :1])], dim=1)


@fused()
def _read(halves: Sequence[Half], margin: int, *maps: Tensor) -> Tensor:
    """What a pass is given: the halves of these maps, and so many more pixels around."""
    read = torch.cat([_half(each, half) for each, half in zip(maps, halves, strict=True)], dim=1)
    return pad(read, (margin, margin, margin, margin), mode="replicate") if margin else read


def _half(maps: Tensor, half: Half) -> Tensor:
    return maps if half == "all" else relu(maps if half == "positive" else -maps)


@fused()
def _laid_out(rgb: Tensor, *maps: Tensor) -> Tensor:
    """The enlarged picture and, added to it, maps (1, 4, H, W) as 2 x 2 pixels each."""
    # Its one channel by name: of a size that it only works out to be 1, the compiler reads on into the next.
    residual = torch.cat([pixel_shuffle(each, 2)[:, 0, None] for each in maps], dim=1)
    return interpolate(rgb, scale_factor=2, mode="bilinear", align_corners=False) + residual


def parse(text: str) -> Anime4k:
    """The network in a file's text. Every line must be understood: one left out would change the picture.

    Raises:
        InputError: it is no network of Anime4K 3 or 4 that doubles or restores, or damaged.
    """
    *convolutions, final = text.split("//!DESC ")[1:] or [""]
    passes: list[Pass] = []
    known = {"MAIN"}
    for block in convolutions:
        passes.append(_convolution(block, known))
        known.add(passes[-1].saves)
    if passes and "mat4(" in final:
        # It adds to the picture what the others give as they are: it saves, so to say, a texture of its own.
        restored = final.replace("//!SAVE MAIN", f"//!SAVE {_RESTORED}")
        ending = restored.replace("return result + MAIN_tex(MAIN_pos);", "return result;")
        if ending == restored:
            raise InputError("this is no Anime4K network: its last pass does not add to the picture")
        return Anime4k([*passes, _convolution(ending, known)], ())
    last = tuple(name for name in re.findall(r"//!BIND (\w+)", final) if name != "MAIN")
    adds = "+MAIN_tex(MAIN_pos);" in _squeezed(final)
    if not passes or not adds or len(last) not in (1, 3) or not set(last) <= known:
        raise InputError("this is no Anime4K network: wanted are convolutions and a depth-to-space pass")
    return Anime4k(passes, last)


def _squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def _convolution(block: str, known: set[str]) -> Pass:
    saves = re.search(r"//!SAVE (\w+)", block)
    if saves is None or saves[1] == "MAIN":
        raise InputError("a convolution saves nothing, or the picture itself")
    sources = {}
    for line in re.findall(r"#define.*", block):
        found = _SOURCE.fullmatch(_squeezed(line))
        if found is None or (found[2] or found[4]) not in known:
            raise InputError(f"pass {saves[1]}: {line[:60]!r} cannot be read")
        half: Half = "negative" if found[3] else "positive"
        sources[found[1]] = PassInput(found[2], "all") if found[2] else PassInput(found[4], half)
    *statements, end = _squeezed(block[block.find("{") + 1 : block.rfind("}")]).split(";")[:-1] or [""]
    terms = [(statement, _TERM.fullmatch(statement)) for statement in statements]
    if end != "returnresult" or not any(term for _, term in terms):
        raise InputError(f"pass {saves[1]} is no convolution")
    weight, bias = torch.zeros(4, 4 * len(sources), 3, 3), torch.zeros(4)
    for statement, term in terms:
        if term is None:
            added = _BIAS.fullmatch(statement)
            if added is None:
                raise InputError(f"pass {saves[1]}: {statement[:60]!r} cannot be read")
            bias += torch.tensor(_numbers(added[1], 4))
            continue
        if term[2] not in sources:
            raise InputError(f"pass {saves[1]} reads {term[2]}, which is not defined")
        right, down = _numbers(f"{term[3]},{term[4]}", 2) if term[3] is not None else (0.0, 0.0)
        if not {right, down} <= {-1.0, 0.0, 1.0}:
            raise InputError(f"pass {saves[1]} reads {right:g}, {down:g} px away; a neighbour is wanted")
        place = 4 * list(sources).index(term[2])
        matrix = torch.tensor(_numbers(term[1], 16)).view(4, 4).T  # given by columns
        weight[:, place : place + 4, int(down) + 1, int(right) + 1] += matrix
    return Pass(saves[1], tuple(sources.values()), _layer(weight, bias))


def _numbers(text: str, count: int) -> list[float]:
    try:
        numbers = [float(number) for number in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise InputError(f"{text[:60]!r} is not {count} numbers")
    return numbers


def _layer(weight: Tensor, bias: Tensor) -> nn.Conv2d:
    """A convolution; 1 x 1 where no neighbour counts: as 3 x 3, the last pass takes half of all the time."""
    middle = weight[:, :, 1:2, 1:2]
    side = 1 if weight.count_nonzero() == middle.count_nonzero() else 3
    layer = nn.Conv2d(weight.shape[1], 4, side)
    with torch.no_grad():
        layer.weight.copy_(weight if side == 3 else middle)
        assert layer.bias is not None
        layer.bias.copy_(bias)
    return layer


def load_anime4k(
    quality: str, device: torch.device, dtype: torch.dtype, kind: NetworkKind = "upscale"
) -> Anime4k:
    """The network of a kind for a quality, from the folder that the environment names now.

    Raises:
        SetupError: no folder was given, or it lacks the file.
        InputError: the file cannot be read.
    """
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        raise SetupError("anime4k needs the folder of Anime4K's GLSL files; start with --anime4k DIR")
    return _network_in(Path(folder), quality, device, dtype, kind)


@lru_cache(maxsize=8)
def _network_in(
    folder: Path, quality: str, device: torch.device, dtype: torch.dtype, kind: NetworkKind
) -> Anime4k:
    file = find_file(folder, quality, kind)
    try:
        network = parse(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, InputError) as error:
        raise InputError(f"{file}: {error}") from None
    return network.requires_grad_(False).to(device, dtype)
