"""`avatar-rtc watch`: look at an avatar from a terminal, and save what is seen as PNG."""

import argparse
import asyncio
import contextlib
import json
import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from avatar_rtc.client.client import AvatarClient

_EPILOG = """examples:
  avatar-rtc watch
  avatar-rtc watch http://127.0.0.1:8080/ --emotion joy --seconds 3 --save joy.png
  avatar-rtc watch --seconds 10 --save frames/ --json
"""
_STATUS_INTERVAL_S = 0.5
_FILE_SECONDS = 1.0
"""How long `--save FILE` watches if nothing else is said: the avatar has moved by then."""


def add(subparsers: Any) -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "watch",
        help="watch an avatar in the terminal: statistics, and pictures as PNG",
        description="Connect to an avatar like any viewer, show what arrives, and save pictures of it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "url",
        nargs="?",
        default="http://127.0.0.1:8080/",
        help="server, avatar, page or WHEP endpoint (default: %(default)s)",
    )
    parser.add_argument("--seconds", type=_seconds, help="end after so many seconds (default: Ctrl-C)")
    parser.add_argument(
        "--save",
        type=Path,
        metavar="PATH",
        help="a .png: the last picture, after --seconds or 1 s; a folder: every picture, named by its ms",
    )
    parser.add_argument("--emotion", metavar="NAME", help="show this emotion first")
    parser.add_argument(
        "--video", choices=("alpha", "matte"), default="alpha", help="default: %(default)s, transparent"
    )
    parser.add_argument("--token", help="bearer token, if the server wants one")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end, nothing else")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Watch; 0 if pictures arrived, 1 if none did."""
    seconds = args.seconds
    if seconds is None and args.save is not None and args.save.suffix.lower() == ".png":
        seconds = _FILE_SECONDS
    seen = Seen(args.url, args.save)
    with contextlib.suppress(KeyboardInterrupt):  # the usual way to end it: what was seen is still told
        asyncio.run(_watch(args, seconds, seen))
    if args.json:
        print(json.dumps(seen.report()))
    elif seen.saved:
        print(f"saved {len(seen.saved)} picture(s), the last as {seen.saved[-1]}")
    return 0 if seen.frames else 1


@dataclass
class Seen:
    """What has arrived so far."""

    url: str
    save: Path | None
    frames: int = 0
    width: int = 0
    height: int = 0
    """Of the picture, without the alpha half; px."""
    dropped: int = 0
    kbps: float = 0.0
    round_trip_ms: float | None = None
    saved: list[str] = field(default_factory=list)
    first: float = 0.0
    """Monotonic second of the first picture."""
    last: float = 0.0
    state: dict[str, Any] = field(default_factory=dict)

    @property
    def fps(self) -> float:
        """Pictures per second between the first and the last, counting those dropped here."""
        span = self.last - self.first
        return (self.frames + self.dropped - 1) / span if span > 0 else 0.0

    def report(self) -> dict[str, Any]:
        """The JSON object of `--json`."""
        return {
            "url": self.url,
            "frames": self.frames,
            "dropped": self.dropped,
            "seconds": round(self.last - self.first, 3),
            "fps": round(self.fps, 2),
            "kbps": round(self.kbps),
            "width": self.width,
            "height": self.height,
            "round_trip_ms": self.round_trip_ms,
            "saved": self.saved,
            "state": self.state,
        }

    def line(self) -> str:
        """The live status line."""
        trip = "–" if self.round_trip_ms is None else f"{self.round_trip_ms:.0f} ms"
        emotion = ", ".join(self.state.get("emotion", {}).get("weights", {})) or "–"
        return (
            f"[bold]{self.state.get('id', self.url)}[/] {emotion}  {self.fps:.1f} fps  {self.kbps:.0f} kb/s  "
            f"{self.width}x{self.height}  round trip {trip}  {self.frames} frames"
        )


async def _watch(args: argparse.Namespace, seconds: float | None, seen: Seen) -> None:
    from rich.console import Console

    from avatar_rtc.client.client import AvatarClient

    with Console(quiet=args.json, stderr=True).status(f"connecting to {args.url}") as status:
        async with AvatarClient(args.url, video=args.video, token=args.token) as avatar:
            if args.emotion:
                await avatar.set_emotion(args.emotion)
            measuring = asyncio.create_task(_measure(avatar, seen, status.update))
            try:
                async with asyncio.timeout(seconds):
                    await _look(avatar, seen)
            except TimeoutError:
                pass
            finally:
                measuring.cancel()
                seen.state = avatar.state()


async def _look(avatar: "AvatarClient", seen: Seen) -> None:
    """Take pictures until cancelled or the connection is lost; a file gets the last one."""
    picture: tuple[float, Any] | None = None
    try:
        async for t, rgba in avatar.frames_rgba():
            seen.last = time.monotonic()
            seen.first = seen.first or seen.last
            seen.frames, seen.dropped = seen.frames + 1, avatar.dropped
            seen.height, seen.width = rgba.shape[:2]
            picture = t, rgba
            if seen.save is not None and not _is_file(seen.save):
                await asyncio.to_thread(_save, seen, seen.save / f"{round(t * 1000):08d}.png", rgba)
    finally:
        if picture is not None and seen.save is not None and _is_file(seen.save):
            _save(seen, seen.save, picture[1])


async def _measure(avatar: "AvatarClient", seen: Seen, show: Any) -> None:
    """Keep bit rate and round trip up to date, and the status line with them."""
    from avatar_rtc.errors import AvatarRtcError

    start, at_start = time.monotonic(), await avatar.received_bytes()
    while True:
        try:
            seen.round_trip_ms = round(await avatar.ping() * 1000, 1)
        except AvatarRtcError:
            seen.round_trip_ms = None  # a foreign WHEP endpoint has no control channel
        await asyncio.sleep(_STATUS_INTERVAL_S)
        received = await avatar.received_bytes() - at_start
        seen.kbps = received * 8 / 1000 / (time.monotonic() - start)
        seen.state = avatar.state()
        show(seen.line())


def _save(seen: Seen, path: Path, rgba: Any) -> None:
    from avatar_rtc.characters.image import write_png
    from avatar_rtc.errors import SetupError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"cannot create {path.parent}: {error.strerror}") from None
    write_png(path, rgba)
    seen.saved.append(str(path))


def _is_file(path: Path) -> bool:
    return path.suffix.lower() == ".png"


def _seconds(text: str) -> float:
    value = float(text)
    if not (value > 0 and math.isfinite(value)):
        raise argparse.ArgumentTypeError("must be greater than 0")
    return value
