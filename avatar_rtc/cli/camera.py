"""`avatar-rtc camera`: an avatar as this machine's camera, for calls and programs that know no URL."""

import argparse
import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from avatar_rtc.client.camera import CameraDevice

_EPILOG = """examples:
  avatar-rtc camera
  avatar-rtc camera http://127.0.0.1:8080/view/guide --size 1920x1080
  avatar-rtc camera --sound "CABLE Input"     its voice into a virtual cable, which is the call's microphone

Linux needs v4l2loopback, macOS and Windows OBS Studio: each brings the camera that this fills.
"""


def add(subparsers: Any) -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "camera",
        help="the avatar as this machine's camera, for calls",
        description="Show an avatar as a camera of this machine, until Ctrl-C.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "url",
        nargs="?",
        default="http://127.0.0.1:8080/",
        help="server, avatar or page (default: %(default)s)",
    )
    parser.add_argument("--size", default="1280x720", help="of the camera in px (default: %(default)s)")
    parser.add_argument("--fps", type=float, default=30.0, help="of the camera (default: %(default)s)")
    parser.add_argument("--device", metavar="NAME", help="which camera (default: the first that is free)")
    parser.add_argument(
        "--sound", metavar="NAME", help='also play its voice at this output; "default" is the system\'s'
    )
    parser.add_argument("--token", help="bearer token, if the server wants one")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show it until Ctrl-C."""
    from avatar_rtc.client.camera import camera_size, open_camera

    size = camera_size(args.size)
    camera = open_camera(size, args.fps, args.device)
    print(f"the avatar is the camera {camera.device}  (Ctrl-C ends)", flush=True)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_show(args, camera, size))
    finally:
        camera.close()
    return 0


async def _show(args: argparse.Namespace, camera: "CameraDevice", size: tuple[int, int]) -> None:
    from avatar_rtc.client.again import reconnecting
    from avatar_rtc.client.camera import play_sound, show_on_camera
    from avatar_rtc.errors import SetupError, Unreachable

    viewers = reconnecting(args.url, video="matte", audio=bool(args.sound), token=args.token)
    async with contextlib.aclosing(viewers):
        async for avatar in viewers:
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(show_on_camera(avatar, camera, size))
                    if args.sound:
                        tasks.create_task(play_sound(avatar, args.sound))
            except* Unreachable:
                print("the connection is lost; the camera shows the last picture until it is back")
            except* SetupError as errors:
                raise errors.exceptions[0] from None
