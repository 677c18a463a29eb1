"""`avatar-rtc render --emotion … --preset …`: an avatar as viewers see it, into a picture or a video."""

import argparse
from collections.abc import Callable, Iterator
from itertools import chain as one_after_the_other
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar_rtc.cli.device import chosen_device
from avatar_rtc.cli.disclosure import finish_of, marker_of
from avatar_rtc.cli.own_store import own_store
from avatar_rtc.cli.picture_size import SizeAsked, picture_size
from avatar_rtc.errors import InputError, OutOfRange, SetupError, UnknownName
from avatar_rtc.filters_schema.anime4k_files import use_folder
from avatar_rtc.filters_schema.label import forced_label
from avatar_rtc.stream.framing import FRAMINGS, Framing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from avatar_rtc.filters_schema.chain import Operation
    from avatar_rtc.provenance.marking import Marker
    from avatar_rtc.worker.offline import OfflineAvatar

SUFFIXES = (".png", ".mp4", ".webm")
_SECONDS, _FPS = 4.0, 25.0
_MAX_SECONDS, _MAX_SEED = 600.0, 2**63 - 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What a clip takes beside the character."""
    clip = parser.add_argument_group("an avatar in an emotion, with idle life, cels, crop and filters")
    clip.add_argument("--emotion", metavar="NAME", help="default: the character's own")
    clip.add_argument("--preset", metavar="NAME|FILE", help="such as vhs, or a file with a chain")
    clip.add_argument("--seconds", type=float, help=f"length of a video (default: {_SECONDS:g})")
    clip.add_argument("--fps", type=float, help=f"pictures per second (default: {_FPS:g})")
    clip.add_argument("--seed", type=int, help="of idle motion and noise (default: 0)")
    clip.add_argument(
        "--anime4k", type=Path, metavar="DIR", help="Anime4K's GLSL files, as further upscalers"
    )
    clip.add_argument("--framing", choices=FRAMINGS, help="default: the character's own, else the bust")
    clip.add_argument("--headroom", type=float, metavar="SHARE", help="free above the head, of the picture")
    clip.add_argument(
        "--size",
        metavar="N|WxH",
        help="512 to 2048: px of the whole figure, made at that size; or of every picture (default: 512, cut,"
        " and what the chain gives)",
    )
    clip.add_argument(
        "--backdrop", metavar="NAME|#RRGGBB", help="behind the avatar; mp4 has one always (default: #181a26)"
    )


def run(args: argparse.Namespace) -> int:
    """Render a still (png) or a clip (mp4, webm with transparency).

    Raises:
        InputError: a name, number or path will not do.
        SetupError: weights cannot be had, or the output cannot be written.
    """
    kind = args.out.suffix.lower()
    if kind not in SUFFIXES:
        raise InputError(f"{args.out} is none of {', '.join(SUFFIXES)}; png is a still, mp4 and webm move")
    seconds = _SECONDS if args.seconds is None else args.seconds
    if not 0.01 <= seconds <= _MAX_SECONDS:
        raise OutOfRange("--seconds", seconds, 0.01, _MAX_SECONDS)
    check_numbers(args)
    if args.character is None:
        raise InputError("--character is missing: who is to be rendered?")
    args.fps, args.seed = args.fps or _FPS, args.seed or 0
    size = picture_size(args.size)
    if args.anime4k is not None:
        use_folder(args.anime4k)
    chain = () if args.preset is None else chain_of(args.preset)
    on_ground = _ground(args.backdrop, "#181a26" if kind == ".mp4" else None)

    from rich.console import Console

    console = Console(stderr=True)
    avatar = _avatar(args, chain, size, console)
    make_folder(args.out.parent)
    marker = marker_of(args)
    if kind == ".png":
        from avatar_rtc.characters.image import write_png

        write_png(args.out, on_ground(avatar.still()), finish_of(marker))
        return 0
    count = max(1, round(seconds * args.fps))
    pictures = (on_ground(picture) for picture in avatar.frames(count))
    _record(args.out, args.fps, pictures, count, console, marker)
    return 0


def check_numbers(args: argparse.Namespace) -> None:
    """What clips and films have in common.

    Raises:
        InputError: a number is out of range, or the output is a folder.
    """
    if args.out.is_dir():
        raise InputError(f"{args.out} is a folder; name a file")
    for name, value, low, high in (("--fps", args.fps, 1, 120), ("--seed", args.seed, 0, _MAX_SEED)):
        if value is not None and not low <= value <= high:
            raise OutOfRange(name, value, low, high)
    if args.headroom is not None and not 0.0 <= args.headroom <= 1.0:
        raise OutOfRange("--headroom", args.headroom, 0.0, 1.0)


def make_folder(folder: Path) -> None:
    """Create a folder and those above it.

    Raises:
        SetupError: it cannot be.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"cannot create {folder}: {error.strerror}") from None


def chain_of(preset: str) -> "tuple[Operation, ...]":
    """The operations of a preset by its name, or by a .json file.

    Raises:
        InputError: there is none.
    """
    from avatar_rtc.characters.store import own_folder
    from avatar_rtc.filters_schema.own_presets import OwnPresets
    from avatar_rtc.filters_schema.presets import load_preset

    if preset.endswith(".json"):
        return load_preset(Path(preset)).chain
    presets = OwnPresets(own_folder().with_name("presets")).with_shipped()
    if preset not in presets:
        raise UnknownName("preset", preset, presets)
    return presets[preset].chain


def _avatar(
    args: argparse.Namespace, chain: "tuple[Operation, ...]", size: SizeAsked, console: Any
) -> "OfflineAvatar":
    from avatar_rtc.animation.emotions import load_emotions
    from avatar_rtc.characters.opening import order_of
    from avatar_rtc.cli.weights import fetch_weights
    from avatar_rtc.control.state import AvatarState
    from avatar_rtc.face.emotions import ZERO, emotion_id
    from avatar_rtc.render.animators import Animators, resolve
    from avatar_rtc.render.tha3.weights_files import weights_ready
    from avatar_rtc.resources import resource
    from avatar_rtc.worker.offline import OfflineAvatar

    emotions = load_emotions(resource("assets", "emotions"))
    character = own_store().load_any_character(args.character)
    emotion = emotion_id(args.emotion or character.default_emotion)
    known = {**emotions, **character.own_emotions, ZERO.name: ZERO}
    if emotion not in known:
        raise UnknownName("emotion", emotion, known)
    device = chosen_device(args.device, console)
    name = resolve(args.animator, device, character.student is not None)
    if name == "tha3" and not weights_ready():
        fetch_weights(None, None, console)
    animator, _ = Animators(device).get(name, character.student, character.rgba)
    state = AvatarState(emotions={emotion: 1.0}, chain=chain, framing=Framing(args.framing, args.headroom))
    label = forced_label(args.disclosure or "page")
    opened = order_of(character, state, fps=args.fps, seed=args.seed, label=label)
    return OfflineAvatar(opened, animator, emotions, size.frame, side=size.side)


def check_backdrop(wanted: str) -> None:
    """
    Raises:
        InputError: neither a colour nor the name of a backdrop.
    """
    _ground(wanted, None)


def _ground(backdrop: str | None, default: str | None) -> "Callable[[NDArray[np.uint8]], NDArray[np.uint8]]":
    """What puts the backdrop behind a picture; without one pictures stay as they are."""
    from avatar_rtc.characters.store import own_folder
    from avatar_rtc.control.messages import BackdropSet, control_from
    from avatar_rtc.control.state import Backdrop
    from avatar_rtc.filters_schema.backdrops import Backdrops
    from avatar_rtc.render.backdrop import behind

    wanted = backdrop or default
    if wanted is None:
        return lambda picture: picture
    if not wanted.startswith("#"):
        file = Backdrops(own_folder().with_name("backdrops")).file(wanted)
        return behind(Backdrop(wanted), file.read_bytes())
    message = control_from({"type": "backdrop.set", "colour": wanted})
    assert isinstance(message, BackdropSet)
    return behind(Backdrop(colour=message.rgb), None)


def _record(
    out: Path,
    rate: float,
    pictures: "Iterator[NDArray[np.uint8]]",
    count: int,
    console: Any,
    marker: "Marker",
) -> None:
    from fractions import Fraction

    from rich.progress import track

    from avatar_rtc.media.recording import Recording, recording_kind

    first = next(pictures)
    height, width = (side // 2 * 2 for side in first.shape[:2])  # a crop may be odd, which video cannot be
    bar = track(
        one_after_the_other([first], pictures),
        "rendering",
        count,
        console=console,
        disable=not console.is_terminal,
    )
    kind, fps = recording_kind(out), Fraction(rate).limit_denominator(1001)

    def sign(part: Path) -> None:
        marker.mark_file(part, f"video/{kind}", "figure")

    with Recording(out, kind, (width, height), fps, marker.comment, sign) as recording:
        for picture in bar:
            recording.write(picture[:height, :width])
