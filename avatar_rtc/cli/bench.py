"""`avatar-rtc bench`: measure the promised figures on this machine."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from avatar_rtc.bench.measurement import Measurement

_EPILOG = """examples:
  avatar-rtc bench
  avatar-rtc bench --only join,control --json bench.json
  avatar-rtc bench --quick        does it work? takes a minute, and the values mean little
"""


def add(subparsers: Any) -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "bench",
        help="measure start-up, latency, load and recovery on this machine",
        description="Measure what is promised: latency, cost per viewer, memory, recovery, THA3's speed.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", type=_names, default=(), metavar="NAME,…", help="these figures; see --list")
    parser.add_argument("--list", action="store_true", help="name the figures and end")
    parser.add_argument("--quick", action="store_true", help="few samples")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help='write the results there too; "-" is stdout'
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure; 0 if every figure reaches what it should, 1 if not."""
    from avatar_rtc.bench.suite import FIGURES, check_names, circumstances, measure

    if args.list:
        print("\n".join(f"{name:10} {about}" for name, about in FIGURES.items()))
        return 0
    from rich.console import Console

    names = check_names(args.only)
    console = Console(stderr=args.json == Path("-"))
    about = circumstances()
    if (about["load"] or 0) > 1:
        console.print(f"[yellow]this machine is busy (load {about['load']}): the values will tell little[/]")
    with console.status("measuring …") as status:
        found = measure(names, args.quick, lambda name: status.update(f"measuring {name}: {FIGURES[name]}"))
    console.print(_table(found, f"{about['cpu']}, {about['cores']} cores, {about['date']}"))
    if args.json:
        _write(args.json, {**about, "quick": args.quick, "figures": [m.to_json() for m in found]})
    return 1 if any(m.passed is False for m in found) else 0


def _table(found: "Sequence[Measurement]", caption: str) -> Any:
    from rich.table import Table

    table = Table(caption=caption)
    for heading, justify in (("figure", "left"), ("measured", "right"), ("reach", "right"), ("", "left")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for m in found:
        why = m.detail.get("failed") or m.detail.get("skipped") or ""
        value = f"{m.value:g} {m.unit}" if m.value is not None else str(why)
        verdict = {True: "[green]yes[/]", False: "[red]no[/]", None: ""}[m.passed]
        table.add_row(m.name, value, m.reach, verdict)
    return table


def _write(path: Path, results: dict[str, Any]) -> None:
    from avatar_rtc.files import put_file

    text = json.dumps(results, indent=2)
    if path == Path("-"):
        print(text)
        return
    put_file(path, f"{text}\n".encode())


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.replace(" ", "").split(",") if name)
