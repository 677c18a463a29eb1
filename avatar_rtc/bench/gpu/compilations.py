"""What torch compiled in this process: each function, how often, how long that took, and what it refused."""

from collections import defaultdict

from avatar_rtc.bench.gpu.rows import ReportRow

_MOST = 4096
"""Compilations to be remembered; torch itself keeps 64."""


def remember_compilations() -> None:
    """Let torch keep them all from now on."""
    from torch._dynamo.utils import set_compilation_metrics_limit  # takes a second to import

    set_compilation_metrics_limit(_MOST)


def compiled_functions() -> list[ReportRow]:
    """A row for each function, slowest to compile first."""
    from torch._dynamo.utils import get_compilation_metrics

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
