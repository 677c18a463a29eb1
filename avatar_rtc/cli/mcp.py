"""`avatar-rtc mcp`: a face for coding agents and chat programs, by the Model Context Protocol."""

import argparse
import asyncio
import os
from importlib.util import find_spec
from typing import Any

from avatar_rtc.errors import SetupError

_EPILOG = """examples:
  avatar-rtc mcp
  avatar-rtc mcp --url http://127.0.0.1:8080 --avatar main

It is started by the program whose model gets the face, and talks with it by its standard input and output.
A token for the scope control is better put into AVATAR_RTC_TOKEN than on the command line, which others see.
"""
TOKEN_VARIABLE = "AVATAR_RTC_TOKEN"


def add(subparsers: Any) -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "mcp",
        help="give a coding agent a face: tools over its standard streams",
        description="Offer a server's avatars as tools of the Model Context Protocol, over standard streams.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--url", default="http://127.0.0.1:8080/", help="of the server (default: %(default)s)"
    )
    parser.add_argument("--token", help=f"bearer token for `control` (default: {TOKEN_VARIABLE})")
    parser.add_argument("--avatar", default="", metavar="NAME", help="default: the only one, or main")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until the other program ends.

    Raises:
        InputError: the URL will not do.
        SetupError: the extra is not installed.
    """
    if find_spec("mcp") is None:
        raise SetupError("avatar-rtc mcp is an extra: pip install 'avatar-rtc[mcp]'")
    asyncio.run(_serve(args))
    return 0


async def _serve(args: argparse.Namespace) -> None:
    from avatar_rtc.client.http_faces import HttpFaces
    from avatar_rtc.mcp.serving import create_mcp

    async with HttpFaces(args.url, args.token or os.environ.get(TOKEN_VARIABLE)) as faces:
        await create_mcp(lambda _: faces, args.avatar).run_stdio_async()
