"""`avatar-rtc sprites`: a picture of a character in each emotion, packed as other programs want it."""

import argparse
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar_rtc.cli.device import chosen_device
from avatar_rtc.cli.disclosure import add_disclosure, finish_of, marker_of
from avatar_rtc.cli.own_store import own_store
from avatar_rtc.cli.render_clip import make_folder
from avatar_rtc.errors import InputError, OutOfRange
from avatar_rtc.face.sprites import PACKINGS, Sprite, check_packing, notes_of, sprites_of
from avatar_rtc.files import not_written
from avatar_rtc.stream.framing import FRAMINGS

if TYPE_CHECKING:
    from avatar_rtc.characters.character import Character
    from avatar_rtc.face.emotions import EmotionTemplate

_SIDES = (16, 2048)
_EPILOG = """examples:
  avatar-rtc sprites --character liora --out liora/
  avatar-rtc sprites --character me.png --packing sillytavern --size 1024 --out me.zip
  avatar-rtc sprites --character tavi --emotion joy --emotion anger --framing bust --out faces/

packings:
  plain        joy.png and joy.json for each emotion, and emotions.json with all of them
  sillytavern  joy.png, …: for "Upload sprite pack (ZIP)", or as the folder characters/NAME
  airi         happy.png, … for its nine words, and emotions.json that says what each is made of
"""


def add(subparsers: Any) -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "sprites",
        help="a PNG for each emotion, as a folder or zip",
        description="Render a character in each of its emotions, bare and with transparency, into a folder "
        "or a zip, packed for an editor of poses or another program.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--character", required=True, metavar="NAME|PATH", help="a stored one, or any RGBA image"
    )
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR|ZIP", help="a zip if it ends in .zip, else a folder"
    )
    parser.add_argument("--packing", choices=PACKINGS, default="plain", help="default: plain; see below")
    parser.add_argument(
        "--emotion", action="append", default=[], metavar="NAME", help="only this one; may be repeated"
    )
    parser.add_argument("--size", type=int, default=512, help="px of the longer side (default: %(default)s)")
    parser.add_argument("--framing", choices=FRAMINGS, default="whole", help="default: whole")
    parser.add_argument(
        "--animator", choices=("auto", "tha3", "student", "static"), default="auto", help="default: auto"
    )
    parser.add_argument("--device", default="auto", metavar="auto|cpu|cuda|mps", help="default: auto")
    add_disclosure(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Render the pack.

    Raises:
        InputError: the character, an emotion, the size or the path will not do.
        SetupError: weights cannot be had, or the output cannot be written.
    """
    is_zip = args.out.suffix.lower() == ".zip"
    if not _SIDES[0] <= args.size <= _SIDES[1]:
        raise OutOfRange("--size", args.size, *_SIDES)
    if is_zip and args.out.is_dir():
        raise InputError(f"{args.out} is a folder; name a file that ends in .zip, or another folder")
    if not is_zip and args.out.exists() and not args.out.is_dir():
        raise InputError(f"{args.out} is a file; name a folder, or a file that ends in .zip")

    store = own_store()
    character = store.load_any_character(args.character)
    templates, packing = _templates(character), check_packing(args.packing)
    sprites = sprites_of(packing, templates, args.emotion)

    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    pictures = _pictures(character, templates, sprites, args, console)
    make_folder(args.out.parent if is_zip else args.out)
    bar = track(pictures, "rendering", len(sprites), console=console, disable=not console.is_terminal)
    try:
        _write(args.out, is_zip, bar, notes_of(packing, templates, sprites))
    except OSError as error:
        raise not_written(args.out, error) from None
    return 0


def _templates(character: "Character") -> "Mapping[str, EmotionTemplate]":
    from avatar_rtc.animation.emotions import changed, load_emotions
    from avatar_rtc.resources import resource

    common = load_emotions(resource("assets", "emotions"))
    return {**changed(common, character.emotions), **character.own_emotions}


def _pictures(
    character: "Character",
    templates: "Mapping[str, EmotionTemplate]",
    sprites: list[Sprite],
    args: argparse.Namespace,
    console: Any,
) -> Iterator[tuple[str, bytes]]:
    """File → PNG of each sprite, rendered as they are taken; the model is loaded before this returns."""
    from avatar_rtc.animation.still import alone
    from avatar_rtc.characters.image import write_picture
    from avatar_rtc.cli.weights import fetch_weights
    from avatar_rtc.render.animators import Animators, resolve
    from avatar_rtc.render.posed import PosedCharacter, Sheet
    from avatar_rtc.render.tha3.weights_files import weights_ready
    from avatar_rtc.stream.crop import NO_OWN_CROP
    from avatar_rtc.stream.framing import Framing
    from avatar_rtc.worker.pictures import large_portrait
    from avatar_rtc.worker.sizing import covering_side

    device = chosen_device(args.device, console)
    name = resolve(args.animator, device, character.student is not None)
    if name == "tha3" and not weights_ready():
        fetch_weights(None, None, console)
    animator, _ = Animators(device).get(name, character.student, character.rgba)
    portrait = large_portrait(character.rgba, character.large, covering_side(args.size))
    posed = PosedCharacter(animator, portrait, character.cels)
    sheet = Sheet(character.views.shown(NO_OWN_CROP, Framing(args.framing)), args.size)
    faces = (
        (each.file, alone(templates[each.emotion], character.cels, character.keep_eyes_open))
        for each in sprites
    )
    finish = finish_of(marker_of(args))
    return ((file, finish(write_picture(posed.picture(*face, sheet), "png"))) for file, face in faces)


def _write(
    out: Path, is_zip: bool, pictures: "Iterator[tuple[str, bytes]] | Any", notes: Mapping[str, bytes]
) -> None:
    if not is_zip:
        for file, data in pictures:
            (out / file).write_bytes(data)
        for file, data in notes.items():
            (out / file).write_bytes(data)
        return
    from avatar_rtc.files import replacing

    with replacing(out) as part, zipfile.ZipFile(part, "w") as archive:
        for file, data in pictures:
            archive.writestr(file, data)
        for file, data in notes.items():
            archive.writestr(file, data, zipfile.ZIP_DEFLATED)
