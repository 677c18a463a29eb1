"""`avatar-rtc trackers`: which face trackers a server hears, and how one of them is calibrated."""

import argparse
import asyncio
import json
from typing import Any

from avatar_rtc.errors import InputError

_EPILOG = """examples:
  avatar-rtc trackers                       which are on, and whether a face comes from them
  avatar-rtc trackers calibrate vmc         look where it says, and press Enter
  avatar-rtc trackers forget vmc            read its angles as they are sent

They are switched on in the settings, under [trackers].
"""
_ASKED = {
    "straight": "Look straight ahead, and hold still",
    "left": "Turn your head to your own left",
    "up": "Look straight again, then up",
    "lean": "Look straight again, then lean your head to your left shoulder",
}


def add(subparsers: Any) -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "trackers",
        help="face trackers by UDP (VMC, phones, OpenSeeFace): list and calibrate them",
        description="List the face trackers that a server hears, or calibrate one.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("do", nargs="?", choices=("list", "calibrate", "forget"), default="list")
    parser.add_argument("tracker", nargs="?", help="vmc, ifacialmocap, vts_phone or openseeface")
    parser.add_argument("--url", default="http://127.0.0.1:8080/", help="the server (default: %(default)s)")
    parser.add_argument("--token", help="bearer token with the scope admin, if the server wants one")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List, calibrate or forget; 1 if none is on."""
    if args.do != "list" and not args.tracker:
        raise InputError(f"which one? Such as: avatar-rtc trackers {args.do} vmc")
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    from avatar_rtc.client.http import Http

    http, home = Http(args.token, 10.0), f"{args.url.rstrip('/')}/api/v1/trackers"
    calibration = f"{home}/{args.tracker}/calibration"
    subject = ("tracker that is on", str(args.tracker))
    headers = {"Content-Type": "application/json"}
    try:
        if args.do == "list":
            return _show((await http.ask("GET", home, ("server", args.url))).json()["trackers"])
        if args.do == "forget":
            await http.ask("DELETE", calibration, subject)
            print(f"{args.tracker}: its angles are read as they are sent")
            return 0
        for step, asked in _ASKED.items():
            await asyncio.to_thread(_wait_for_enter, f"{asked}, then press Enter ")
            await http.ask("POST", calibration, subject, headers=headers, body=json.dumps({"step": step}))
        print(f"{args.tracker} is calibrated")
        return 0
    finally:
        await http.close()


def _wait_for_enter(asked: str) -> None:
    try:
        input(asked)
    except EOFError:
        raise InputError("a calibration asks for Enter at each step: run it in a terminal") from None


def _show(trackers: list[dict[str, Any]]) -> int:
    if not trackers:
        print("none is on; switch one on in the settings, such as: [trackers] vmc = 39539")
        return 1
    for each in trackers:
        seen = f"a face comes from {each['sender']}" if each["heard"] else "no face comes"
        calibrated = ", calibrated" if each["calibrated"] else ""
        print(f"{each['tracker']:<13} UDP {each['port']:<6} {seen}{calibrated}")
    return 0
