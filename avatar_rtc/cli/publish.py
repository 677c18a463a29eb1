"""`avatar-rtc publish`: send a running avatar to a server that distributes it, until Ctrl-C."""

import argparse
import asyncio
import contextlib
import os
from typing import Any

_EPILOG = """examples:
  avatar-rtc publish main https://whip.example.org/live/main --target-token KEY
  avatar-rtc publish main ws://127.0.0.1:8188 --room 1234
  avatar-rtc publish https://avatar.example.org/view/guide http://127.0.0.1:8889/guide/whip

The avatar's server sends it; this command tells it so, shows how it goes, and ends it with Ctrl-C. Of other
users of this machine a key is hidden in AVATAR_RTC_TARGET_TOKEN, which is read if --target-token is left out.
"""
TARGET_TOKEN_VARIABLE = "AVATAR_RTC_TARGET_TOKEN"
_WORDS = {
    "joining": "joining",
    "live": "live",
    "retrying": "trying again",
    "ended": "ended",
    "failed": "failed",
}


def add(subparsers: Any) -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "publish",
        help="send an avatar to a server that distributes it: by WHIP, or into a room of Janus",
        description="Send a running avatar to a server that takes WHIP, or into a room of Janus' VideoRoom.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("avatar", help="its name on http://127.0.0.1:8080/, or the address of it or its page")
    parser.add_argument("target", help="a WHIP endpoint (https://…), or the WebSocket of a Janus (wss://…)")
    parser.add_argument("--target-token", metavar="KEY", help="bearer token, or stream key, of the target")
    parser.add_argument("--room", help="of a Janus: its number, or its name")
    parser.add_argument("--pin", help="of that room")
    parser.add_argument("--display", help="the avatar's name in that room (default: its character's)")
    parser.add_argument(
        "--video",
        choices=("alpha", "matte"),
        default="matte",
        help="default: %(default)s; alpha is for own pages",
    )
    parser.add_argument(
        "--token", help="bearer token with the scope control, if the avatar's server wants one"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Publish; 0 if it was ended here or by the target, 1 if it failed."""
    with contextlib.suppress(KeyboardInterrupt):  # the usual way to end it; the server was told
        return asyncio.run(_publish(args))
    return 0


async def _publish(args: argparse.Namespace) -> int:
    from avatar_rtc.client.calls import published

    url = args.avatar if "://" in args.avatar else f"http://127.0.0.1:8080/view/{args.avatar}"
    call: dict[str, Any] = {}
    async with published(url, _target(args), args.token) as told:
        async for call in told():
            why = f": {call['detail']}" if call["detail"] else ""
            print(f"{call['to']} is {_WORDS.get(call['state'], call['state'])}{why}", flush=True)
    return 1 if call["state"] == "failed" else 0


def _target(args: argparse.Namespace) -> dict[str, Any]:
    """As the body of `POST …/publish`."""
    token = args.target_token or os.environ.get(TARGET_TOKEN_VARIABLE)
    wanted: dict[str, Any] = {"token": token, "video": args.video, "pin": args.pin, "display": args.display}
    if args.target.partition("://")[0].lower() in ("ws", "wss"):
        room = args.room
        wanted |= {"janus": args.target, "room": int(room) if room and room.isdecimal() else room}
    else:
        wanted |= {"url": args.target, "room": args.room}
    return {name: value for name, value in wanted.items() if value is not None}
