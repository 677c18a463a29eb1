"""From the finished picture to packets: layouts, their way to the host, and encoders."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.bench.gpu.faces import linear_portrait
from avatar_rtc.bench.gpu.parts import launched
from avatar_rtc.bench.gpu.rig import Rig
from avatar_rtc.bench.gpu.rows import ReportRow, guarded, left_out, timed_row
from avatar_rtc.bench.gpu.timing import HostTimer, TimedCall, side_by_side
from avatar_rtc.media.encode import VideoEncoder, create_encoder, has_nvenc
from avatar_rtc.render.colour import converted
from avatar_rtc.render.device.downloads import Download, begin_download
from avatar_rtc.stream.frame import VIDEO_CLOCK_HZ
from avatar_rtc.worker.layouts import DeviceLayouts, PictureForm

_FPS = 30
_PICTURES = 4
"""Avatars whose layouts are asked for together."""


@torch.inference_mode()
def layout_times(rig: Rig, seconds: float) -> list[ReportRow]:
    """A row for each layout: asked for, on the host, and four of them there by turns or side by side."""
    width, height = rig.sizes.matte
    cases: Mapping[str, tuple[PictureForm, int]] = {
        **{f"alpha, {side} px": ("alpha", side) for side in rig.sizes.sides},
        f"matte, {width}x{height}": ("matte", rig.sizes.sides[0]),
        f"rgba, {rig.sizes.sides[0]} px": ("rgba", rig.sizes.sides[0]),
    }

    def row(name: str) -> ReportRow:
        form, side = cases[name]
        image = converted(linear_portrait(rig.sizes.characters[0], side), "linear", "srgb").to(rig.device)
        ground = torch.full((3, height, width), 0.3, device=rig.device)
        calls = _ways(rig, form, image, ground)
        times = side_by_side(rig.timer, calls, seconds / len(cases))
        return timed_row(name, times, **launched(rig, calls["layout"], times["layout"]))

    return [guarded(name, partial(row, name)) for name in cases]


def _ways(rig: Rig, form: PictureForm, image: Tensor, ground: Tensor) -> dict[str, TimedCall]:
    layouts = DeviceLayouts()

    def laid_out() -> Tensor:
        return layouts.of(form, image, False, ground)

    def on_its_way() -> Download[PictureForm]:
        return begin_download({form: laid_out()}, rig.card.streams)

    def by_turns() -> None:
        for _ in range(_PICTURES):
            on_its_way().arrived()

    def together() -> None:
        for each in [on_its_way() for _ in range(_PICTURES)]:
            each.arrived()

    return {
        "layout": laid_out,
        "on the host": lambda: on_its_way().arrived(),
        f"{_PICTURES} by turns": by_turns,
        f"{_PICTURES} side by side": together,
    }


def encoder_times(rig: Rig, seconds: float) -> list[ReportRow]:
    """A row for each size of picture: NVENC, if it is there, beside x264."""
    side = rig.sizes.sides[0]
    sizes = {f"alpha, {side} px": (side, 2 * side), "matte": rig.sizes.matte}
    rows = [] if has_nvenc() else [left_out("NVENC", "no NVIDIA encoder can be opened here")]

    def row(name: str, width: int, height: int) -> ReportRow:
        # Whole NAL units are asked of x264 alone; of pictures this large they cost it no time.
        x264 = create_encoder("h264", width, height, _FPS, whole_nals=True)
        encoders = {"x264": x264}
        if has_nvenc():
            encoders["NVENC"] = create_encoder("h264", width, height, _FPS)
        calls = {way: _encoding(each, width, height) for way, each in encoders.items()}
        times = side_by_side(HostTimer(), calls, seconds / len(sizes))
        return timed_row(name, times)

    return [*rows, *(guarded(name, partial(row, name, *size)) for name, size in sizes.items())]


def _encoding(encoder: VideoEncoder, width: int, height: int) -> TimedCall:
    pictures = _pictures(width, height)
    number = 0

    def call() -> None:
        nonlocal number
        encoder.encode(pictures[number % len(pictures)], number * VIDEO_CLOCK_HZ // _FPS, number == 0)
        number += 1

    return call


def _pictures(width: int, height: int) -> list[NDArray[np.uint8]]:
    """A few planes of I420 in which something moves."""
    coarse = np.random.default_rng(1).integers(
        16, 235, (height * 3 // 2 // 16 + 1, width // 16 + 8), np.uint8
    )
    large = coarse.repeat(16, 0).repeat(16, 1)[: height * 3 // 2]
    return [np.ascontiguousarray(large[:, 4 * step : 4 * step + width]) for step in range(8)]
