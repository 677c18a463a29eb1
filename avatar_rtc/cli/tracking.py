"""`avatar-rtc tracking`: fetch the face tracker that pages run in the browser, once."""

import argparse
from pathlib import Path
from typing import Any

from avatar_rtc.errors import InputError

_EPILOG = """examples:
  avatar-rtc tracking
  avatar-rtc tracking --from face_mesh-0.4.1633559619.tgz    no network needed
  avatar-rtc tracking --from package                         a folder with what is in it
  avatar-rtc tracking --from https://mirror.example.org/face_mesh

They go to the user's cache folder; the environment variable AVATAR_RTC_CACHE names another one.
A server that runs already finds them there. Then open http://127.0.0.1:8080/track.html.
"""


def add(subparsers: Any) -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "tracking",
        help="fetch the face tracker of the page /track.html",
        description=(
            "Fetch the face tracker of the page /track.html (7.3 MB, the npm package @mediapipe/face_mesh, "
            "Apache-2.0), check it, and keep it. It runs in the browser; no picture leaves that."
        ),
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--from",
        dest="source",
        metavar="FILE|FOLDER|URL",
        help="the tarball, a folder with what is in it, or an address below which the tarball lies",
    )
    parser.add_argument("--again", action="store_true", help="even if it is there already")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Fetch the tracker unless it is there.

    Raises:
        InputError: `--from` names nothing.
        SetupError: no network, a broken file, disk full.
    """
    from rich.console import Console

    from avatar_rtc.server.http.tracking_files import tracking_folder, tracking_missing

    console = Console(stderr=True)
    source = _source(args.source)
    folder = tracking_folder()
    if source is not None or args.again or tracking_missing(folder):
        folder = _fetch(source, console)
    console.print(f"Face tracker: {folder}", soft_wrap=True, markup=False)
    return 0


def _source(named: str | None) -> str | Path | None:
    """What `--from` names: an address as it stands, else a place on this machine."""
    if named is None:
        return None
    if named.startswith(("http://", "https://")):
        return named.rstrip("/")
    path = Path(named)
    if not path.exists():
        raise InputError(
            f"there is no {named}; --from wants the tarball, a folder with what is in it, or an http address"
        )
    return path


def _fetch(source: str | Path | None, console: Any) -> Path:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from avatar_rtc.server.http.tracking_files import TARBALL, TARBALL_URL, install_tracking

    columns = TextColumn("Face tracker"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=TARBALL.size)
        return install_tracking(
            source or TARBALL_URL,
            progress=lambda _, done, total: bar.update(task, completed=done, total=total),
        )
