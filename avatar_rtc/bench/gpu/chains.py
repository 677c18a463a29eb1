"""The chain: its default beside plain torch, every operation, every preset, enlarging."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from itertools import count
from types import MappingProxyType

import torch
from torch import Tensor

from avatar_rtc.bench.filters import BUSY, DEFAULT
from avatar_rtc.bench.filters_reference import default_chain
from avatar_rtc.bench.floors import Floor, floor_ms
from avatar_rtc.bench.gpu.avatars import captured_first
from avatar_rtc.bench.gpu.faces import linear_portrait
from avatar_rtc.bench.gpu.parts import launched
from avatar_rtc.bench.gpu.rig import Rig
from avatar_rtc.bench.gpu.rows import ReportRow, guarded, timed_row
from avatar_rtc.bench.gpu.timing import TimedCall, side_by_side
from avatar_rtc.bench.gpu.tolerances import ENLARGERS
from avatar_rtc.control.state import Backdrop
from avatar_rtc.filters_schema.chain import OPERATIONS, Operation, check_chain
from avatar_rtc.filters_schema.presets import load_presets
from avatar_rtc.render.colour import converted
from avatar_rtc.render.filters.chain import FILTERS, run_chain
from avatar_rtc.render.upscale.enlarge import Method, Quality, enlarge
from avatar_rtc.worker.picture import Finisher

_T, _SEED, _FPS = 1.25, 7, 30.0


@torch.inference_mode()
def chain_times(rig: Rig, seconds: float) -> list[ReportRow]:
    """A row for the default chain at each size, beside plain torch, and for each preset at the largest."""
    chain = check_chain([[name] for name in DEFAULT])
    presets = load_presets()
    share = seconds / (len(rig.sizes.sides) + len(presets))

    def default(side: int) -> ReportRow:
        image = _picture(rig, side)
        beside = {"plain torch": lambda: default_chain(image, _T)}
        return _standing(rig, f"default chain, {side} px", image, chain, share, beside)

    def preset(name: str) -> ReportRow:
        side = rig.sizes.sides[-1]
        return _standing(rig, f"preset {name}, {side} px", _picture(rig, side), presets[name].chain, share)

    return [
        *(guarded(f"default chain, {side} px", partial(default, side)) for side in rig.sizes.sides),
        *(guarded(f"preset {name}", partial(preset, name)) for name in presets),
    ]


@torch.inference_mode()
def operation_times(rig: Rig, seconds: float) -> list[ReportRow]:
    """A row for each operation alone, in the space it reckons in, slowest first."""
    image = _picture(rig, rig.sizes.sides[-1])

    def row(name: str) -> ReportRow:
        run, params = FILTERS[name], OPERATIONS[name].model_validate(BUSY.get(name, {}))
        given = converted(image, "linear", run.space or "linear")
        call = partial(run.function, given, params, _T, _SEED)
        return _timed(rig, name, given, call, seconds / len(OPERATIONS))

    rows = [guarded(name, partial(row, name)) for name in OPERATIONS]
    return sorted(rows, key=_slowness, reverse=True)


@torch.inference_mode()
def enlarging_times(rig: Rig, seconds: float) -> list[ReportRow]:
    """A row for each way of doubling a picture."""
    side = rig.sizes.sides[0]
    small = converted(_picture(rig, side), "linear", "srgb-premultiplied")

    def row(name: str, method: Method, quality: Quality) -> ReportRow:
        call = partial(enlarge, small, 2 * side, 2 * side, method, quality)
        return _timed(rig, name, small, call, seconds / len(ENLARGERS))

    names = [
        (f"{method} {quality}, {side} to {2 * side} px", method, quality) for method, quality in ENLARGERS
    ]
    return [guarded(name, partial(row, name, method, quality)) for name, method, quality in names]


def _picture(rig: Rig, side: int) -> Tensor:
    return linear_portrait(rig.sizes.characters[0], side).to(rig.device)


def _standing(
    rig: Rig,
    name: str,
    image: Tensor,
    chain: tuple[Operation, ...],
    seconds: float,
    beside: Mapping[str, TimedCall] = MappingProxyType({}),
) -> ReportRow:
    """As an avatar gets it, which ends with its layout; beside the same without a graph and a layout."""
    told: list[str] = []
    finisher = Finisher(rig.sizes.matte, _SEED, told.append, card=rig.card)
    ticks = count()

    def finished() -> Tensor:
        planes = finisher.planes(image, "linear", next(ticks) / _FPS, chain, Backdrop(), {"alpha"})
        if any(told):
            raise RuntimeError(next(filter(None, told)))
        return planes["alpha"]

    is_captured = captured_first(rig, finished, seconds)
    eager = {"without graph": lambda: run_chain(image, "linear", chain, _T, _SEED)[0]}
    row = _timed(rig, name, image, finished, seconds, eager | dict(beside))
    return row if is_captured else replace(row, values={**row.values, "ready": "no"})


def _timed(
    rig: Rig,
    name: str,
    image: Tensor,
    call: TimedCall,
    seconds: float,
    beside: Mapping[str, TimedCall] = MappingProxyType({}),
) -> ReportRow:
    times = side_by_side(rig.timer, {"ours": call, **beside}, seconds)
    ours = times["ours"]
    if not ours.is_there:
        return timed_row(name, times)
    values = launched(rig, call, ours)
    if "plain torch" in times and times["plain torch"].is_there:
        values["x plain torch"] = times["plain torch"].median / ours.median
    if rig.rates is not None:
        written = call()
        assert isinstance(written, Tensor)
        floor = Floor(0, _bytes(image), _bytes(written), 1)
        least = floor_ms(floor, rig.rates.flops_per_s, rig.rates.bytes_per_s_of(floor.moved_bytes))
        values |= {"floor ms": least, "x floor": ours.median / least}
    return timed_row(name, times, **values)


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _slowness(row: ReportRow) -> float:
    times = row.values.get("ours ms")
    return times["p50"] if isinstance(times, dict) else float("inf")
