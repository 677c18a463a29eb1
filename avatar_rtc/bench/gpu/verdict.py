"""What is good and what is bad in a report, in a few sentences."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from avatar_rtc.bench.gpu.rows import ReportRow, ReportSection, short

_FRAME_MS = 1000 / 30
_NAMED = 5
"""Rows that a sentence names at the most."""


@dataclass(frozen=True)
class Verdict:
    """One sentence."""

    good: bool | None
    """None if it is neither good nor bad."""
    text: str


def verdicts(sections: Sequence[ReportSection]) -> list[Verdict]:
    """The sentences, what matters most first."""
    return [*_right(sections), *_broken(sections), *_quick(sections), *_encoder(sections)]


def _right(sections: Sequence[ReportSection]) -> Iterator[Verdict]:
    judged = [row for section in sections for row in section.rows if row.passed is not None]
    wrong = [
        f"{section.name}: {row.name}" for section in sections for row in section.rows if row.passed is False
    ]
    if wrong:
        yield Verdict(
            False, f"{len(wrong)} of {len(judged)} comparisons and tests do not hold: {_names(wrong)}."
        )
    elif judged:
        yield Verdict(
            True, f"All {len(judged)} comparisons and tests hold: pictures here are as they should be."
        )
    for row in _rows(sections, "tests", "equality"):
        if why := row.values.get("left out"):
            yield Verdict(None, f"{row.name} was left out: {why}.")


def _broken(sections: Sequence[ReportSection]) -> Iterator[Verdict]:
    broken = [
        f"{section.name}: {row.name}"
        for section in sections
        for row in section.rows
        if row.failed and row.passed is None
    ]
    if broken:
        yield Verdict(False, f"{len(broken)} measurements failed, their traces are below: {_names(broken)}.")


def _quick(sections: Sequence[ReportSection]) -> Iterator[Verdict]:
    for row in _rows(sections, "frames")[:1]:
        ms = _ms(row)
        if ms is None:
            continue
        yield Verdict(ms <= _FRAME_MS, f"A frame of THA3 takes {short(ms)} ms ({short(1000 / ms)} frames/s).")
        if (times := row.values.get("x reference")) is not None:
            yield Verdict(
                _number(times) >= 1, f"That is {short(_number(times))} x as fast as the reference here."
            )
        if (times := row.values.get("x floor")) is not None:
            yield Verdict(None, f"It is {short(_number(times))} x the least that any program would need.")
        if row.values.get("launch-bound") == "yes":
            yield Verdict(False, "The card waits for the host: launching takes most of the time.")
    best = max(
        (_number(row.values.get("avatars at 30 fps", 0)) for row in _rows(sections, "avatars")), default=0.0
    )
    if best:
        yield Verdict(None, f"At best it renders {best:.0f} avatars at 30 fps, without encoding.")


def _encoder(sections: Sequence[ReportSection]) -> Iterator[Verdict]:
    for row in _rows(sections, "encoders"):
        if why := row.values.get("left out"):
            yield Verdict(None, f"{row.name}: {why}; x264 encodes.")
        elif "NVENC ms" in row.values:
            yield Verdict(True, f"NVENC is here: {short(_ms(row, 'NVENC ms') or 0.0)} ms for {row.name}.")


def _rows(sections: Sequence[ReportSection], *names: str) -> list[ReportRow]:
    return [row for section in sections if section.name in names for row in section.rows]


def _ms(row: ReportRow, key: str = "ours ms") -> float | None:
    times = row.values.get(key)
    return times["p50"] if isinstance(times, Mapping) else None


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
