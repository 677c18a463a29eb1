"""`avatar-rtc vts`: which plugins of VTube Studio may drive the avatar of a running server."""

import argparse
import asyncio
import datetime
import os
from typing import TYPE_CHECKING, Any

from avatar_rtc.errors import InputError

if TYPE_CHECKING:
    from avatar_rtc.client.server import Server

_EPILOG = """examples:
  avatar-rtc vts                     the plugins that are allowed, and the one that asks
  avatar-rtc vts allow               allow the one that asks
  avatar-rtc vts deny
  avatar-rtc vts revoke "Mouse Tracker"      take all of its tokens back

Plugins connect where `[vts] enabled = true` stands in the settings of the server. Where the server wants
tokens, this takes one of the scope admin, which is better put into AVATAR_RTC_TOKEN than on the command line.
"""


def add(subparsers: Any) -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "vts",
        help="allow plugins of VTube Studio, and take that back",
        description="List the plugins of VTube Studio that may drive an avatar; allow, deny and revoke.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "action", nargs="?", choices=("list", "allow", "deny", "revoke"), default="list", help="default: list"
    )
    parser.add_argument(
        "plugin", nargs="?", default="", help="to revoke, its name or the beginning of its id"
    )
    parser.add_argument(
        "--url", default="http://127.0.0.1:8080/", help="of the server (default: %(default)s)"
    )
    parser.add_argument("--token", help="bearer token of the scope admin (default: AVATAR_RTC_TOKEN)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List, answer or revoke; 1 if nobody asks.

    Raises:
        InputError: there is no such plugin, or too many are named so.
        Unreachable, Refused: as the server says.
    """
    if bool(args.plugin) != (args.action == "revoke"):
        wanted = "the name of a plugin" if args.action == "revoke" else "no plugin"
        raise InputError(f"avatar-rtc vts {args.action} takes {wanted}")
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    from avatar_rtc.cli.mcp import TOKEN_VARIABLE
    from avatar_rtc.client.server import Server

    async with Server(args.url, args.token or os.environ.get(TOKEN_VARIABLE)) as server:
        told = await server.plugins()
        match args.action:
            case "list":
                _show(told)
                return 0
            case "revoke":
                return await _revoke(server, told["plugins"], args.plugin)
            case action:
                return await _answer(server, told["asking"], action == "allow")


async def _answer(server: "Server", asking: dict[str, str] | None, allow: bool) -> int:
    if asking is None:
        print("no plugin asks")
        return 1
    await server.answer_plugin(asking["id"], allow)
    print(f"{_called(asking)} is {'allowed' if allow else 'denied'}")
    return 0


async def _revoke(server: "Server", plugins: list[dict[str, Any]], wanted: str) -> int:
    found = [each for each in plugins if each["name"] == wanted or each["id"].startswith(wanted)]
    if len(found) != 1:
        why = "no plugin is" if not found else "several plugins are"
        raise InputError(f"{why} called {wanted!r:.80}; `avatar-rtc vts` lists their ids")
    await server.revoke_plugin(found[0]["id"])
    print(f"{_called(found[0])} is allowed no more")
    return 0


def _show(told: dict[str, Any]) -> None:
    port = told["port"]
    print(f"plugins connect on port {port}" if port else "the door for plugins is closed: see [vts] enabled")
    for each in told["plugins"]:
        day = datetime.datetime.fromtimestamp(each["since"]).strftime("%Y-%m-%d")
        print(f"  {each['id'][:8]}  {day}  {_called(each)}")
    if (asking := told["asking"]) is not None:
        page = f", a page of {asking['origin']!r}" if asking["origin"] else ""
        print(f"{_called(asking)}{page} asks to be allowed: avatar-rtc vts allow, or deny")


def _called(plugin: dict[str, Any]) -> str:
    """What it calls itself, which is anything; checked to be printable when it asked."""
    return f"{plugin['name']!r} of {plugin['developer']!r}"
