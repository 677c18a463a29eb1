"""Filters and the upscaler: the predecessor's default chain, each filter alone, enlarging and its quality."""

import importlib.util
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.bench.filters_reference import default_chain
from avatar_rtc.bench.measurement import Measurement, at_least, at_most, percentile, skipped, told
from avatar_rtc.characters.framing import reduced
from avatar_rtc.filters_schema.chain import OPERATIONS, check_chain
from avatar_rtc.render.colour import converted, srgb_to_linear
from avatar_rtc.render.filters.chain import FILTERS, run_chain
from avatar_rtc.render.pixels import picture_of, premultiplied
from avatar_rtc.render.upscale.enlarge import Method, Quality, enlarge
from avatar_rtc.resources import resource

DEFAULT = "bloom chromatic_aberration vignetting translucent_display banding scanlines".split()
"""The predecessor's default chain."""
CHAIN_MS, CHAIN_RATIO, ALONE_MS, GPU_MS = 25.0, 2.0, 15.0, 2.0
SLOW = frozenset({"zoom_high", "lens_blur", "upscale"})
"""May take longer."""
BUSY = {"digital_glitches": {"unboost": 0.1}, "analog_vhsglitches": {"unboost": 0.1}}
"""Where defaults show nothing in most frames: parameters at which there is always something to do."""
PYANIME_RATIO, LOW_DB, HIGH_DB = 1.5, 1.0, 2.0
ART = ("aria/aria1", "farmhand/farmhand1")
"""Pictures the network never saw, below AVATAR_RTC_TEST_DATA/characters."""


def measure(quick: bool) -> list[Measurement]:
    """All figures; those that need a package, a GPU or held-out art are skipped without."""
    samples = 3 if quick else 25
    image = _character()
    with torch.inference_mode():
        found = [*_chain(image, samples), _alone(image, samples), *_enlarging(image, 2 if quick else 6)]
        return [*found, *_quality(), _gpu(image, samples)]


def _character() -> Tensor:
    """The shipped character as THA3 sees it, (4, 512, 512) linear."""
    file = resource("assets", "characters", "liora") / "character.png"
    pixels = cv2.cvtColor(_pixels(file), cv2.COLOR_BGRA2RGBA)
    return srgb_to_linear(picture_of(reduced(pixels.astype(np.uint8)))).contiguous()


def _pixels(file: Path) -> NDArray[np.uint8]:
    pixels = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    assert pixels is not None, file
    found: NDArray[np.uint8] = pixels.astype(np.uint8)
    return found


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(count)
    cv2.setNumThreads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])


def _ms(call: Callable[[], object], samples: int) -> float:
    """The median time of a call, in ms."""
    return _side_by_side({"": call}, samples)[""]


def _side_by_side(calls: Mapping[str, Callable[[], object]], samples: int) -> dict[str, float]:
    """The median time of each call, in ms; they take turns, so that what else runs here slows all of them."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(samples + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if number:  # the first one fills caches
                taken[name].append((time.perf_counter() - start) * 1000)
    return {name: percentile(each, 50) for name, each in taken.items()}


def _chain(image: Tensor, samples: int) -> list[Measurement]:
    chain = check_chain([[name] for name in DEFAULT])
    calls = {
        "ours": lambda: run_chain(image, "linear", chain, 1.0, 1),
        "plain torch": lambda: default_chain(image, 1.0),
    }
    times: dict[str, dict[str, float]] = {}
    for threads in (1, 2):
        with _threads(threads):
            times[f"{threads} threads"] = _side_by_side(calls, samples)
    ours, plain = (min(each[name] for each in times.values()) for name in calls)
    return [
        at_most("default chain, 512 px", ours, "ms", CHAIN_MS, ms=_rounded(times)),
        at_least("default chain against plain torch", plain / ours, "x", CHAIN_RATIO, ms=_rounded(times)),
    ]


def _rounded(times: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    return {case: {name: round(ms, 2) for name, ms in each.items()} for case, each in times.items()}


def _alone(image: Tensor, samples: int) -> Measurement:
    """The slowest operation at its defaults, and the table of all: the better time of one and two threads."""
    given = {None: image, "linear": image, "srgb-premultiplied": _small(image)}
    cases: dict[str, tuple[str, Mapping[str, object]]]
    cases = {name: (name, BUSY.get(name, {})) for name in OPERATIONS}
    cases["zoom_high"] = ("zoom", {"quality": "high"})
    table: dict[str, float] = {}
    for threads in (1, 2):  # on a busy machine two wait for each other
        with _threads(threads):
            for label, (name, params) in cases.items():
                run, checked = FILTERS[name], OPERATIONS[name].model_validate(params)
                call = partial(run.function, given[run.space], checked, 1.0, 1)
                ms = round(_ms(call, min(samples, 3) if label in SLOW else samples), 2)
                table[label] = min(ms, table.get(label, ms))
    slowest = max((name for name in table if name not in SLOW), key=lambda name: table[name])
    return at_most(f"slowest filter alone, 512 px ({slowest})", table[slowest], "ms", ALONE_MS, ms=table)


def _small(image: Tensor) -> Tensor:
    """The picture as the upscaler wants it."""
    return converted(image, "linear", "srgb-premultiplied")


def _enlarging(image: Tensor, samples: int) -> list[Measurement]:
    small = _small(image)
    names: list[tuple[Method, Quality]]
    names = [("bilinear", "low"), ("bicubic", "low"), ("lanczos", "low"), ("anime", "low"), ("anime", "high")]
    with _threads(2):
        table: dict[str, float] = {}
        for method, quality in names:
            call = partial(enlarge, small, 1024, 1024, method, quality)
            table[f"{method} {quality}"] = round(_ms(call, samples), 1)
    found = [told("anime high, 512 to 1024", table["anime high"], "ms", ms=table)]
    name = "anime low against pyanime4k, 512 to 1024"
    if importlib.util.find_spec("pyanime4k") is None:
        return [*found, skipped(name, "pyanime4k is not installed")]
    theirs = _pyanime4k()
    rgba = np.ascontiguousarray((small.permute(1, 2, 0).numpy() * 255).astype(np.uint8))
    calls: dict[str, Callable[[], object]] = {
        "anime low": partial(enlarge, small, 1024, 1024, "anime", "low"),
        "pyanime4k, RGBA": lambda: theirs(rgba, 2.0),
    }
    with _threads(2):
        both = _side_by_side(calls, samples)
    ratio = both["anime low"] / both["pyanime4k, RGBA"]
    return [*found, at_most(name, ratio, "x", PYANIME_RATIO, ms={k: round(v, 1) for k, v in both.items()})]


def _pyanime4k() -> Any:
    pyanime4k = importlib.import_module("pyanime4k")
    return pyanime4k.Processor("cpu", 0, "acnet-hdn0")


def _quality() -> list[Measurement]:
    """PSNR over grey and of alpha, of art halved by means and restored, against OpenCV's bicubic."""
    names = {"low": LOW_DB, "high": HIGH_DB}
    folder = os.environ.get("AVATAR_RTC_TEST_DATA")
    if folder is None:
        return [skipped(f"anime {q} over bicubic", "AVATAR_RTC_TEST_DATA is not set") for q in names]
    gains: dict[str, dict[str, float]] = {"low": {}, "high": {}}
    table: dict[str, dict[str, tuple[float, float]]] = {}
    for name in ART:
        rgba = cv2.cvtColor(_pixels(Path(folder) / "characters" / f"{name}.png"), cv2.COLOR_BGRA2RGBA)
        clean = premultiplied(picture_of(rgba)).permute(1, 2, 0).numpy()
        height, width = clean.shape[:2]
        small = cv2.resize(clean, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        given = torch.from_numpy(small).permute(2, 0, 1).contiguous()
        cubic = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
        table[name] = {"bicubic": _psnrs(cubic, clean)}
        if importlib.util.find_spec("pyanime4k") is not None:
            rgb = _pyanime4k()(np.ascontiguousarray((small[..., :3] * 255 + 0.5).astype(np.uint8)), 2.0)
            alpha = cv2.resize(small[..., 3], (width, height), interpolation=cv2.INTER_LINEAR)
            theirs = np.dstack([rgb.astype(np.float32) / 255, alpha])
            table[name]["pyanime4k"] = _psnrs(theirs, clean)
        for quality in names:
            large = enlarge(given, height, width, "anime", quality).permute(1, 2, 0).numpy()  # type: ignore[arg-type]
            table[name][f"anime {quality}"] = found = _psnrs(large, clean)
            gains[quality][name] = min(f - b for f, b in zip(found, table[name]["bicubic"], strict=True))
    worst = {quality: min(gains[quality].values()) for quality in names}
    return [
        at_least(f"anime {quality} over bicubic, the worst", worst[quality], "dB", limit, db=table)
        for quality, limit in names.items()
    ]


def _psnrs(found: NDArray[Any], clean: NDArray[Any]) -> tuple[float, float]:
    """In dB: over mid grey, and of alpha."""
    seen = [np.clip(each[..., :3] + 0.5 * (1 - each[..., 3:]), 0, 1) for each in (found, clean)]
    errors = np.mean((seen[0] - seen[1]) ** 2), np.mean((found[..., 3] - clean[..., 3]) ** 2)
    return tuple(round(float(-10 * np.log10(max(e, 1e-10))), 2) for e in errors)  # type: ignore[return-value]


def _gpu(image: Tensor, samples: int) -> Measurement:
    name = "default chain at 1024 px on the GPU"
    if not torch.cuda.is_available():
        return skipped(name, "there is no CUDA GPU")
    chain = check_chain([[name] for name in DEFAULT])
    large = torch.nn.functional.interpolate(image[None].cuda(), scale_factor=2, mode="bilinear")[0]

    def run() -> None:
        run_chain(large, "linear", chain, 1.0, 1)
        torch.cuda.synchronize()

    return at_most(name, _ms(run, samples), "ms", GPU_MS)
