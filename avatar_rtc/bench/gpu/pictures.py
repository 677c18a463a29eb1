"""Filters, upscalers and layouts on the card against the same on the CPU: the same pictures?"""

from functools import partial
from typing import get_args

import torch
from torch import Tensor

from avatar_rtc.bench.filters import BUSY
from avatar_rtc.bench.gpu.equality import exact_float32, psnr_db
from avatar_rtc.bench.gpu.faces import linear_portrait
from avatar_rtc.bench.gpu.rig import Rig
from avatar_rtc.bench.gpu.rows import ReportRow, Value, guarded
from avatar_rtc.bench.gpu.tolerances import (
    ENLARGERS,
    FILTER_TOLERANCE,
    KERNEL_TOLERANCE,
    LAYOUT_LEVELS,
    MOMENT_TOLERANCE,
    NETWORK_DB,
    REDRAWN,
)
from avatar_rtc.filters_schema.chain import OPERATIONS
from avatar_rtc.render.colour import converted
from avatar_rtc.render.filters.chain import FILTERS
from avatar_rtc.render.pixels import over_grey
from avatar_rtc.render.upscale.enlarge import Method, Quality, enlarge
from avatar_rtc.worker.layouts import DeviceLayouts, HostLayouts, Layouts, PictureForm

_CPU = torch.device("cpu")
FORMS: tuple[PictureForm, ...] = get_args(PictureForm)
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
        return over_grey(converted(found, space, "srgb-premultiplied"))

    found, wanted = seen(rig.device), seen(torch.device("cpu"))
    difference = (found - wanted).abs()
    largest, over = float(difference.max()), float((difference > FILTER_TOLERANCE).float().mean())
    moments = max(abs(float(found.mean() - wanted.mean())), abs(float(found.std() - wanted.std())))
    values = {
        "largest": largest,
        "% over": 100 * over,
        "mean and spread": moments,
        "dB": psnr_db(found, wanted),
    }
    if name in REDRAWN:
        told = f"mean and spread within {MOMENT_TOLERANCE:g}: its noise is the card's own"
        return ReportRow(name, {**values, "wanted": told}, moments <= MOMENT_TOLERANCE)
    told = f"largest <= {FILTER_TOLERANCE:g}"
    return ReportRow(name, {**values, "wanted": told}, largest <= FILTER_TOLERANCE)


@torch.inference_mode()
def enlarging_equality(rig: Rig, seconds: float) -> list[ReportRow]:
    """A row for each way of doubling a picture."""
    side = rig.sizes.sides[0]
    small = converted(linear_portrait(rig.sizes.characters[0], side), "linear", "srgb-premultiplied")

    def row(name: str, method: Method, quality: Quality) -> ReportRow:
        wanted = enlarge(small, 2 * side, 2 * side, method, quality)
        found = enlarge(small.to(rig.device), 2 * side, 2 * side, method, quality).cpu()
        decibels, largest = psnr_db(found, wanted), float((found - wanted).abs().max())
        values: dict[str, Value] = {"dB": decibels, "largest": largest}
        if method == "bilinear" or method == "bicubic" or method == "lanczos":
            most = KERNEL_TOLERANCE[method]
            return ReportRow(name, {**values, "wanted": f"largest <= {most:g}"}, largest <= most)
        return ReportRow(name, {**values, "wanted": f">= {NETWORK_DB:g} dB"}, decibels >= NETWORK_DB)

    with exact_float32():
        return [guarded(f"{m} {q}", partial(row, f"{m} {q}", m, q), judges=True) for m, q in ENLARGERS]


@torch.inference_mode()
def layout_equality(rig: Rig, seconds: float) -> list[ReportRow]:
    """A row for each layout."""
    image = converted(linear_portrait(rig.sizes.characters[0], rig.sizes.sides[0]), "linear", "srgb")
    width, height = rig.sizes.matte
    ground = torch.full((3, height, width), 0.3)

    def planes(form: PictureForm, device: torch.device, layouts: Layouts) -> Tensor:
        return layouts.of(form, image.to(device), False, ground.to(device)).cpu().short()

    def row(form: PictureForm) -> ReportRow:
        found, wanted = (
            planes(form, rig.device, DeviceLayouts()),
            planes(form, _CPU, HostLayouts((width, height))),
        )
        difference = (found - wanted).abs()
        largest = int(difference.max())
        values: dict[str, Value] = {
            "largest level": largest,
            "mean level": float(difference.float().mean()),
            "wanted": f"<= {LAYOUT_LEVELS} of 255",
        }
        return ReportRow(form, values, largest <= LAYOUT_LEVELS)

    return [guarded(form, partial(row, form), judges=True) for form in FORMS]
