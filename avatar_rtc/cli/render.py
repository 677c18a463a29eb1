"""`avatar-rtc render`: an avatar as viewers would see it, or a character in given poses, into files."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar_rtc.cli import render_clip
from avatar_rtc.errors import InputError
from avatar_rtc.face.pose import Pose, pose_from

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
  avatar-rtc render --character me.png --pose pose.json --out posed.png
  avatar-rtc render --character placeholder --pose poses.json --animator static --out frames/

A pose file holds one {"morph": value} object, or a list of them: then PATH is a folder of 000.png, 001.png,
... Poses are rendered bare: no idle life, no filters, no crop.
"""


def add(subparsers: Any) -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "render",
        help="an avatar or poses, into PNG, MP4 or WebM files",
        description="Render an avatar in an emotion and a preset into a picture or a video, or a character "
        "in given poses into PNG files, without server and browser.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--character", required=True, metavar="NAME|PATH", help="a stored one, or any RGBA image"
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
    render_clip.add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Render every pose of the file, or without one a still or a clip.

    Raises:
        InputError: the pose file, the character or the output path will not do.
        SetupError: weights cannot be had, or the output cannot be written.
    """
    if args.pose is None:
        return render_clip.run(args)
    for name in ("preset", "emotion", "backdrop", "size"):
        if getattr(args, name) is not None:
            raise InputError(f"--pose renders bare poses; leave out --{name}, or --pose")
    poses, is_list = read_poses(args.pose)
    paths = output_paths(args.out, len(poses) if is_list else None)

    from avatar_rtc.characters.image import write_png
    from avatar_rtc.characters.store import CharacterStore, own_folder
    from avatar_rtc.resources import resource

    store = CharacterStore(resource("assets", "characters"), own_folder())
    character = store.load_any_character(args.character)

    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    pictures = _render(character, poses, args.animator, args.device, console)
    render_clip.make_folder(paths[0].parent)
    bar = track(pictures, "rendering", len(poses), console=console, disable=not is_list)
    for path, picture in zip(paths, bar, strict=True):
        write_png(path, picture)
    return 0


def read_poses(path: Path) -> tuple[list[Pose], bool]:
    """The poses of a file, and whether it holds a list.

    Raises:
        InputError: it cannot be read, is no JSON, or holds a pose that is none; names which.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read the poses {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no JSON: {error}") from None
    if isinstance(content, dict):
        return [_read_pose(f"{path}", content)], False
    if not isinstance(content, list) or not content:
        raise InputError(f'{path} must hold one {{"morph": value}} object or a list of at least one')
    return [_read_pose(f"{path}, pose {number}", each) for number, each in enumerate(content)], True


def _read_pose(where: str, content: object) -> Pose:
    if not isinstance(content, dict):
        raise InputError(f'{where} is no {{"morph": value}} object')
    try:
        return pose_from(content)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def output_paths(out: Path, count: int | None) -> list[Path]:
    """One path for one pose (`count` None), numbered ones in the folder `out` for a list.

    Raises:
        InputError: a folder stands where the file should be, or the other way round.
    """
    if count is None:
        if out.is_dir():
            raise InputError(f"{out} is a folder; one pose gives one PNG, so name a file")
        return [out]
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; a list of poses needs a folder")
    return [out / f"{number:03d}.png" for number in range(count)]


def _render(
    character: "Character", poses: list[Pose], animator_name: str, device_name: str, console: Any
) -> "Iterator[NDArray[np.uint8]]":
    """The pictures (512, 512, 4), in order; weights are fetched first if the animator lacks them."""
    from avatar_rtc.cli.weights import fetch_weights
    from avatar_rtc.render.animators import pick_device, resolve
    from avatar_rtc.render.posed import render_poses
    from avatar_rtc.render.tha3.weights_files import weights_ready

    device = pick_device(device_name)
    name = resolve(animator_name, device, character.student is not None)
    if name == "tha3" and not weights_ready():
        fetch_weights(None, None, console)
    return render_poses(character.rgba, poses, name, device, character.student)
