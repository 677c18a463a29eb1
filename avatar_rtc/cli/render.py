"""`avatar-rtc render`: an avatar as viewers would see it, or a character in given poses, into files."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar_rtc.cli import render_clip, render_film
from avatar_rtc.cli.device import chosen_device
from avatar_rtc.cli.disclosure import add_disclosure, finish_of, marker_of
from avatar_rtc.cli.own_store import own_store
from avatar_rtc.cli.picture_size import picture_size
from avatar_rtc.cli.pose_files import read_pose_file
from avatar_rtc.errors import InputError
from avatar_rtc.face.pose_files import PosedFace, PoseFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from avatar_rtc.characters.character import Character

_EPILOG = """examples:
  avatar-rtc render --character liora --emotion joy --preset vhs --out joy.png
  avatar-rtc render --character liora --emotion joy --preset film --seconds 6 --out joy.mp4
  avatar-rtc render --character tavi --backdrop night --size 1280x720 --out night.mp4
  avatar-rtc render --character liora --out transparent.webm
  echo '{"mouth_aaa": 1, "head_x": -0.5}' > pose.json
  avatar-rtc render --character me.png --pose pose.json --size 1024 --out posed.png
  avatar-rtc render --character placeholder --pose poses.json --animator static --out frames/

  avatar-rtc render --character liora --say "[joy] Hello! Nice to meet you." --out hello.mp4
  avatar-rtc render --character liora --script story.txt --subtitles burnt --size 1280x720 --out story.mp4

  avatar-rtc render --performance take.avatar.jsonl --size 1024x1024 --preset vhs --out take.mp4

A script is plain text. A blank line is a pause, "# Heading" begins a chapter and is not said; all else is
said, with [joy] tags and SSML. Subtitles: beside is a WebVTT file, inside a track of an mp4 that players turn
on, burnt is in the picture.

A pose file holds one {"morph": value} object, or {"pose": {...}, "cels": {...}}, or a list of them: then PATH
is a folder of 000.png, 001.png, ... Files of emotion templates, {"joy": {"pose": {...}, "cels": {...}}, ...},
give joy.png, ... Poses are rendered bare: no idle life, no filters, no crop.
"""


def add(subparsers: Any) -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "render",
        help="an avatar, a film or poses, into PNG, MP4 or WebM files",
        description="Render an avatar in an emotion and a preset into a picture or a video, or a character "
        "in given poses into PNG files, without server and browser.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--character", metavar="NAME|PATH", help="a stored one, or any RGBA image; a performance has its own"
    )
    parser.add_argument("--pose", type=Path, metavar="FILE", help="poses as JSON instead; see below")
    parser.add_argument(
        "--animator", choices=("auto", "tha3", "student", "static"), default="auto", help="default: auto"
    )
    parser.add_argument("--device", default="auto", metavar="auto|cpu|cuda|mps", help="default: auto")
    parser.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="PATH",
        help="png, mp4 or webm; a folder for poses",
    )
    add_disclosure(parser)
    render_clip.add_arguments(parser)
    render_film.add_film_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Render every pose of the file, or without one a still or a clip.

    Raises:
        InputError: the pose file, the character or the output path will not do.
        SetupError: weights cannot be had, or the output cannot be written.
    """
    if args.pose is None:
        return render_film.run(args) if render_film.is_film(args) else render_clip.run(args)
    for name in ("preset", "emotion", "backdrop", "say", "script", "performance"):
        if getattr(args, name) is not None:
            raise InputError(f"--pose renders bare poses; leave out --{name}, or --pose")
    if args.disclosure == "picture":
        raise InputError("--pose renders bare poses, without a label; leave out --disclosure picture")
    if args.character is None:
        raise InputError("--character is missing: who is to be posed?")
    side = picture_size(args.size, frames=False).side or 512
    file = read_pose_file(args.pose)
    paths = output_paths(args.out, file)

    from avatar_rtc.characters.image import write_png

    store = own_store()
    character = store.load_any_character(args.character)

    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    pictures = _render(character, [*file.faces.values()], args.animator, args.device, side, console)
    render_clip.make_folder(paths[0].parent)
    finish = finish_of(marker_of(args))
    bar = track(pictures, "rendering", len(paths), console=console, disable=file.is_one)
    for path, picture in zip(paths, bar, strict=True):
        write_png(path, picture, finish)
    return 0


def output_paths(out: Path, file: PoseFile) -> list[Path]:
    """One path for one pose, those of the poses' names in the folder `out` for several.

    Raises:
        InputError: a folder stands where the file should be, or the other way round.
    """
    if file.is_one:
        if out.is_dir():
            raise InputError(f"{out} is a folder; one pose gives one PNG, so name a file")
        return [out]
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; a list of poses needs a folder")
    return [out / f"{name}.png" for name in file.faces]


def _render(
    character: "Character",
    faces: Sequence[PosedFace],
    animator_name: str,
    device_name: str,
    side: int,
    console: Any,
) -> "Iterator[NDArray[np.uint8]]":
    """The pictures (side, side, 4), in order; weights are fetched first if the animator lacks them."""
    from avatar_rtc.cli.weights import fetch_weights
    from avatar_rtc.render.animators import resolve
    from avatar_rtc.render.posed import render_poses
    from avatar_rtc.render.tha3.weights_files import weights_ready
    from avatar_rtc.worker.pictures import large_portrait

    device = chosen_device(device_name, console)
    name = resolve(animator_name, device, character.student is not None)
    if name == "tha3" and not weights_ready():
        fetch_weights(None, None, console)
    poses, strengths = [face.pose for face in faces], [face.cels for face in faces]
    portrait = large_portrait(character.rgba, character.large, side)
    return render_poses(
        character.rgba, poses, name, device, character.student, character.cels, strengths, portrait
    )
