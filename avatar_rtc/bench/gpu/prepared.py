"""What was made ready beside the frames: functions that were compiled, graphs, what was refused."""

from collections import defaultdict
from functools import partial

import torch

from avatar_rtc.bench.gpu.rig import Rig
from avatar_rtc.bench.gpu.rows import ReportRow, guarded, left_out
from avatar_rtc.render.device.compiling import why_plain

_MB = 1e6


def prepared_rows(rig: Rig, seconds: float) -> list[ReportRow]:
    """A row on compiling and one for each function, one on graphs, and one for each thing refused."""
    why_not = why_plain(rig.device)
    functions = [] if why_not else _functions()
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


def _functions() -> list[ReportRow]:
    """Slowest to compile first; torch remembers the last ones only, some sixty."""
    from torch._dynamo.utils import get_compilation_metrics  # takes a second to import

    variants, seconds, failed = defaultdict[str, int](int), defaultdict[str, float](float), dict[str, str]()
    for each in get_compilation_metrics():
        name = each.co_name or "?"
        variants[name] += 1
        seconds[name] += (each.duration_us or 0) / 1e6
        if each.fail_type:
            failed[name] = f"{each.fail_type}: {each.fail_reason}"
    return [
        ReportRow(f"`{name}`", {"number": variants[name], "s": seconds[name], "said": failed.get(name, "")})
        for name in sorted(variants, key=lambda name: -seconds[name])
    ]
