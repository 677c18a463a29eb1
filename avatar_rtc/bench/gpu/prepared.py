"""What was made ready beside the frames: functions that were compiled, graphs, what was refused."""

from functools import partial

import torch

from avatar_rtc.bench.gpu.compilations import compiled_functions
from avatar_rtc.bench.gpu.rig import Rig
from avatar_rtc.bench.gpu.rows import ReportRow, guarded, left_out
from avatar_rtc.render.device.compiling import why_plain

_MB = 1e6


def prepared_rows(rig: Rig, seconds: float) -> list[ReportRow]:
    """A row on compiling and one for each function, one on graphs, and one for each thing refused."""
    why_not = why_plain(rig.device)
    functions = [] if why_not else compiled_functions()
    compiled = ReportRow("compiled functions", {"number": len(functions), "s": rig.ready.waited_s})
    refused = [ReportRow(f"warning {number + 1}", {"said": each}) for number, each in enumerate(rig.warned)]
    return [
        left_out("compiled functions", why_not) if why_not else compiled,
        guarded("graphs", partial(_graphs, rig.device)),
        *refused,
        *functions,
    ]


def _graphs(device: torch.device) -> ReportRow:
    if device.type != "cuda":
        return left_out("graphs", f"{device.type} has none")
    held = [
        each["total_size"]
        for each in torch.cuda.memory_snapshot()  # type: ignore[no-untyped-call]
        if any(each["segment_pool_id"])
    ]
    return ReportRow("memory of graphs", {"MB": sum(held) / _MB})
