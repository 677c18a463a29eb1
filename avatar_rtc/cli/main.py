"""`avatar-rtc`: the subcommands, and the one place where errors become exit codes.

0 done, 1 the answer is no or this machine lacks something, 2 bad input or use.
"""

import argparse
import sys
from collections.abc import Sequence

from avatar_rtc.cli import (
    bench,
    camera,
    check,
    distill,
    mcp,
    publish,
    record,
    render,
    serve,
    sprites,
    talk,
    token,
    trackers,
    tracking,
    turn,
    voices,
    vts,
    watch,
    weights,
)
from avatar_rtc.cli.device import shortage
from avatar_rtc.errors import AvatarRtcError, InputError, NotFound, Refused
from avatar_rtc.version import __version__

COMMANDS = (
    serve, token, turn, render, sprites, watch, talk, record, mcp, distill, check, weights, voices,
    tracking, trackers, vts, camera, bench,
    publish,
)  # fmt: skip
"""Each has `add(subparsers)`; whatever is heavy is imported only when its command runs."""


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="avatar-rtc", description="Live anime avatars over WebRTC, from one PNG."
    )
    parser.add_argument("--version", action="version", version=f"avatar-rtc {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; errors of ours become one line on stderr, never a traceback."""
    args = build_parser().parse_args(argv)
    try:
        code: int = args.run(args)
    except (InputError, NotFound, Refused) as error:
        print(f"avatar-rtc: {error}", file=sys.stderr)
        return 2
    except AvatarRtcError as error:
        print(f"avatar-rtc: {error}", file=sys.stderr)
        return 1
    except Exception as error:
        if not (said := shortage(error)):
            raise
        print(f"avatar-rtc: {said}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return code
