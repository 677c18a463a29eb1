"""`avatar-rtc check`: the character doctor."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar_rtc.face.pose import EYEBROW, FACE, Pose, pose_from

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from avatar_rtc.doctor.diagnosis import Diagnosis

_EPILOG = """examples:
  avatar-rtc check me.png                    writes me_check.png, to be looked at: figures do not see it all
  avatar-rtc check me.png --json --no-sheet

Exit codes: 0 will animate well, 1 will not, 2 no readable picture with transparency.
"""


def add(subparsers: Any) -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "check",
        help="will this picture animate well, and if not, why?",
        description="Pose a character in every way, compare with ones that work, and say what to draw anew.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", help="an RGBA image, or the name of a stored character")
    parser.add_argument(
        "--sheet",
        type=Path,
        metavar="PATH",
        help="contact sheet of emotions and morphs; default: <name>_check.png here",
    )
    parser.add_argument("--no-sheet", action="store_true", help="write none, which is faster")
    parser.add_argument("--json", action="store_true", help="print findings and figures as JSON")
    parser.add_argument("--device", default="auto", metavar="auto|cpu|cuda|mps", help="default: auto")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Examine the picture; 0 if it will animate well, 1 if not.

    Raises:
        InputError: no readable RGBA picture.
        SetupError: weights cannot be had, or the sheet cannot be written.
    """
    from avatar_rtc.characters.image import write_png
    from avatar_rtc.characters.sheet import contact_sheet
    from avatar_rtc.characters.store import CharacterStore, own_folder
    from avatar_rtc.resources import resource

    character = CharacterStore(resource("assets", "characters"), own_folder()).load_any_character(args.file)
    rgba = character.rgba

    from rich.console import Console

    from avatar_rtc.doctor.diagnosis import diagnose, doctor_poses

    emotions = {} if args.no_sheet else _emotions()
    pictures = pose_all(rgba, {**emotions, **doctor_poses()}, args.device, Console(stderr=True))
    diagnosis = diagnose(rgba, {name: pictures[name] for name in doctor_poses()})
    if not args.no_sheet:
        path = args.sheet or Path(f"{Path(args.file).stem}_check.png")
        write_png(path, contact_sheet(pictures))
    if args.json:
        print(json.dumps(_to_json(diagnosis, character.done), indent=2))
    else:
        _print(diagnosis, character.done, Console())
    return 0 if diagnosis.healthy else 1


def _emotions() -> dict[str, Pose]:
    from avatar_rtc.animation.emotions import load_emotions
    from avatar_rtc.resources import resource

    found = load_emotions(resource("assets", "emotions"))
    return {name: pose_from(template.pose) for name, template in found.items()}


def pose_all(
    rgba: "NDArray[np.uint8]", poses: dict[str, Pose], device_name: str, console: Any
) -> "dict[str, NDArray[np.uint8]]":
    """The pictures by name; each pose is rendered once, those alike in brows and face in a row."""
    from rich.progress import track

    from avatar_rtc.cli.weights import fetch_weights
    from avatar_rtc.render.animators import pick_device
    from avatar_rtc.render.posed import render_poses
    from avatar_rtc.render.tha3.weights_files import weights_ready

    device = pick_device(device_name)
    if not weights_ready():
        fetch_weights(None, None, console)
    once = {pose.tobytes(): pose for pose in poses.values()}
    ordered = sorted(once.values(), key=lambda pose: (pose[EYEBROW].tobytes(), pose[FACE].tobytes()))
    pictures = track(
        render_poses(rgba, ordered, "tha3", device), "posing", len(ordered), console=console, transient=True
    )
    posed = {pose.tobytes(): picture for pose, picture in zip(ordered, pictures, strict=True)}
    return {name: posed[pose.tobytes()] for name, pose in poses.items()}


def _to_json(diagnosis: "Diagnosis", prepared: Sequence[str]) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "healthy": diagnosis.healthy,
        "prepared": [*prepared],
        "findings": [asdict(finding) for finding in diagnosis.findings],
        "responses": {name: round(value, 2) for name, value in diagnosis.responses.items()},
    }


def _print(diagnosis: "Diagnosis", prepared: Sequence[str], console: Any) -> None:
    from rich.table import Table

    table = Table("", "finding", "advice", show_lines=True)
    colours = {"error": "red", "warning": "yellow", "note": "cyan"}
    for finding in diagnosis.findings:
        severity = f"[{colours[finding.severity]}]{finding.severity}[/]"
        table.add_row(severity, finding.what, finding.advice)
    for said in prepared:
        table.add_row("[cyan]note[/]", said, "")
    if table.row_count:
        console.print(table)
    console.print("[green]will animate well[/]" if diagnosis.healthy else "[red]will not animate well[/]")
