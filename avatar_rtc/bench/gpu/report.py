"""The report: one Markdown file to send in, readable above, the same as JSON at its end."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from avatar_rtc.bench.gpu.legends import ABOUT, LEGEND
from avatar_rtc.bench.gpu.rows import ReportRow, ReportSection, Value, short
from avatar_rtc.bench.gpu.verdict import Verdict, verdicts

_SEND = """**What to do with this file:** attach it, as it is, to an issue of the project you have this
program from, whether all went well or not. It holds no pictures, names or addresses of yours; where it says
`~` stood your home folder. If something failed, its trace is in here, and nothing else is needed."""
_REHEARSED = "**A rehearsal on the CPU: it shows that the bench works, and nothing about a card.**"
_SIGNS = {True: "yes", False: "**NO**", None: ""}
_JSON_BEGIN, _JSON_END = "<details><summary>The same as JSON</summary>\n\n```json\n", "\n```\n\n</details>\n"


def report_text(about: Mapping[str, Any], sections: Sequence[ReportSection], unfinished: str = "") -> str:
    """The whole file.

    Args:
        about: see `card.surroundings`.
        unfinished: the section under way, where the report is written before all is done.
    """
    parts = [
        f"# avatar_rtc on {_name(about)}",
        _REHEARSED if about["device"] == "cpu" else _SEND,
        *([f"**Not finished: it ended while it did “{unfinished}”.**"] if unfinished else []),
        _summary(verdicts(sections)),
        LEGEND,
        _surroundings(about),
        *map(_section, sections),
        _JSON_BEGIN + json.dumps(report_json(about, sections), indent=1, default=str) + _JSON_END,
    ]
    return _without_home("\n\n".join(parts), Path.home())


def _without_home(text: str, home: Path) -> str:
    """Traces name files, and a home folder often its owner."""
    if home == Path(home.anchor):
        return text
    plain = str(home)
    return text.replace(json.dumps(plain)[1:-1], "~").replace(plain, "~")


def report_json(about: Mapping[str, Any], sections: Sequence[ReportSection]) -> dict[str, Any]:
    """The same for programs."""
    return {**about, "sections": [each.to_json() for each in sections]}


def json_of(text: str) -> dict[str, Any]:
    """What `report_json` gave, out of a report that was sent in."""
    _, _, rest = text.partition(_JSON_BEGIN)
    found: dict[str, Any] = json.loads(rest.partition(_JSON_END)[0])
    return found


def _name(about: Mapping[str, Any]) -> str:
    return str(about["card"].get("name") or f"the CPU ({about['cpu']})")


def _summary(found: Sequence[Verdict]) -> str:
    signs = {True: "✅", False: "❌", None: "·"}
    return "## In short\n\n" + "\n".join(
        [f"- {signs[each.good]} {each.text}" for each in found] or ["Nothing was measured yet."]
    )


def _surroundings(about: Mapping[str, Any]) -> str:
    lines = []
    for key, value in about.items():
        told = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, Mapping) else value
        lines.append(f"| {key} | {told or '-'} |")
    return "## Where\n\n| | |\n|---|---|\n" + "\n".join(lines)


def _section(section: ReportSection) -> str:
    judged = any(row.passed is not None for row in section.rows)
    columns = list(dict.fromkeys(key for row in section.rows for key in row.values))
    heads = ["", *columns, *(["right"] if judged else [])]
    lines = [
        f"## {section.title}",
        "",
        f"{ABOUT.get(section.name, '')} ({section.seconds:.0f} s)".lstrip(),
        "",
        _line(heads),
        "|---|" + "---:|" * (len(heads) - 1),
    ]
    for row in section.rows:
        cells = [row.name, *(_cell(row.values.get(key, "")) for key in columns)]
        lines.append(_line([*cells, *([_SIGNS[row.passed]] if judged else [])]))
    lines += [_trace(row) for row in section.rows if row.failed]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(' '.join(each.replace('|', '/').split()) for each in cells)} |"


def _cell(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return f"{short(value['p50'])} ({short(value['p95'])})"
    return short(value)


def _trace(row: ReportRow) -> str:
    return f"\n{row.name} failed:\n\n```\n{row.failed.strip()}\n```\n"
