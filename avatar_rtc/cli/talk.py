"""`avatar-rtc talk`: say something to an avatar, from a sound file or this machine's microphone."""

import argparse
import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Literal

_EPILOG = """examples:
  avatar-rtc talk question.wav
  avatar-rtc talk microphone http://127.0.0.1:8080/view/guide
  avatar-rtc talk line.mp3 --speak        the avatar says it
"""
_LAST_WORD_S = 2.0
"""Until what was sent has been heard to its end."""


def add(subparsers: Any) -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "talk",
        help="talk to an avatar: a sound file, or a microphone",
        description="Send sound to an avatar as fast as it sounds, and show what it hears of it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "source", metavar="FILE|microphone", help="a sound file, or this machine's microphone"
    )
    parser.add_argument(
        "url",
        nargs="?",
        default="http://127.0.0.1:8080/",
        help="server, avatar or page (default: %(default)s)",
    )
    parser.add_argument("--speak", action="store_true", help="the avatar says it, and does not listen")
    parser.add_argument("--token", help="bearer token with the scope control, if the server wants one")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Talk; 0 if something was heard or said, 1 if there was no voice in it."""
    heard: list[float] = []
    with contextlib.suppress(KeyboardInterrupt):  # how a microphone is ended
        asyncio.run(_talk(args, heard))
    if not heard and not args.speak:
        print("no voice was heard in it")
    return 0 if heard or args.speak else 1


async def _talk(args: argparse.Namespace, heard: list[float]) -> None:
    from avatar_rtc.client.client import AvatarClient

    mode: Literal["speak", "listen"] = "speak" if args.speak else "listen"
    async with AvatarClient(args.url, token=args.token, microphone=mode) as avatar:
        over = asyncio.Event()
        showing = asyncio.create_task(_show(avatar.events(), heard, over))
        await avatar.talk(args.source)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORD_S):
                await over.wait()
        showing.cancel()


async def _show(events: AsyncIterator[dict[str, Any]], heard: list[float], over: asyncio.Event) -> None:
    """Print what happens; `over` is set while nobody talks."""
    async for event in events:
        match event["type"]:
            case "hearing.started":
                over.clear()
                print("it listens" + (", and fell silent for it" if event["interrupted"] else ""))
            case "hearing.ended":
                over.set()
                heard.append(event["seconds"])
                print(f"it heard {event['seconds']:.1f} s")
            case "speech.started":
                over.clear()
            case "speech.finished":
                over.set()
                print(f"it said {event['position_ms'] / 1000:.1f} s")
