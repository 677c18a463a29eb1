"""All that `bench --gpu` does, in order; what raises is written down, and the rest goes on."""

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from avatar_rtc.bench.gpu.chains import chain_times, enlarging_times, operation_times
from avatar_rtc.bench.gpu.equality import tha3_equality
from avatar_rtc.bench.gpu.frames import avatar_times, batch_times, moving_times
from avatar_rtc.bench.gpu.output import encoder_times, layout_times
from avatar_rtc.bench.gpu.parts import compiled_times, network_times
from avatar_rtc.bench.gpu.pictures import enlarging_equality, filter_equality, layout_equality
from avatar_rtc.bench.gpu.rates import measured_rates, rate_rows
from avatar_rtc.bench.gpu.rig import Rig
from avatar_rtc.bench.gpu.rows import ReportRow, ReportSection
from avatar_rtc.bench.gpu.skipped_tests import card_tests
from avatar_rtc.bench.gpu.startup import startup_times


@dataclass(frozen=True)
class GpuSection:
    """One table of the report, and how it comes about."""

    name: str
    title: str
    measure: Callable[[Rig, float], list[ReportRow]]
    """Given the seconds that it may take."""
    share: float
    """Of the time there is."""


def _rates(rig: Rig, seconds: float) -> list[ReportRow]:
    rig.rates = measured_rates(rig.device, rig.timer, rig.graphs, rig.sizes.rates, seconds)
    return rate_rows(rig.rates)


SECTIONS: tuple[GpuSection, ...] = (
    GpuSection("tests", "The tests that need a card", card_tests, 0.15),
    GpuSection("startup", "Start-up", startup_times, 0.03),
    GpuSection("rates", "The card's own rates", _rates, 0.03),
    GpuSection("equality", "THA3 against the reference's code on the CPU", tha3_equality, 0.12),
    GpuSection("filters", "Filters, card against CPU", filter_equality, 0.03),
    GpuSection("enlarging", "Doubling a picture, card against CPU", enlarging_equality, 0.01),
    GpuSection("layouts", "Layouts, card against CPU", layout_equality, 0.01),
    GpuSection("frames", "A frame of THA3, all of it moving", batch_times, 0.15),
    GpuSection("moving", "A frame of THA3, by what moved", moving_times, 0.04),
    GpuSection("networks", "THA3's networks", network_times, 0.1),
    GpuSection("avatars", "Avatars: from poses to bytes on the host", avatar_times, 0.1),
    GpuSection("chains", "Chains", chain_times, 0.05),
    GpuSection("operations", "Each operation alone", operation_times, 0.06),
    GpuSection("doubling", "Doubling a picture", enlarging_times, 0.02),
    GpuSection("output", "Layouts, with the copy to the host", layout_times, 0.02),
    GpuSection("encoders", "Encoders", encoder_times, 0.03),
    GpuSection("compiled", "Compiled networks, batch 1", compiled_times, 0.15),
)
"""Startup comes first of what is timed here, and rates before whatever has a floor."""
JUDGED = frozenset({"tests", "equality", "filters", "enlarging", "layouts"})
"""Sections that tell whether the card is right; of the others, how fast it is."""


def measured_sections(
    rig: Rig,
    minutes: float,
    begin: Callable[[GpuSection], None] = lambda section: None,
    sections: Sequence[GpuSection] = SECTIONS,
) -> Iterator[ReportSection]:
    """One after the other; with less time each is repeated less, and none is left out.

    Args:
        begin: told of each before it starts.
    """
    for section in sections:
        begin(section)
        begun = time.monotonic()
        rows = _rows(section, rig, 60 * minutes * section.share)
        yield ReportSection(section.name, section.title, rows, time.monotonic() - begun)


def is_right(sections: Sequence[ReportSection]) -> bool:
    """False if anything that was judged did not pass."""
    return not any(row.passed is False for section in sections for row in section.rows)


def _rows(section: GpuSection, rig: Rig, seconds: float) -> list[ReportRow]:
    try:
        return section.measure(rig, seconds)
    except Exception:
        failed = traceback.format_exc()
        return [ReportRow(section.title, passed=False if section.name in JUDGED else None, failed=failed)]
