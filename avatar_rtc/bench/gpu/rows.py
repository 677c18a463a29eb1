"""What the report holds: sections of rows of values."""

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from avatar_rtc.bench.gpu.timing import Times
from avatar_rtc.render.device.memory import is_out_of_memory

NO_ROOM = "no room in memory"
"""In the place of what there was not enough for."""
Value = float | str | Mapping[str, float]
"""A number, a word, or {"p50", "p95"}; names end with the unit."""


@dataclass(frozen=True)
class ReportRow:
    """One line of a table."""

    name: str
    values: Mapping[str, Value] = field(default_factory=dict)
    passed: bool | None = None
    """None if there is nothing to pass or fail."""
    failed: str = ""
    """The traceback of what raised."""

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON."""
        return {
            "name": self.name, "values": dict(self.values), "passed": self.passed, "failed": self.failed,
        }  # fmt: skip


@dataclass(frozen=True)
class ReportSection:
    """One table."""

    name: str
    title: str
    rows: Sequence[ReportRow]
    seconds: float
    """That it took."""

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON."""
        return {
            "name": self.name,
            "title": self.title,
            "seconds": round(self.seconds, 2),
            "rows": [row.to_json() for row in self.rows],
        }


def timed_row(name: str, times: Mapping[str, Times], **values: Value) -> ReportRow:
    """A row of times by way, each as `<way> ms`; `values` come after them."""
    spreads: dict[str, Value] = {
        f"{way} ms": each.spread if each.is_there else NO_ROOM
        for way, each in times.items()
        if not each.failed
    }
    if not all(each.is_settled for each in times.values()):
        values["ready"] = "no"
    return ReportRow(name, spreads | values, failed="\n".join(t.failed for t in times.values() if t.failed))


def guarded(name: str, make: Callable[[], ReportRow], judges: bool = False) -> ReportRow:
    """The row that `make` gives, or its traceback; what raised where it is judged has not passed.

    What there was no memory for is left out.
    """
    try:
        return make()
    except Exception as error:
        if is_out_of_memory(error):
            return left_out(name, NO_ROOM)
        return ReportRow(name, passed=False if judges else None, failed=traceback.format_exc())


def left_out(name: str, why: str) -> ReportRow:
    """A row of what cannot be had here."""
    return ReportRow(name, {"left out": why})


def short(number: float) -> str:
    """Three digits that count, or all before the point.

    >>> short(0.0123456), short(1.2345), short(12345.6), short(16)
    ('0.0123', '1.23', '12346', '16')
    """
    return f"{number:.0f}" if abs(number) >= 100 or number == int(number) else f"{number:.3g}"
