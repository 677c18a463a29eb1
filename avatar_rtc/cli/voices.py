"""`avatar-rtc voices`: what can be spoken with, and fetching what a good voice needs."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from avatar_rtc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from avatar_rtc.fetching import ModelFile

_EPILOG = """examples:
  avatar-rtc voices
  avatar-rtc voices --config avatar.toml          with the speech servers of a configuration
  avatar-rtc voices fetch                         the Kokoro model, 354 MB, once
  avatar-rtc voices fetch --precision int8        142 MB, and less clear
  avatar-rtc voices fetch --from FOLDER           no network needed
  avatar-rtc voices fetch hibari:fenrir           a man's voice for hibari, 8 MB; emma, fable and kore, too

A model goes to the user's cache folder; the environment variable AVATAR_RTC_CACHE names another one.
Give a request the name of a voice, or "engine:voice".
"""


def add(subparsers: Any) -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "voices",
        help="list the voices there are; fetch more of them",
        description="List the voices of all speech engines, or fetch Kokoro's model or a voice of hibari.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", nargs="?", choices=("list", "fetch"), default="list", help="default: list")
    parser.add_argument(
        "names", nargs="*", metavar="VOICE", help='to fetch, as "hibari:fenrir" (default: the Kokoro model)'
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="the TOML file of `avatar-rtc serve`")
    parser.add_argument(
        "--precision",
        choices=("float32", "float16", "int8"),
        default="float32",
        help="of the model to fetch (default: %(default)s)",
    )
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="FOLDER",
        help="take the files from here, not from the network",
    )
    parser.add_argument("--again", action="store_true", help="fetch even if it is there already")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List or fetch; 1 if nothing here can speak.

    Raises:
        InputError: the configuration is wrong.
        SetupError: the model cannot be fetched.
    """
    if args.action == "fetch":
        return fetch_hibari(args) if args.names else fetch_voices(args)
    if args.names:
        raise InputError(f"to list takes no voice, as {args.names[0]!r}; fetch does")
    return show(args)


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


def fetch_hibari(args: argparse.Namespace) -> int:
    """Bring voices of hibari by their names."""
    from avatar_rtc.speech.voices.hibari_files import VOICES_URL, hibari_folder, voice_file
    from avatar_rtc.speech.voices.kokoro_files import fetch_missing

    files = [voice_file(name.removeprefix("hibari:")) for name in args.names]
    folder = hibari_folder()
    with _Progress(files) as progress:
        fetch_missing(files, folder, args.source or VOICES_URL, again=args.again, progress=progress.told)
    progress.console.print(f"Voices of hibari: {folder}", soft_wrap=True, markup=False)
    return 0


def fetch_voices(args: argparse.Namespace) -> int:
    """Bring the Kokoro model under a progress bar."""
    from avatar_rtc.speech.voices.kokoro import absence
    from avatar_rtc.speech.voices.kokoro_files import (
        MODELS,
        RELEASE_URL,
        VOICES_FILE,
        fetch_missing,
        kokoro_folder,
    )

    files, folder = (MODELS[args.precision], VOICES_FILE), kokoro_folder()
    with _Progress(files) as progress:
        fetch_missing(files, folder, args.source or RELEASE_URL, again=args.again, progress=progress.told)
    progress.console.print(f"Kokoro model: {folder}", soft_wrap=True, markup=False)
    if why := absence(folder):
        progress.console.print(why, style="yellow", soft_wrap=True, markup=False)
    return 0


class _Progress:
    """A bar for each of some files."""

    def __init__(self, files: "Iterable[ModelFile]") -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
        self.console = Console(stderr=True)
        self._bar = Progress(*columns, console=self.console)
        self._tasks = {file.name: self._bar.add_task(file.name, total=file.size) for file in files}

    def told(self, name: str, done: int, total: int) -> None:
        """So many bytes of a file are here."""
        self._bar.update(self._tasks[name], completed=done, total=total)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
