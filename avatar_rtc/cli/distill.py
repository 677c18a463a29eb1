"""`avatar-rtc distill`: a student for a character, so that it moves in real time without a GPU.

First a rig, solved for at once, then the trained student in its place: each file replaces a worse one.
"""

import argparse
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar_rtc.cli.background import cause, end_with_input, step_aside, step_back
from avatar_rtc.cli.device import chosen_device
from avatar_rtc.cli.distill_report import print_report, write_report
from avatar_rtc.cli.distill_telling import Telling, bar_on, json_lines
from avatar_rtc.cli.own_store import own_store, student_cache
from avatar_rtc.distill.progress import TimeLeft
from avatar_rtc.errors import InputError, SetupError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from avatar_rtc.characters.character import Character
    from avatar_rtc.characters.store import CharacterStore
    from avatar_rtc.distill.learned import Learned
    from avatar_rtc.distill.measure import Report
    from avatar_rtc.distill.plan import Plan

_QUALITIES = ("instant", "draft", "good", "best")
_EPILOG = """examples:
  avatar-rtc distill me.png                      student.safetensors beside me.png, and a report
  avatar-rtc distill me.png --quality instant    a rig, in a minute or two
  avatar-rtc distill liora --quality best --out liora.safetensors
  avatar-rtc distill me.png --minutes 10

A rig is written first, better ones over it, and in the end the student. The student of a shipped character
goes to your data folder and is found there; `--out` names another place. All are also kept by their picture
in the user's cache. It can be interrupted at any time; the same command goes on where it was. On two cores
without a GPU, good takes 15 to 30 minutes, draft 5 to 9, the first rig less than 2.
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
    parser.add_argument("--quality", choices=_QUALITIES, default="good", help="default: good")
    parser.add_argument("--minutes", type=float, metavar="N", help="take about so long, instead of --quality")
    parser.add_argument("--device", default="auto", metavar="auto|cpu|cuda", help="default: auto")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="default: student.safetensors beside the picture"
    )
    parser.add_argument("--force", action="store_true", help="even if `avatar-rtc check` says no")
    parser.add_argument(
        "--background",
        action="store_true",
        help="lowest priority and one core, once a rig is there; progress as JSON lines on stdout",
    )
    parser.add_argument(
        "--end-with-input",
        action="store_true",
        help="end when stdin does: with the program that started this",
    )
    parser.add_argument(
        "--keep-work", action="store_true", help="keep what the teacher showed (about 1.7 GB)"
    )
    parser.add_argument(
        "--cache-mb",
        type=float,
        default=512.0,
        metavar="N",
        help="MiB of students kept by their picture, 0 keeps none (default 512)",
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
    step_aside()
    try:
        return _distill(args)
    except (Exception, KeyboardInterrupt) as error:
        print(json.dumps({"failed": cause(error, args.character)}), flush=True)
        raise


def _distill(args: argparse.Namespace) -> int:
    if args.minutes is not None and not 0.1 <= args.minutes <= 24 * 60:
        raise InputError(f"--minutes is {args.minutes:g}, but must lie in 0.1..1440")
    if not 0 <= args.cache_mb <= 1e6:
        raise InputError(f"--cache-mb is {args.cache_mb:g}, but must lie in 0..1000000")
    store = own_store()
    character = store.load_any_character(args.character)
    out = args.out or store.student_path(args.character)
    if not os.access(out.parent, os.W_OK):
        raise SetupError(f"cannot write {out}; name another file with --out")

    from rich.console import Console

    from avatar_rtc.distill.plan import costs
    from avatar_rtc.distill.run import use_cores, working_folder
    from avatar_rtc.render.tha3.weights_files import cache_folder

    console = Console(stderr=True)
    device = chosen_device(args.device, console)
    use_cores(_cores())
    _prepare(character, args.force, device, console)
    plan = _plan(args, device, character.rgba)
    folder = working_folder(cache_folder(), character.rgba, plan)
    pace = TimeLeft(costs(plan))
    with nullcontext(json_lines(pace, args.quality)) if args.background else bar_on(pace, console) as telling:
        last = _write_each(
            args, store, character, out, _learn(args, character, plan, folder, device, telling), telling
        )
    if not args.no_report:
        write_report(out, last.report, plan)
    if not args.keep_work and last.what == "student":
        shutil.rmtree(folder, ignore_errors=True)
    if args.background:
        done = {"done": str(out), "figures": last.report.figures, "good_enough": last.report.good_enough}
        print(json.dumps(done), flush=True)
    else:
        print_report(last, out, console)
    return 0


def _learn(
    args: argparse.Namespace,
    character: "Character",
    plan: "Plan",
    folder: Path,
    device: str,
    telling: Telling,
) -> "Iterator[Learned]":
    """What comes of the character, each better than the one before."""
    from avatar_rtc.animation.emotions import load_emotions
    from avatar_rtc.distill.collect import load_records
    from avatar_rtc.distill.instant import rigs
    from avatar_rtc.distill.learning import learn
    from avatar_rtc.distill.run import distill
    from avatar_rtc.resources import resource

    emotions = load_emotions(resource("assets", "emotions"))
    rgba, large = character.rgba, character.large

    def train() -> "tuple[bytes, Report]":
        return distill(rgba, plan, emotions, folder, device, telling.progress, large)

    return learn(
        rigs(rgba, large, emotions, folder, device, telling.progress, plan),
        None if args.quality == "instant" and args.minutes is None else train,
        rgba,
        partial(load_records, folder, "held", plan),
    )


def _write_each(
    args: argparse.Namespace,
    store: "CharacterStore",
    character: "Character",
    out: Path,
    found: "Iterator[Learned]",
    telling: Telling,
) -> "Learned":
    """Write all that is worth showing over what is worse; give the last.

    Raises:
        InputError: the character was replaced meanwhile.
        SetupError: the folder cannot be written, or the teacher showed nothing.
    """
    from avatar_rtc.distill.learning import is_worth_showing
    from avatar_rtc.distill.run import use_cores

    last, has_stepped_back, unwritten = None, False, False
    for last in found:
        is_asked_for = last.what == "student" and not args.background
        unwritten = not (is_asked_for or is_worth_showing(last.report))
        if unwritten:
            continue
        if _write(args, store, character, out, last.data):
            telling.written(out, last)
        if args.background and not has_stepped_back:
            has_stepped_back = True
            step_back()  # from now on it moves, and its frames go first
            use_cores(1)
        if args.quality == "instant":
            break  # better ones take the teacher minutes, and trained ones no longer
    if last is None:
        raise SetupError("the teacher showed nothing to learn from; run it again")
    if unwritten and not args.background:
        _write(args, store, character, out, last.data)
    return last


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _write(
    args: argparse.Namespace, store: "CharacterStore", before: "Character", out: Path, data: bytes
) -> bool:
    """Write the student, unless nobody wants it any more, or in the background there is a better one.

    Returns:
        Whether it is written.

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
            return False
    put_file(out, data)
    if (cache := student_cache(args.cache_mb)) is not None:
        cache.keep(before.rgba, data)
    return True


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

    plan = PLANS["good" if args.quality == "instant" else args.quality]
    if args.minutes is None:
        return plan
    from avatar_rtc.distill.plan import for_minutes
    from avatar_rtc.distill.teacher import seconds_per_body

    return for_minutes(args.minutes, seconds_per_body(rgba, device))
