"""`avatar-rtc voices`: what can be spoken with, and fetching what a good voice needs."""

import argparse
from pathlib import Path
from typing import Any

_EPILOG = """examples:
  avatar-rtc voices
  avatar-rtc voices --config avatar.toml          with the speech servers of a configuration
  avatar-rtc voices fetch                         the Kokoro model, 354 MB, once
  avatar-rtc voices fetch --precision int8        142 MB, and less clear
  avatar-rtc voices fetch --from FOLDER           no network needed

The model goes to the user's cache folder; the environment variable AVATAR_RTC_CACHE names another one.
Give a request the name of a voice, or "engine:voice".
"""


def add(subparsers: Any) -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "voices",
        help="list the voices there are; fetch the Kokoro model",
        description="List the voices of all speech engines, or fetch the model of the good one, Kokoro.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", nargs="?", choices=("list", "fetch"), default="list", help="default: list")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the TOML file of `avatar-rtc serve`")
    parser.add_argument(
        "--precision",
        choices=("float32", "float16", "int8"),
        default="float32",
        help="of the model to fetch (default: %(default)s)",
    )
    parser.add_argument(
        "--from", dest="source", type=Path, metavar="FOLDER", help="take the files from here, not from GitHub"
    )
    parser.add_argument("--again", action="store_true", help="fetch even if it is there already")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List or fetch; 1 if nothing here can speak.

    Raises:
        InputError: the configuration is wrong.
        SetupError: the model cannot be fetched.
    """
    return fetch_voices(args) if args.action == "fetch" else show(args)


def show(args: argparse.Namespace) -> int:
    """Print all voices as a table, and below it what is away."""
    import asyncio

    from rich.console import Console
    from rich.table import Table

    from avatar_rtc.config import load_config
    from avatar_rtc.speech.languages.scripts import scripts_of
    from avatar_rtc.speech.spoken import Voice
    from avatar_rtc.speech.voices.engines import create_engines

    config = load_config(args.config, insecure=True).speech  # nothing is served

    async def ask() -> tuple[list[Voice], dict[str, str]]:
        engines = create_engines(config)
        try:
            return await engines.voices(), dict(engines.away)
        finally:
            await engines.close()

    voices, away = asyncio.run(ask())
    table = Table("engine", "voice", "language", "letters")
    for voice in voices:
        letters = ", ".join(script.capitalize() for script in scripts_of(voice.language))
        table.add_row(voice.engine, voice.name, voice.language, letters)
    console = Console()
    if voices:
        console.print(table)
    for name, why in away.items():
        console.print(f"{name}: {why}", style="yellow", markup=False, soft_wrap=True)
    return 0 if voices else 1


def fetch_voices(args: argparse.Namespace) -> int:
    """Bring the Kokoro model under a progress bar."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from avatar_rtc.speech.voices.kokoro import absence
    from avatar_rtc.speech.voices.kokoro_files import (
        MODELS,
        RELEASE_URL,
        VOICES_FILE,
        fetch_missing,
        kokoro_folder,
    )

    console, folder = Console(stderr=True), kokoro_folder()
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    with Progress(*columns, console=console) as bar:
        tasks = {
            file.name: bar.add_task(file.name, total=file.size)
            for file in (MODELS[args.precision], VOICES_FILE)
        }
        fetch_missing(
            (MODELS[args.precision], VOICES_FILE),
            folder,
            args.source or RELEASE_URL,
            again=args.again,
            progress=lambda name, done, total: bar.update(tasks[name], completed=done, total=total),
        )
    console.print(f"Kokoro model: {folder}", soft_wrap=True, markup=False)
    if why := absence(folder):
        console.print(why, style="yellow", soft_wrap=True, markup=False)
    return 0
