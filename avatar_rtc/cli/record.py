"""`avatar-rtc record`: let a server record an avatar, and fetch the file."""

import argparse
import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar_rtc.cli.picture_size import read_size
from avatar_rtc.errors import InputError, SetupError

if TYPE_CHECKING:
    from rich.progress import Progress

    from avatar_rtc.client.server import Server

_EPILOG = """examples:
  avatar-rtc record --out clip.mp4 --seconds 10
  avatar-rtc record --url http://127.0.0.1:8080 --avatar main --out clip.webm     transparent, until Ctrl-C
  avatar-rtc record --out frames.zip --seconds 2     PNGs, their times, the sound
  avatar-rtc record --out clip.mp4 --seconds 5 --size 1280x720 --backdrop day
"""
_FORMATS = {".mp4": "mp4", ".webm": "webm", ".zip": "png"}
_LOOK_S = 0.5


def add(subparsers: Any) -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "record",
        help="record a live avatar with its sound: mp4, webm with transparency, PNGs",
        description="Let the server record an avatar as viewers see and hear it, and fetch the file.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--url", default="http://127.0.0.1:8080/", help="of the server (default: %(default)s)"
    )
    parser.add_argument("--avatar", default="main", metavar="NAME", help="default: %(default)s")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help=".mp4, .webm or .zip")
    parser.add_argument("--seconds", type=float, help="end after so many seconds (default: Ctrl-C)")
    parser.add_argument("--size", metavar="WxH", help="of the picture in px (default: as viewers get it)")
    parser.add_argument("--backdrop", metavar="NAME|#RRGGBB", help="behind the avatar in the file alone")
    parser.add_argument("--keep", action="store_true", help="leave it on the server, too")
    parser.add_argument("--token", help="bearer token for `control`, if the server wants one")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Record; 0 if there is a file.

    Raises:
        InputError: a name, number or path will not do.
        Unreachable: the server is not there, or cannot do it now.
    """
    format = _FORMATS.get(args.out.suffix.lower())
    if format is None:
        raise InputError(f"{args.out} is none of {', '.join(_FORMATS)}")
    if args.out.is_dir() or not args.out.parent.is_dir():
        raise InputError(f"{args.out} must be a file in a folder that is there")
    if args.seconds is not None and not args.seconds > 0:
        raise InputError(f"--seconds is {args.seconds:g}, but must be greater than 0")
    backdrop = args.backdrop and {"colour" if args.backdrop.startswith("#") else "name": args.backdrop}
    wanted = {
        "format": format,
        "max_s": args.seconds,
        "size": None if args.size is None else read_size(args.size),
        "backdrop": backdrop,
    }
    asyncio.run(_record(args, wanted))
    return 0


async def _record(args: argparse.Namespace, wanted: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.progress import Progress

    from avatar_rtc.client.server import Server

    console = Console(stderr=True)
    async with Server(args.url, args.token) as server:
        about = await server.start_recording(args.avatar, **wanted)
        with _stopping() as stop, Progress(console=console, disable=not console.is_terminal) as bars:
            about = await _ended(server, about, args.seconds, stop, bars)
            about = await _finished(server, about, bars)
            for note in about["notes"]:
                print(f"avatar-rtc: {note}", file=sys.stderr)
            if not about["is_ready"]:
                raise SetupError("there is no recording to fetch")
            await _fetched(server, about, args.out, bars)
        if not args.keep:
            await server.delete_recording(args.avatar, about["id"])


async def _ended(
    server: "Server", about: dict[str, Any], seconds: float | None, stop: asyncio.Event, bars: "Progress"
) -> dict[str, Any]:
    """Until it has recorded enough, or Ctrl-C."""
    bar = bars.add_task("recording" if seconds else "recording (Ctrl-C ends it)", total=seconds)
    begun = time.monotonic()
    while about["state"] == "recording":
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _LOOK_S)
        ask = server.delete_recording if stop.is_set() else server.recording
        about = await ask(about["avatar"], about["id"])
        bars.update(bar, completed=min(time.monotonic() - begun, seconds or float("inf")))
    return about


async def _finished(server: "Server", about: dict[str, Any], bars: "Progress") -> dict[str, Any]:
    bar = bars.add_task("finishing", total=1.0)
    while about["state"] not in ("done", "failed"):
        await asyncio.sleep(_LOOK_S)
        about = await server.recording(about["avatar"], about["id"])
        bars.update(bar, completed=about["progress"])
    return about


async def _fetched(server: "Server", about: dict[str, Any], out: Path, bars: "Progress") -> None:
    bar = bars.add_task("fetching", total=None)

    def tell(here: int, whole: int) -> None:
        bars.update(bar, completed=here, total=whole or None)

    await server.save_recording(about["avatar"], about["id"], out, tell)


@contextlib.contextmanager
def _stopping() -> Iterator[asyncio.Event]:
    """An event that Ctrl-C sets; a second one ends the program."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def on_signal() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    try:
        loop.add_signal_handler(signal.SIGINT, on_signal)
    except NotImplementedError:  # Windows: Ctrl-C ends the program
        yield stop
        return
    try:
        yield stop
    finally:
        loop.remove_signal_handler(signal.SIGINT)
