"""THA3's networks one by one: as they are, in a graph, channels last; and their floors."""

import copy
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from avatar_rtc.bench.floors import FramePart, floor_ms, floors
from avatar_rtc.bench.gpu.rates import CardRates
from avatar_rtc.bench.gpu.rig import Rig
from avatar_rtc.bench.gpu.rows import ReportRow, Value, guarded, timed_row
from avatar_rtc.bench.gpu.timing import TimedCall, Times, side_by_side
from avatar_rtc.bench.traffic import Fusion
from avatar_rtc.render.device.compiling import why_plain
from avatar_rtc.render.device.operators import operators_of
from avatar_rtc.render.tha3.networks import PARTS, PartName

_FLOORS: tuple[Fusion, Fusion] = "by hand", "fused"
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
        best = min((t.median for t in times.values() if t.is_there), default=0.0)
        values = launched(rig, lambda: network(pictures, pose), times["eager"])
        return timed_row(
            f"{name}, batch {batch}", times, **values, **over_floor(rig, FRAME_PARTS[name], batch, best)
        )

    return [
        guarded(f"{name}, batch {batch}", lambda name=name, batch=batch: row(name, batch))  # type: ignore[misc]
        for name, batch in cases
    ]


def over_floor(rig: Rig, parts: Sequence[FramePart], batch: int, ms: float) -> dict[str, Value]:
    """The floor of these parts at this card's rates, how many times that `ms` is, and a compiler's floor."""
    if rig.rates is None or not parts or not ms:
        return {}
    least, compiled = (_floor_ms(rig.rates, parts, batch, fusion) for fusion in _FLOORS)
    return {"floor ms": least, "x floor": ms / least, "fused floor ms": compiled}


def _floor_ms(rates: CardRates, parts: Sequence[FramePart], batch: int, fusion: Fusion) -> float:
    asked = floors(batch, fusion)
    return sum(floor_ms(asked[part], rates.flops_per_s, rates.bytes_per_s) for part in parts)


def launched(rig: Rig, call: TimedCall, times: Times) -> dict[str, Value]:
    """What the host starts for a call, how long it takes for that, and whether a card waited for it.

    Compiled functions count as the kernels that they are; a graph that is replayed counts nothing.
    """
    if not times.is_there:
        return {}
    log, host = operators_of(call), times.host_median
    started = log.kernels if why_plain(rig.device) else log.fused_kernels
    waited = {"launch-bound": "yes" if host > _LAUNCHING * times.median else "no"} if rig.is_card else {}
    return {"launches": started, "host ms": host, **waited}


def _network(rig: Rig, name: PartName, batch: int) -> tuple[NetworkCall, Tensor, Tensor]:
    part, dtype = PARTS[name], torch.float16 if rig.is_card else torch.float32
    network = rig.plain(dtype).networks[name]
    pictures = torch.rand(batch, part.pictures, part.side, part.side, device=rig.device, dtype=dtype)
    return network, pictures, torch.rand(batch, part.pose, device=rig.device, dtype=dtype)


def _ways(rig: Rig, network: NetworkCall, pictures: Tensor, pose: Tensor) -> dict[str, TimedCall]:
    last = copy.deepcopy(network)
    assert isinstance(last, torch.nn.Module)
    last = last.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def graph(run: NetworkCall) -> TimedCall:
        """Captured when it is first called, so that what cannot be captured costs only this way."""
        captured: list[TimedCall] = []

        def replay() -> None:
            if not captured:
                captured.append(rig.capture(lambda *given: [run(*given)], [pictures, pose]).replay)
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
