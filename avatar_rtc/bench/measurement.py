"""One measured figure beside what it should reach, and the arithmetic figures share."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Measurement:
    """A figure of the bench."""

    name: str
    """What was measured, in words."""
    value: float | None
    """None if it could not be measured here; `detail["skipped"]` says why."""
    unit: str
    reach: str
    """What counts as good, such as "<= 100"; empty if the value is only told."""
    passed: bool | None
    """None if there is nothing to pass or fail."""
    detail: dict[str, Any] = field(default_factory=dict)
    """Whatever helps to read the value: samples, medians, circumstances."""

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON."""
        return asdict(self)


def at_most(name: str, value: float, unit: str, limit: float, **detail: Any) -> Measurement:
    """A figure that is good if small."""
    return Measurement(name, round(value, 3), unit, f"<= {limit:g}", value <= limit, detail)


def at_least(name: str, value: float, unit: str, limit: float, **detail: Any) -> Measurement:
    """A figure that is good if large."""
    return Measurement(name, round(value, 3), unit, f">= {limit:g}", value >= limit, detail)


def told(name: str, value: float, unit: str, **detail: Any) -> Measurement:
    """A figure without a limit."""
    return Measurement(name, round(value, 3), unit, "", None, detail)


def skipped(name: str, why: str) -> Measurement:
    """A figure that cannot be measured here."""
    return Measurement(name, None, "", "", None, {"skipped": why})


def percentile(values: Sequence[float], p: float) -> float:
    """The smallest value that at least p % of the values do not exceed (nearest rank).

    >>> percentile([4, 1, 3, 2], 50)
    2
    """
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * p / 100) - 1)]


def spread(values: Sequence[float]) -> dict[str, float]:
    """Count, median, 95th percentile and maximum of some samples."""
    return {
        "samples": len(values),
        "p50": round(percentile(values, 50), 3),
        "p95": round(percentile(values, 95), 3),
        "max": round(max(values), 3),
    }
