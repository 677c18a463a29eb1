"""All that `bench --gpu` does, in order; what raises is written down, and the rest goes on."""

import gc
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from avatar_rtc.bench.gpu.avatars import avatar_times
from avatar_rtc.bench.gpu.chains import chain_times, enlarging_times, operation_times
from avatar_rtc.bench.gpu.equality import tha3_equality
from avatar_rtc.bench.gpu.expected import expected_rows
from avatar_rtc.bench.gpu.frames import batch_times, moving_times
from avatar_rtc.bench.gpu.output import encoder_times, layout_times
from avatar_rtc.bench.gpu.parts import network_times
from avatar_rtc.bench.gpu.pictures import enlarging_equality, filter_equality, layout_equality
from avatar_rtc.bench.gpu.prepared import prepared_rows
from avatar_rtc.bench.gpu.rates import CardRates, measured_rates, rate_rows, rates_again
from avatar_rtc.bench.gpu.rig import Rig
from avatar_rtc.bench.gpu.rows import NO_ROOM, ReportRow, ReportSection, left_out
from avatar_rtc.bench.gpu.skipped_tests import card_tests
from avatar_rtc.bench.gpu.startup import startup_times
from avatar_rtc.bench.gpu.students import student_equality
from avatar_rtc.render.device.machine import is_sick
from avatar_rtc.render.device.memory import give_back_cached, is_out_of_memory


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
    rig.rates = _measured(rig, seconds)
    return rate_rows(rig.rates)


def _rates_again(rig: Rig, seconds: float) -> list[ReportRow]:
    if rig.rates is None:
        return [left_out("all", "they could not be measured at first")]
    return rates_again(rig.rates, _measured(rig, seconds))


def _measured(rig: Rig, seconds: float) -> CardRates:
    return measured_rates(rig.device, rig.timer, rig.capture, rig.sizes.rates, seconds)


SECTIONS: tuple[GpuSection, ...] = (
    GpuSection("tests", "Tests that need a card", card_tests, 0.15),
    GpuSection("startup", "Start-up", startup_times, 0.03),
    GpuSection("rates", "The card's own rates", _rates, 0.03),
    GpuSection("equality", "THA3 against the reference on the CPU", tha3_equality, 0.12),
    GpuSection("students", "Students beside the card", student_equality, 0.01),
    GpuSection("filters", "Operations, card against CPU", filter_equality, 0.03),
    GpuSection("enlarging", "Doubling, card against CPU", enlarging_equality, 0.01),
    GpuSection("layouts", "Layouts, card against CPU", layout_equality, 0.01),
    GpuSection("frames", "A frame of THA3, all of it moving", batch_times, 0.15),
    GpuSection("expected", "The same beside what was predicted", expected_rows, 0.01),
    GpuSection("moving", "A frame of THA3, by what moved", moving_times, 0.05),
    GpuSection("networks", "THA3's networks", network_times, 0.1),
    GpuSection("avatars", "Avatars that talk, as a worker has them", avatar_times, 0.15),
    GpuSection("chains", "Chains with their layout", chain_times, 0.06),
    GpuSection("operations", "Each operation alone", operation_times, 0.06),
    GpuSection("doubling", "Doubling a picture", enlarging_times, 0.03),
    GpuSection("output", "Layouts and their way to the host", layout_times, 0.03),
    GpuSection("encoders", "Encoders", encoder_times, 0.03),
    GpuSection("again", "The card's own rates, when it is hot", _rates_again, 0.03),
    GpuSection("prepared", "Made ready beside the frames", prepared_rows, 0.01),
)
"""Startup comes first of what is timed here, and rates before whatever has a floor."""
JUDGED = frozenset({"tests", "equality", "students", "filters", "enlarging", "layouts"})
"""Sections that tell whether the card is right; of the others, how fast it is."""
_SICK = "not tried: the card computes nothing any more since the section above"


def measured_sections(
    rig: Rig,
    minutes: float,
    begin: Callable[[GpuSection], None] = lambda section: None,
    sections: Sequence[GpuSection] = SECTIONS,
) -> Iterator[ReportSection]:
    """One after the other; with less time each is repeated less, and none is left out.

    Where one leaves the card so that it computes nothing any more, the rest is not tried.

    Args:
        begin: told of each before it starts.
    """
    sick = False
    for section in sections:
        begin(section)
        begun = time.monotonic()
        if sick:
            rows = [left_out("all", _SICK)]
        else:
            rows = _rows(section, rig, 60 * minutes * section.share)
            sick = any(row.failed for row in rows) and is_sick(str(rig.device))
            if not sick:
                _made_room(rig.device)
        yield ReportSection(section.name, section.title, rows, time.monotonic() - begun)


def _made_room(device: torch.device) -> None:
    """Let the next section have what this one leaves behind."""
    if device.type == "cuda":
        gc.collect()
        give_back_cached(str(device))


def is_right(sections: Sequence[ReportSection]) -> bool:
    """False if anything that was judged did not pass."""
    return not any(row.passed is False for section in sections for row in section.rows)


def _rows(section: GpuSection, rig: Rig, seconds: float) -> list[ReportRow]:
    try:
        return section.measure(rig, seconds)
    except Exception as error:
        if is_out_of_memory(error):
            return [left_out(section.title, NO_ROOM)]
        failed = traceback.format_exc()
        return [ReportRow(section.title, passed=False if section.name in JUDGED else None, failed=failed)]
