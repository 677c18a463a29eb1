"""What is good and what is bad in a report, in a few sentences."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from avatar_rtc.bench.gpu.rows import NO_ROOM, ReportRow, ReportSection, short

_FRAME_MS = 1000 / 30
_THROTTLED = 0.85
"""Share of its rates at first from which on a card is slowed down."""
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
    return [
        *_right(sections),
        *_broken(sections),
        *_quick(sections),
        *_avatars(sections),
        *_encoder(sections),
        *_prepared(sections),
        *_hot(sections),
    ]


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
            yield Verdict(None, f"Left out: {row.name}, for {why}.")


def _broken(sections: Sequence[ReportSection]) -> Iterator[Verdict]:
    rows = [(f"{section.name}: {row.name}", row) for section in sections for row in section.rows]
    if broken := [name for name, row in rows if row.failed and row.passed is None]:
        yield Verdict(False, f"{len(broken)} measurements failed, their traces are below: {_names(broken)}.")
    if full := [name for name, row in rows if NO_ROOM in row.values.values()]:
        yield Verdict(None, f"{len(full)} measurements found no room in the card's memory: {_names(full)}.")
    if early := [name for name, row in rows if row.values.get("ready") == "no"]:
        yield Verdict(
            None,
            f"{len(early)} measurements did not wait until all was compiled, and are slower than they need "
            f"be; a second run is not: {_names(early)}.",
        )


def _quick(sections: Sequence[ReportSection]) -> Iterator[Verdict]:
    for row in _rows(sections, "frames")[:1]:
        ms = _ms(row)
        if ms is None:
            continue
        yield Verdict(
            ms <= _FRAME_MS,
            f"THA3 poses one character, all of it moving, in {short(ms)} ms ({short(1000 / ms)} frames/s; "
            "30 are wanted).",
        )
        if (times := row.values.get("x reference")) is not None:
            yield Verdict(
                _number(times) >= 1, f"That is {short(_number(times))} times as fast as the reference here."
            )
        if (times := row.values.get("x floor")) is not None:
            yield Verdict(
                None, f"It is {short(_number(times))} times its floor: that of kernels written by hand."
            )
        if row.values.get("launch-bound") == "yes":
            yield Verdict(False, "The card waits for the host: starting kernels takes most of the time.")


def _avatars(sections: Sequence[ReportSection]) -> Iterator[Verdict]:
    best: dict[str, int] = {}
    for row in _rows(sections, "avatars"):
        chain = row.name.partition(", ")[2]
        best[chain] = max(best.get(chain, 0), int(_number(row.values.get("avatars at 30 fps", 0))))
    for chain, count in best.items():
        yield Verdict(count >= 1, f"With {chain}, one worker keeps {count} talking avatars at 30 frames/s.")


def _encoder(sections: Sequence[ReportSection]) -> Iterator[Verdict]:
    for row in _rows(sections, "encoders"):
        if why := row.values.get("left out"):
            yield Verdict(None, f"{row.name}: {why}; x264 encodes, on the processor.")
        elif "NVENC ms" in row.values:
            yield Verdict(True, f"NVENC is here: {short(_ms(row, 'NVENC ms') or 0.0)} ms for {row.name}.")


def _prepared(sections: Sequence[ReportSection]) -> Iterator[Verdict]:
    for row in _rows(sections, "prepared"):
        why = row.values.get("left out")
        if row.name == "compiled functions" and why:
            yield Verdict(None, f"Nothing is compiled: {why}.")
    if said := [row for row in _rows(sections, "prepared") if row.name.startswith("warning")]:
        yield Verdict(False, f"{len(said)} warnings came meanwhile, the first: {said[0].values['said']}.")


def _hot(sections: Sequence[ReportSection]) -> Iterator[Verdict]:
    slowest = min(
        (_number(row.values["x at first"]) for row in _rows(sections, "again") if "x at first" in row.values),
        default=1.0,
    )
    if slowest < _THROTTLED:
        yield Verdict(
            False,
            f"At the end the card did {100 * slowest:.0f} % of what it did at first: it is too hot, its "
            "power is limited, or a laptop runs on its battery.",
        )


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
