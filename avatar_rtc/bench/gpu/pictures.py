"""Filters, upscalers and layouts on the card against the same on the CPU: the same pictures?"""

from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.bench.filters import BUSY
from avatar_rtc.bench.gpu.equality import exact_float32, psnr_db
from avatar_rtc.bench.gpu.faces import linear_portrait
from avatar_rtc.bench.gpu.rig import Rig
from avatar_rtc.bench.gpu.rows import ReportRow, guarded
from avatar_rtc.filters_schema.chain import OPERATIONS
from avatar_rtc.render.colour import converted
from avatar_rtc.render.filters import tape
from avatar_rtc.render.filters.chain import FILTERS
from avatar_rtc.render.layout import Matte, alpha_layout, rgba_layout
from avatar_rtc.render.pixels import over_grey, premultiplied
from avatar_rtc.render.upscale.enlarge import Method, Quality, enlarge

_MEAN, _MOST = 1e-3, 0.1
"""Differences over mid grey of a filter."""
_GRAINY = frozenset({"noise", *tape.FILTERS})
"""Whose random numbers may be others on a card: there mean and spread must agree."""
_MOMENTS = 0.01
_UPSCALED_DB = 45.0
_LEVELS = 2
"""Of 8 bits, that a layout may be off: OpenCV reckons in whole numbers."""
ENLARGERS: tuple[tuple[Method, Quality], ...] = (
    ("bilinear", "low"), ("bicubic", "low"), ("lanczos", "low"), ("anime", "low"), ("anime", "high"),
)  # fmt: skip
_T, _SEED = 1.25, 7


@torch.inference_mode()
def filter_equality(rig: Rig, seconds: float) -> list[ReportRow]:
    """A row for each of the operations, at its defaults, or where it is seen."""
    image = linear_portrait(rig.sizes.characters[0], rig.sizes.sides[0])
    with exact_float32():
        return [guarded(name, partial(_filter_row, name, image, rig), judges=True) for name in OPERATIONS]


def _filter_row(name: str, image: Tensor, rig: Rig) -> ReportRow:
    run, params = FILTERS[name], OPERATIONS[name].model_validate(BUSY.get(name, {}))
    space = run.space or "linear"
    given = converted(image, "linear", space)

    def seen(device: torch.device) -> Tensor:
        found = run.function(given.to(device), params, _T, _SEED).float().cpu()
        return over_grey(found if space == "srgb-premultiplied" else premultiplied(found))

    found, wanted = seen(rig.device), seen(torch.device("cpu"))
    difference = (found - wanted).abs()
    mean, largest = float(difference.mean()), float(difference.max())
    moments = max(abs(float(found.mean() - wanted.mean())), abs(float(found.std() - wanted.std())))
    same = mean < _MEAN and largest < _MOST
    values = {"mean": mean, "largest": largest, "dB": psnr_db(found, wanted)}
    if name in _GRAINY:
        return ReportRow(
            name, {**values, "wanted": f"mean and spread within {_MOMENTS:g}"}, moments < _MOMENTS
        )
    return ReportRow(name, {**values, "wanted": f"mean < {_MEAN:g}, largest < {_MOST:g}"}, same)


@torch.inference_mode()
def enlarging_equality(rig: Rig, seconds: float) -> list[ReportRow]:
    """A row for each way of doubling a picture."""
    side = rig.sizes.sides[0]
    small = converted(linear_portrait(rig.sizes.characters[0], side), "linear", "srgb-premultiplied")

    def row(name: str, method: Method, quality: Quality) -> ReportRow:
        wanted = enlarge(small, 2 * side, 2 * side, method, quality)
        found = enlarge(small.to(rig.device), 2 * side, 2 * side, method, quality).cpu()
        decibels = psnr_db(found, wanted)
        values: dict[str, float | str] = {
            "dB": decibels,
            "largest": float((found - wanted).abs().max()),
            "wanted": f">= {_UPSCALED_DB:g} dB",
        }
        return ReportRow(name, values, decibels >= _UPSCALED_DB)

    with exact_float32():
        return [guarded(f"{m} {q}", partial(row, f"{m} {q}", m, q), judges=True) for m, q in ENLARGERS]


@torch.inference_mode()
def layout_equality(rig: Rig, seconds: float) -> list[ReportRow]:
    """A row for each layout."""
    image = converted(linear_portrait(rig.sizes.characters[0], rig.sizes.sides[0]), "linear", "srgb")
    width, height = rig.sizes.matte
    ground = torch.full((3, height, width), 0.3)

    def planes(name: str, device: torch.device) -> NDArray[np.int16]:
        picture = image.to(device)
        made: dict[str, Any] = {
            "alpha": lambda: alpha_layout(picture),
            "matte": lambda: Matte((width, height))(picture, ground.to(device)),
            "rgba": lambda: rgba_layout(picture),
        }
        found: NDArray[np.uint8] = made[name]()
        return found.astype(np.int16)

    def row(name: str) -> ReportRow:
        difference = np.abs(planes(name, rig.device) - planes(name, torch.device("cpu")))
        largest = int(difference.max())
        values: dict[str, float | str] = {
            "largest level": largest,
            "mean level": float(difference.mean()),
            "wanted": f"<= {_LEVELS} levels",
        }
        return ReportRow(name, values, largest <= _LEVELS)

    return [guarded(name, partial(row, name), judges=True) for name in ("alpha", "matte", "rgba")]
