"""THA3's networks one by one: as they are, in a graph, channels last, compiled; and their floors."""

import copy
import time
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from avatar_rtc.bench.floors import FramePart, floor_ms, floors
from avatar_rtc.bench.gpu.rig import Rig
from avatar_rtc.bench.gpu.rows import ReportRow, Value, guarded, left_out, timed_row
from avatar_rtc.bench.gpu.timing import Call, Times, side_by_side
from avatar_rtc.render.device.operators import operators_of
from avatar_rtc.render.tha3.networks import PARTS, PartName

_LAUNCHING = 0.8
"""Share of the time of a card from which on it is the host's."""
NetworkCall = Callable[[Tensor, Tensor], Tensor]
"""Pictures and poses → maps."""
FRAME_PARTS: Mapping[PartName, Sequence[FramePart]] = {
    "eyebrow_decomposer": (),  # once for each character, and in no frame
    "eyebrow_morphing_combiner": ("eyebrows",),
    "face_morpher": ("face",),
    "two_algo_face_body_rotator": ("rotator",),
    "editor": ("editor",),
}
"""Which part of a frame a network is."""


@torch.inference_mode()
def network_times(rig: Rig, seconds: float) -> list[ReportRow]:
    """A row for each network, alone and in the largest batch."""
    batches = sorted({rig.sizes.batches[0], rig.sizes.batches[-1]})
    cases = [(name, batch) for batch in batches for name in PARTS]

    def row(name: PartName, batch: int) -> ReportRow:
        network, pictures, pose = _network(rig, name, batch)
        calls = _ways(rig, network, pictures, pose)
        times = side_by_side(rig.timer, calls, seconds / len(cases))
        kernels = operators_of(lambda: network(pictures, pose)).kernels
        best = min((t.median for t in times.values() if not t.failed), default=0.0)
        values: dict[str, Value] = {"kernels": kernels, **launching(rig, times["eager"])}
        return timed_row(
            f"{name}, batch {batch}", times, **values, **over_floor(rig, FRAME_PARTS[name], batch, best)
        )

    return [
        guarded(f"{name}, batch {batch}", lambda name=name, batch=batch: row(name, batch))  # type: ignore[misc]
        for name, batch in cases
    ]


def over_floor(rig: Rig, parts: Sequence[FramePart], batch: int, ms: float) -> dict[str, Value]:
    """What no program could beat at this card's rates for these parts, and how many times that `ms` is."""
    if rig.rates is None or not parts:
        return {}
    rates, asked = rig.rates, floors(batch)
    least = sum(floor_ms(asked[part], rates.flops_per_s, rates.bytes_per_s) for part in parts)
    return {"floor ms": least, "x floor": ms / least}


def launching(rig: Rig, times: Times) -> dict[str, Value]:
    """Time of the host, and whether a card waited for it."""
    if times.failed:
        return {}
    host = times.host_median
    waited = {"launch-bound": "yes" if host > _LAUNCHING * times.median else "no"} if rig.is_card else {}
    return {"host ms": host, **waited}


def _network(rig: Rig, name: PartName, batch: int) -> tuple[NetworkCall, Tensor, Tensor]:
    part, dtype = PARTS[name], torch.float16 if rig.is_card else torch.float32
    network = rig.plain(dtype).networks[name]
    pictures = torch.rand(batch, part.pictures, part.side, part.side, device=rig.device, dtype=dtype)
    return network, pictures, torch.rand(batch, part.pose, device=rig.device, dtype=dtype)


def _ways(rig: Rig, network: NetworkCall, pictures: Tensor, pose: Tensor) -> dict[str, Call]:
    last = copy.deepcopy(network)
    assert isinstance(last, torch.nn.Module)
    last = last.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def graph(run: NetworkCall) -> Call:
        """Captured when it is first called, so that what cannot be captured costs only this way."""
        captured: list[Call] = []

        def replay() -> None:
            if not captured:
                captured.append(rig.graphs.capture(lambda *given: [run(*given)], [pictures, pose]).replay)
            captured[0]()

        return replay

    def in_rows(given: Tensor, pose: Tensor) -> Tensor:
        maps: Tensor = last(given.contiguous(memory_format=torch.channels_last), pose)
        return maps

    return {
        "eager": lambda: network(pictures, pose),
        "graph": graph(network),
        "channels-last graph": graph(in_rows),
    }


@torch.inference_mode()
def compiled_times(rig: Rig, seconds: float) -> list[ReportRow]:
    """A row for each network that there was time to compile, alone, beside itself as it is."""
    if not rig.sizes.compiled:
        return [left_out("torch.compile", "it is for a card")]
    rows: list[ReportRow] = []
    end = time.monotonic() + seconds
    for name in rig.sizes.compiled:
        if rows and time.monotonic() > end:
            rows.append(left_out(name, "no time left; give more --minutes"))
            continue
        rows.append(guarded(name, lambda name=name: _compiled_row(rig, name)))  # type: ignore[misc]
    return rows


def _compiled_row(rig: Rig, name: PartName) -> ReportRow:
    network, pictures, pose = _network(rig, name, 1)
    begun = time.monotonic()
    compiled = torch.compile(network)
    compiled(pictures, pose)
    took = time.monotonic() - begun
    graph = rig.graphs.capture(lambda *given: [compiled(*given)], [pictures, pose])
    calls: dict[str, Call] = {
        "eager": lambda: network(pictures, pose),
        "compiled": lambda: compiled(pictures, pose),
        "compiled graph": graph.replay,
    }
    times = side_by_side(rig.timer, calls, 2.0)
    best = min((each.median for each in times.values() if not each.failed), default=0.0)
    return timed_row(name, times, **{"compiling s": took}, **over_floor(rig, FRAME_PARTS[name], 1, best))
