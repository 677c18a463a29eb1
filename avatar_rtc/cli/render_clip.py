"""`avatar-rtc render --emotion … --preset …`: an avatar as viewers see it, into a picture or a video."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar_rtc.anime4k_files import use_folder
from avatar_rtc.errors import InputError, UnknownName

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from avatar_rtc.filters_schema.chain import Operation
    from avatar_rtc.worker.offline import OfflineAvatar

SUFFIXES = (".png", ".mp4", ".webm")
_MAX_SECONDS = 600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What a clip takes beside the character."""
    clip = parser.add_argument_group("an avatar in an emotion, with idle life, cels, crop and filters")
    clip.add_argument("--emotion", metavar="NAME", help="default: the character's own")
    clip.add_argument("--preset", metavar="NAME|FILE", help="a look, such as vhs, or a file with a chain")
    clip.add_argument("--seconds", type=float, default=4.0, help="length of a video (default: %(default)s)")
    clip.add_argument("--fps", type=float, default=25.0, help="pictures per second (default: %(default)s)")
    clip.add_argument("--seed", type=int, default=0, help="of idle motion and noise (default: %(default)s)")
    clip.add_argument(
        "--anime4k", type=Path, metavar="DIR", help="Anime4K's GLSL files, as further upscalers"
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
    if args.out.suffix not in SUFFIXES:
        raise InputError(f"{args.out} is none of {', '.join(SUFFIXES)}; png is a still, mp4 and webm move")
    if not 0 < args.seconds <= _MAX_SECONDS:
        raise InputError(f"--seconds is {args.seconds:g}, but must lie in 0..{_MAX_SECONDS:g}")
    if not 1 <= args.fps <= 120:
        raise InputError(f"--fps is {args.fps:g}, but must lie in 1..120")
    if args.anime4k is not None:
        use_folder(args.anime4k)
    chain = _chain_of(args.preset)

    from rich.console import Console

    console = Console(stderr=True)
    avatar = _avatar(args, chain, console)
    on_ground = _ground(args.backdrop, "#181a26" if args.out.suffix == ".mp4" else None)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    if args.out.suffix == ".png":
        from avatar_rtc.characters.image import write_png

        write_png(args.out, on_ground(avatar.still()))
        return 0
    _record(args, (on_ground(picture) for picture in avatar.frames(round(args.seconds * args.fps))), console)
    return 0


def _chain_of(preset: str | None) -> "tuple[Operation, ...]":
    from avatar_rtc.filters_schema.presets import load_preset, load_presets

    if preset is None:
        return ()
    if preset.endswith(".json"):
        return load_preset(Path(preset)).chain
    presets = load_presets()
    if preset not in presets:
        raise UnknownName("preset", preset, presets)
    return presets[preset].chain


def _avatar(args: argparse.Namespace, chain: "tuple[Operation, ...]", console: Any) -> "OfflineAvatar":
    from avatar_rtc.animation.emotions import load_emotions
    from avatar_rtc.characters.store import CharacterStore, own_folder
    from avatar_rtc.cli.weights import fetch
    from avatar_rtc.link import OpenAvatar
    from avatar_rtc.render.animators import Animators, pick_device, resolve
    from avatar_rtc.render.weights_files import weights_ready
    from avatar_rtc.resources import resource
    from avatar_rtc.state import AvatarState
    from avatar_rtc.worker.offline import OfflineAvatar

    emotions = load_emotions(resource("assets", "emotions"))
    character = CharacterStore(resource("assets", "characters"), own_folder()).load_any_character(
        args.character
    )
    emotion = args.emotion or character.default_emotion
    if emotion not in emotions:
        raise UnknownName("emotion", emotion, emotions)
    device = pick_device(args.device)
    name = resolve(args.animator, device, character.student is not None)
    if name == "tha3" and not weights_ready():
        fetch(None, None, console)
    animator, _ = Animators(device).get(name, character.student, character.rgba)
    opened = OpenAvatar(
        avatar="offline", rgba=character.rgba.tobytes(), epoch=0.0,
        state=AvatarState(emotions={emotion: 1.0}, chain=chain), fps=args.fps, seed=args.seed,
        cels=character.cels, emotions=character.emotions, crop=character.crop,
    )  # fmt: skip
    return OfflineAvatar(opened, animator, emotions)


def _ground(backdrop: str | None, default: str | None) -> "Callable[[NDArray[np.uint8]], NDArray[np.uint8]]":
    """What puts the backdrop behind a picture; without one pictures stay as they are."""
    from avatar_rtc.backdrops import backdrop_file
    from avatar_rtc.messages import BackdropSet, control_from
    from avatar_rtc.render.backdrop import behind
    from avatar_rtc.state import Backdrop

    wanted = backdrop or default
    if wanted is None:
        return lambda picture: picture
    if not wanted.startswith("#"):
        return behind(Backdrop(wanted), backdrop_file(wanted).read_bytes())
    message = control_from({"type": "backdrop.set", "colour": wanted})
    assert isinstance(message, BackdropSet)
    return behind(Backdrop(colour=message.rgb), None)


def _record(args: argparse.Namespace, pictures: "Iterator[NDArray[np.uint8]]", console: Any) -> None:
    from fractions import Fraction

    from rich.progress import track

    from avatar_rtc.media.recording import Recording

    fps = Fraction(args.fps).limit_denominator(1001)
    first = next(pictures)
    height, width = (side // 2 * 2 for side in first.shape[:2])
    with Recording(args.out, args.out.suffix[1:], (width, height), fps) as recording:
        recording.write(first[:height, :width])
        left = round(args.seconds * args.fps) - 1
        for picture in track(pictures, "rendering", left, console=console, disable=not console.is_terminal):
            recording.write(picture[:height, :width])
