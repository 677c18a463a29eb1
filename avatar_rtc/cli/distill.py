"""`avatar-rtc distill`: a student for a character, so that it moves in real time without a GPU."""

import argparse
import json
import math
import os
import shutil
import sys
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar_rtc.cli.background import cause, end_with_input, step_back
from avatar_rtc.cli.device import chosen_device
from avatar_rtc.distill.progress import TimeLeft
from avatar_rtc.errors import InputError, SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from avatar_rtc.characters.character import Character
    from avatar_rtc.characters.store import CharacterStore
    from avatar_rtc.distill.measure import Report
    from avatar_rtc.distill.plan import Plan
    from avatar_rtc.distill.run import DistillProgress

_EPILOG = """examples:
  avatar-rtc distill me.png                      student.safetensors beside me.png, and a report
  avatar-rtc distill liora --quality best --out liora.safetensors
  avatar-rtc distill me.png --minutes 10

The student of a shipped character goes to your data folder and is found there; `--out` names another place.
It can be interrupted at any time; the same command goes on where it was. On two cores without a GPU, good
takes about 35 minutes, draft 8.
"""


def add(subparsers: Any) -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "distill",
        help="make a character move in real time without a GPU",
        description="Train a small network that knows one character from THA3 (a student).",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "character", metavar="CHARACTER", help="an RGBA image, a character's folder, or a stored name"
    )
    parser.add_argument("--quality", choices=("draft", "good", "best"), default="good", help="default: good")
    parser.add_argument("--minutes", type=float, metavar="N", help="take about so long, instead of --quality")
    parser.add_argument("--device", default="auto", metavar="auto|cpu|cuda", help="default: auto")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="default: student.safetensors beside the picture"
    )
    parser.add_argument("--force", action="store_true", help="even if `avatar-rtc check` says no")
    parser.add_argument(
        "--background",
        action="store_true",
        help="lowest priority, one core; progress as JSON lines on stdout",
    )
    parser.add_argument(
        "--end-with-input",
        action="store_true",
        help="end when stdin does: with the program that started this",
    )
    parser.add_argument(
        "--keep-work", action="store_true", help="keep what the teacher showed (about 1.7 GB)"
    )
    parser.add_argument("--no-report", action="store_true", help="write the student alone")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Distill; 0 when the student is written.

    Raises:
        InputError: no such character, or one the doctor rejects.
        SetupError: weights cannot be had, or the disk is full; what was done is kept.
    """
    if args.end_with_input:
        end_with_input()
    if not args.background:
        return _distill(args)
    step_back()
    try:
        return _distill(args)
    except (Exception, KeyboardInterrupt) as error:
        print(json.dumps({"failed": cause(error, args.character)}), flush=True)
        raise


def _distill(args: argparse.Namespace) -> int:
    if args.minutes is not None and not 0.1 <= args.minutes <= 24 * 60:
        raise InputError(f"--minutes is {args.minutes:g}, but must lie in 0.1..1440")
    from avatar_rtc.animation.emotions import load_emotions
    from avatar_rtc.characters.store import CharacterStore, own_folder
    from avatar_rtc.resources import resource

    store = CharacterStore(resource("assets", "characters"), own_folder())
    character = store.load_any_character(args.character)
    out = args.out or store.student_path(args.character)
    if not os.access(out.parent, os.W_OK):
        raise SetupError(f"cannot write {out}; name another file with --out")

    from rich.console import Console

    from avatar_rtc.distill.plan import costs
    from avatar_rtc.distill.run import distill, use_cores, working_folder
    from avatar_rtc.render.tha3.weights_files import cache_folder

    console = Console(stderr=True)
    device = chosen_device(args.device, console)
    use_cores(1 if args.background else _cores())
    _prepare(character, args.force, device, console)
    plan = _plan(args, device, character.rgba)
    folder = working_folder(cache_folder(), character.rgba, plan)
    emotions = load_emotions(resource("assets", "emotions"))
    pace = TimeLeft(costs(plan))
    with nullcontext(_json_lines(pace)) if args.background else _bar(pace, console) as show:
        data, report = distill(character.rgba, plan, emotions, folder, device, show)
    _write(args, store, character, out, data)
    if not args.no_report:
        _write_report(out, report, plan)
    if not args.keep_work:
        shutil.rmtree(folder, ignore_errors=True)
    if args.background:
        print(
            json.dumps({"done": str(out), "figures": report.figures, "good_enough": report.good_enough}),
            flush=True,
        )
    else:
        _print(report, out, len(data), console)
    return 0


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _write(
    args: argparse.Namespace, store: "CharacterStore", before: "Character", out: Path, data: bytes
) -> None:
    """Write the student, unless nobody wants it any more, or in the background there is a better one.

    Raises:
        InputError: the character was replaced meanwhile.
        SetupError: the folder cannot be written.
    """
    from avatar_rtc.characters.student import is_better
    from avatar_rtc.files import put_file
    from avatar_rtc.student_header import image_hash

    if args.background:
        now = store.load_any_character(args.character)
        if image_hash(now.rgba) != image_hash(before.rgba):
            raise InputError("the character was replaced meanwhile; start again with the new one")
        held = out.read_bytes() if out.is_file() else now.student
        # Whoever asked is perhaps not whose character it is.
        if held is not None and is_better(held, data, before.rgba):
            return
    put_file(out, data)


def _prepare(character: "Character", force: bool, device: str, console: Any) -> None:
    """Fetch the weights, and ask the doctor.

    Raises:
        InputError: the character will not animate well, so neither would its student.
    """
    from avatar_rtc.cli.check import pose_all
    from avatar_rtc.cli.weights import fetch_weights
    from avatar_rtc.doctor.diagnosis import diagnose, doctor_poses
    from avatar_rtc.render.tha3.weights_files import weights_ready

    if not weights_ready():
        fetch_weights(None, None, console)
    if force:
        return
    rgba, keep = character.rgba, character.keep_eyes_open
    pictures = pose_all(rgba, doctor_poses(keep_eyes_open=keep), device, console)
    diagnosis = diagnose(rgba, pictures, keep)
    if not diagnosis.healthy:
        found = "; ".join(f.what for f in diagnosis.findings if f.severity == "error")
        raise InputError(
            f"this picture will not animate well: {found}. See `avatar-rtc check`, or pass --force"
        )


def _plan(args: argparse.Namespace, device: str, rgba: "NDArray[np.uint8]") -> "Plan":
    from avatar_rtc.distill.plan import PLANS

    plan = PLANS[args.quality]
    if args.minutes is None:
        return plan
    from avatar_rtc.distill.plan import for_minutes
    from avatar_rtc.distill.teacher import seconds_per_body

    return for_minutes(args.minutes, seconds_per_body(rgba, device))


@contextmanager
def _bar(pace: TimeLeft, console: Any) -> "Iterator[DistillProgress]":
    """Show a bar with the time left."""
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = TextColumn("{task.description:18}"), BarColumn(), TaskProgressColumn()
    with Bar(*columns, TextColumn("{task.fields[left]}"), console=console) as bar:
        task = bar.add_task("starting", total=1.0, left="")

        def show(doing: str, done: int, of: int) -> None:
            share, left = pace.after(doing, done, of)
            text = "" if left is None else f"{left / 60:.0f} min left" if left > 90 else f"{left:.0f} s left"
            bar.update(task, completed=share, description=doing, left=text)

        yield show


def _json_lines(pace: TimeLeft) -> "DistillProgress":
    """Print lines of JSON, one a second at most."""
    said = -math.inf

    def show(doing: str, done: int, of: int) -> None:
        nonlocal said
        share, left = pace.after(doing, done, of)
        if time.monotonic() - said > 1:
            said = time.monotonic()
            seconds = None if left is None else round(left)
            print(json.dumps({"doing": doing, "share": round(share, 4), "seconds_left": seconds}), flush=True)

    return show


def _write_report(out: Path, report: "Report", plan: "Plan") -> None:
    """`student.json` with the figures and `student.png` with the pictures, beside the student."""
    from dataclasses import asdict

    from avatar_rtc.characters.image import write_png
    from avatar_rtc.characters.sheet import compared
    from avatar_rtc.files import put_file

    text = {"psnr_db": report.figures, "stray_px": report.stray_px}
    text |= {"worst_held_out_poses": report.worst[:10], "plan": asdict(plan)}
    put_file(out.with_suffix(".json"), (json.dumps(text, indent=2) + "\n").encode())
    write_png(out.with_suffix(".png"), compared(report.pairs))


def _print(report: "Report", out: Path, size: int, console: Any) -> None:
    from rich.table import Table

    table = Table("PSNR, dB", "mean", "5th percentile", "worst", caption=f"{out}, {size / 2**20:.1f} MB")
    for region, row in report.figures.items():
        table.add_row(region, *(f"{row[key]:.1f}" for key in ("mean", "p5", "worst")))
    console.print(table)
    console.print(f"student above teacher: {out.with_suffix('.png')}", soft_wrap=True)
    if not report.good_enough:
        print("avatar-rtc: it is not good enough to replace THA3; try --quality best", file=sys.stderr)
