"""`avatar-rtc check`: the character doctor."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar_rtc.cli.device import chosen_device
from avatar_rtc.face.pose import EYEBROW, FACE, MORPHS, Pose, neutral, pose_from
from avatar_rtc.stream.box import Box

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from avatar_rtc.characters.character import Character
    from avatar_rtc.doctor.diagnosis import Diagnosis
    from avatar_rtc.face.cels import CelImage

_Look = tuple[Pose, Mapping[str, float]]
"""A pose, and the opacities of cels."""
_EPILOG = """examples:
  avatar-rtc check me.png                    writes me_check.png: what was seen, and what is thought of it
  avatar-rtc check me.png --sheet all.png    and every emotion and morph, to be looked at
  avatar-rtc check mina/ --json --no-sheet   with the keep_eyes_open of its character.toml

Exit codes: 0 will animate well, 1 will not, 2 no readable picture with transparency.
"""


def add(subparsers: Any) -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "check",
        help="will this picture animate well, and if not, why?",
        description="Pose a character, look at what its lids and its mouth do, and say what to draw anew.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file", metavar="FILE", help="an RGBA image, a character's folder or zip, or the name of a stored one"
    )
    parser.add_argument(
        "--sheet",
        type=Path,
        metavar="PATH",
        help="write a contact sheet of all emotions and morphs as well, which takes a minute",
    )
    parser.add_argument("--no-sheet", action="store_true", help="write no picture at all")
    parser.add_argument("--json", action="store_true", help="print findings and figures as JSON")
    parser.add_argument("--device", default="auto", metavar="auto|cpu|cuda|mps", help="default: auto")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Examine the picture; 0 if it will animate well, 1 if not.

    Raises:
        InputError: no readable RGBA picture.
        SetupError: weights cannot be had, or a picture cannot be written.
    """
    from rich.console import Console

    from avatar_rtc.characters.image import write_png
    from avatar_rtc.characters.sheet import contact_sheet
    from avatar_rtc.characters.store import CharacterStore, own_folder
    from avatar_rtc.doctor.diagnosis import diagnose, doctor_poses
    from avatar_rtc.doctor.drawn import drawn_cels, drawn_findings
    from avatar_rtc.resources import resource

    store = CharacterStore(resource("assets", "characters"), own_folder())
    character = store.load_any_character(args.file)
    rgba, keep = character.rgba, character.keep_eyes_open
    wanted = doctor_poses(keep_eyes_open=keep)
    shown = _sheet(character) if args.sheet and not args.no_sheet else {}
    looks = {f"sheet {name}": look for name, look in shown.items()}
    looks |= {name: (pose, {}) for name, pose in wanted.items()}
    pictures = show_all(rgba, looks, args.device, Console(stderr=True), character.cels)
    seen = {name: pictures[name] for name in wanted}
    diagnosis = diagnose(rgba, seen, keep)
    diagnosis = diagnosis.and_also(drawn_findings(character.cels, diagnosis.eyes))
    written = []
    if not args.no_sheet:
        card = Path(f"{Path(args.file).expanduser().resolve().stem}_check.png")
        write_png(card, what_was_seen(rgba, seen, diagnosis))
        written.append(card)
        if args.sheet:
            write_png(args.sheet, contact_sheet({name: pictures[f"sheet {name}"] for name in shown}))
            written.append(args.sheet)
    if args.json:
        have, missing = drawn_cels(character.cels)
        told = _to_json(diagnosis, character.done, written) | {"drawn": {"has": have, "lacks": missing}}
        told["side"] = character.original.shape[0]
        print(json.dumps(told, indent=2))
    else:
        notes = [*character.done, *_small(character), *_drawn(*drawn_cels(character.cels))]
        _print(diagnosis, notes, written, Console())
    return 0 if diagnosis.healthy else 1


def _sheet(character: "Character") -> dict[str, _Look]:
    """Every emotion as this character shows it, every morph, and its drawn mouths and eyes."""
    from avatar_rtc.animation.emotions import load_emotions
    from avatar_rtc.animation.face_cels import settled
    from avatar_rtc.doctor.drawn import drawn_cels
    from avatar_rtc.resources import resource

    found, have = load_emotions(resource("assets", "emotions")), character.cels.keys()
    return {
        **{name: settled(pose_from(each.pose), each.cels, have) for name, each in found.items()},
        **{name: (pose, {}) for name, pose in morph_poses().items()},
        **{name: settled(neutral(), {name: 1.0}, have) for name in drawn_cels(character.cels)[0]},
    }


def _small(character: "Character") -> list[str]:
    """What there is to say of a picture that has no detail beyond what THA3 sees."""
    if character.large is not None:
        return []
    return ["it is shown at 512 px; of a picture of 1024 or 2048 px a side every line stays sharp"]


def _drawn(have: Sequence[str], missing: Sequence[str]) -> list[str]:
    """What there is to say of drawn mouths and eyes; nothing where there are none."""
    if not have:
        return []
    lacks = f"; it lacks {', '.join(missing)}" if missing else ""
    return [f"it has {len(have)} drawn mouths and eyes{lacks}"]


def morph_poses() -> dict[str, Pose]:
    """Every morph at the end of its range, or at both ends, by what a sheet calls it."""
    poses = {}
    for morph in MORPHS:
        if morph.low < 0:
            poses[f"{morph.name} -1"] = pose_from({morph.name: morph.low})
            poses[f"{morph.name} +1"] = pose_from({morph.name: morph.high})
        else:
            poses[morph.name] = pose_from({morph.name: morph.high})
    return poses


def what_was_seen(
    rgba: "NDArray[np.uint8]", seen: "dict[str, NDArray[np.uint8]]", diagnosis: "Diagnosis"
) -> "NDArray[np.uint8]":
    """The parts of the face that the doctor judged, framed, and below what it says of each."""
    from avatar_rtc.characters.sheet import seen_sheet
    from avatar_rtc.doctor.diagnosis import AAA, HELD_SHUT, NEUTRAL, WINKS

    worst = {finding.part: finding.severity for finding in reversed(diagnosis.findings)}
    eyes = [(eye.box.grown(2), worst.get(side, "")) for side, eye in diagnosis.eyes.items()]
    frames: dict[str, list[tuple[Box, str]]] = {NEUTRAL: eyes}
    for side, wink in WINKS.items():
        if side in diagnosis.eyes:
            frames[wink] = [(diagnosis.eyes[side].box.grown(2), worst.get(side, ""))]
    if diagnosis.mouth is not None:
        frames[AAA] = [(diagnosis.mouth.box, worst.get("mouth", ""))]
    pictures = {
        "as drawn": rgba,
        **{name: seen[name] for name in (NEUTRAL, *WINKS.values(), AAA, *HELD_SHUT)},
    }
    said = [
        (f"{f.severity}: {f.what}" + (f": {f.advice}" if f.advice else ""), str(f.severity))
        for f in diagnosis.findings
    ]
    verdict = ("will animate well", "") if diagnosis.healthy else ("will not animate well", "error")
    return seen_sheet(pictures, _around(diagnosis), frames, [verdict, *_parts(diagnosis, worst), *said])


def _around(diagnosis: "Diagnosis") -> Box:
    """Eyes and mouth with some room, or where eyes were looked for."""
    from avatar_rtc.doctor.eyes import SEARCHED

    boxes = [eye.box for eye in diagnosis.eyes.values()]
    if diagnosis.mouth is None or not boxes:
        return SEARCHED
    boxes.append(diagnosis.mouth.box)
    around = Box.between(
        min(box.y for box in boxes),
        max(box.bottom for box in boxes),
        min(box.x for box in boxes),
        max(box.right for box in boxes),
    )
    return around.grown(24).common(Box(0, 0, 512, 512))


def _parts(diagnosis: "Diagnosis", worst: Mapping[str, str]) -> list[tuple[str, str]]:
    """A line for each part that was found: what was measured there."""
    lines = [
        (
            f"{side} eye: closed, a line of contrast {eye.line:.2f} is left, {eye.stays:.0%} of the opening",
            worst.get(side, ""),
        )
        for side, eye in diagnosis.eyes.items()
    ]
    if diagnosis.mouth is not None:
        lines.append((f"mouth: aaa opens {diagnosis.mouth.opens} pixels", worst.get("mouth", "")))
    return lines


def pose_all(
    rgba: "NDArray[np.uint8]", poses: Mapping[str, Pose], device_name: str, console: Any
) -> "dict[str, NDArray[np.uint8]]":
    """The pictures by name, without cels; see `show_all`."""
    return show_all(rgba, {name: (pose, {}) for name, pose in poses.items()}, device_name, console, {})


def show_all(
    rgba: "NDArray[np.uint8]",
    looks: Mapping[str, _Look],
    device_name: str,
    console: Any,
    cels: "Mapping[str, CelImage]",
) -> "dict[str, NDArray[np.uint8]]":
    """The pictures by name; each look is rendered once, those alike in brows and face in a row."""
    from rich.progress import track

    from avatar_rtc.cli.weights import fetch_weights
    from avatar_rtc.render.posed import render_poses
    from avatar_rtc.render.tha3.weights_files import weights_ready

    device = chosen_device(device_name, console)
    if not weights_ready():
        fetch_weights(None, None, console)
    keys = {name: (str(sorted(shown.items())), pose.tobytes()) for name, (pose, shown) in looks.items()}
    once = {keys[name]: look for name, look in looks.items()}
    ordered = sorted(
        once.items(), key=lambda each: (each[0][0], *(each[1][0][part].tobytes() for part in (EYEBROW, FACE)))
    )
    poses, strengths = [pose for _, (pose, _) in ordered], [shown for _, (_, shown) in ordered]
    pictures = track(
        render_poses(rgba, poses, "tha3", device, None, cels, strengths),
        "posing", len(ordered), console=console, transient=True,
    )  # fmt: skip
    posed = {key: picture for (key, _), picture in zip(ordered, pictures, strict=True)}
    return {name: posed[keys[name]] for name in looks}


def _to_json(diagnosis: "Diagnosis", prepared: Sequence[str], written: Sequence[Path]) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "healthy": diagnosis.healthy,
        "prepared": [*prepared],
        "findings": [asdict(finding) for finding in diagnosis.findings],
        "eyes": {side: asdict(eye) for side, eye in diagnosis.eyes.items()},
        "mouth": asdict(diagnosis.mouth) if diagnosis.mouth else None,
        "pictures": [str(path) for path in written],
        "responses": {name: round(value, 2) for name, value in diagnosis.responses.items()},
    }


def _print(diagnosis: "Diagnosis", prepared: Sequence[str], written: Sequence[Path], console: Any) -> None:
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
    for path in written:
        console.print(f"look at {path}: figures do not see it all", soft_wrap=True)
