"""`avatar-rtc render --script …`, `--say …`, `--performance …`: films with sound."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar_rtc.cli import render_clip
from avatar_rtc.cli.background import cause, end_with_input, step_back
from avatar_rtc.cli.device import chosen_device
from avatar_rtc.cli.film_inputs import FROM_TEXT, beginning, paragraphs_for
from avatar_rtc.cli.own_store import own_store
from avatar_rtc.cli.picture_size import picture_size
from avatar_rtc.errors import InputError, OutOfRange, UnknownName
from avatar_rtc.filters_schema.anime4k_files import use_folder

if TYPE_CHECKING:
    from avatar_rtc.characters.character import Character
    from avatar_rtc.config import Config
    from avatar_rtc.config_sections import SpeechConfig
    from avatar_rtc.config_words import Disclosure
    from avatar_rtc.film.performance import Happening
    from avatar_rtc.film.plays import Play
    from avatar_rtc.film.reading_out import VoiceWish
    from avatar_rtc.film.shooting import FilmMade, FilmOptions, OnFrame
    from avatar_rtc.film.stage import FilmStage, Role
    from avatar_rtc.provenance.marking import Marker

    Bar = Callable[[str], AbstractContextManager[OnFrame]]
    Prepared = tuple[FilmStage, Play, FilmOptions]

_FPS = 25.0
SUBTITLES = ("none", "beside", "inside", "burnt")
_TOLD_EVERY_S = 0.5


def add_film_arguments(parser: argparse.ArgumentParser) -> None:
    """What a film takes beside what a clip does."""
    film = parser.add_argument_group("an avatar that speaks, with sound and lips")
    film.add_argument("--say", metavar="TEXT", help="one line to be said")
    film.add_argument("--script", metavar="FILE", help="a text to be said; - is stdin; see below")
    film.add_argument(
        "--performance", type=Path, metavar="FILE", help="a live session that was kept (.avatar.jsonl)"
    )
    film.add_argument("--voice", metavar="NAME", help="as `avatar-rtc voices` lists them")
    film.add_argument("--speed", type=float, metavar="N", help="0.5..2 (default: what is configured)")
    film.add_argument("--subtitles", choices=SUBTITLES, default="none", help="default: none; see below")
    film.add_argument("--font", type=Path, metavar="FILE", help="of burnt subtitles")
    film.add_argument("--config", type=Path, metavar="FILE", help="the TOML file of `avatar-rtc serve`")
    film.add_argument("--state", type=Path, metavar="FILE", help="a JSON list of messages to begin with")
    film.add_argument("--opaque", action="store_true", help="webm with what stands behind the avatar, too")
    film.add_argument("--background", action="store_true", help="lowest priority; progress as JSON lines")
    film.add_argument("--end-with-input", action="store_true", help="end when stdin does")


def is_film(args: argparse.Namespace) -> bool:
    """Whether something is said or played."""
    return any(getattr(args, name) is not None for name in ("say", "script", "performance"))


def run(args: argparse.Namespace) -> int:
    """Film it.

    Raises:
        InputError: the script, a name, a number or a path will not do.
        SetupError: there is no voice or no weights here, or the file cannot be written.
        EngineFailed: a voice fails.
    """
    if args.end_with_input:
        end_with_input()
    if not args.background:
        made = _film(args, _shown_bar)
        return _told(made)
    step_back()
    try:
        made = _film(args, _json_lines)
    except (Exception, KeyboardInterrupt) as error:
        print(json.dumps({"failed": cause(error, args.character or "")}), flush=True)
        raise
    about = {"frames": made.frames, "width": made.size[0], "height": made.size[1], "seconds": made.seconds}
    print(json.dumps({"done": str(made.path), **about, "notes": made.notes}), flush=True)
    return 0


def _film(args: argparse.Namespace, bar: "Bar") -> "FilmMade":
    _check_numbers(args)
    from avatar_rtc.film.shooting import shoot

    with ExitStack() as stack:
        prepare = _script_played if args.performance is None else performance_played
        stage, play, options = prepare(args, stack)
        render_clip.make_folder(args.out.parent)
        show = stack.enter_context(bar(args.out.name))
        return shoot(stage, play, args.out, options, show)


def _script_played(args: argparse.Namespace, stack: ExitStack) -> "Prepared":
    """The stage and the play of a script."""
    from avatar_rtc.film.ahead import Ahead
    from avatar_rtc.film.plays import ScriptPlay
    from avatar_rtc.film.reading_out import read_out

    options = film_options(args, _FPS, 0)
    paragraphs, told, config = paragraphs_for(args), beginning(args), config_of(args).speech
    if args.character is None:
        raise InputError("--character is missing: whose film is it?")
    character = load_character(args, args.character)
    wish = _wish(args, config, character)
    # It speaks the first sentences while the weights are loaded.
    parts = stack.enter_context(Ahead(lambda: read_out(config, paragraphs, wish)))
    stage = film_stage(args, character, options)
    for message in told:
        stage.tell(message)
    return stage, ScriptPlay(stage, parts), options


def performance_played(args: argparse.Namespace, stack: ExitStack) -> "Prepared":
    """The stage and the play of a performance; what flags name wins over what the file tells."""
    from avatar_rtc.film.ahead import Ahead
    from avatar_rtc.film.performance import read_performance
    from avatar_rtc.film.plays import PerformancePlay
    from avatar_rtc.film.reading_out import VoiceWish
    from avatar_rtc.film.revoiced import revoiced

    if args.emotion is not None:
        raise InputError("a performance has its own emotions; leave out --emotion")
    if args.speed is not None and args.voice is None:
        raise InputError("--speed is of another --voice; what was said keeps its own")
    played = read_performance(args.performance)
    header, told = played.header, beginning(args)
    options = film_options(args, header.fps, header.seed)
    character = load_character(args, args.character or header.character)
    first = round(header.begun * float(options.fps)) / float(options.fps)
    stage = film_stage(args, character, options, first)
    ours = frozenset(type(message) for message in told)
    for message in (*(each for each in played.state if type(each) not in ours), *told):
        stage.tell(message)
    happenings: Iterator[tuple[float, Happening]] = (
        (t, what) for t, what in played.happenings() if type(what) not in ours
    )
    if args.voice is not None:
        config = config_of(args).speech
        wish = VoiceWish(args.voice, character.voice, args.speed or config.speed)
        parts = stack.enter_context(Ahead(lambda: revoiced(config, happenings, wish)))
        happenings = parts

    def role(name: str) -> "Role | None":
        return None if args.character else role_of(args, load_character(args, name), _console())

    return stage, PerformancePlay(stage, happenings, header.begun, played.seconds, role), options


def _check_numbers(args: argparse.Namespace) -> None:
    given = [name for name in ("say", "script", "performance") if getattr(args, name) is not None]
    if len(given) > 1:
        raise InputError(f"give --{given[0]} or --{given[1]}, not both")
    if args.seconds is not None:
        raise InputError("a film is as long as what is said in it; leave out --seconds")
    render_clip.check_numbers(args)
    if args.speed is not None and not 0.5 <= args.speed <= 2:
        raise OutOfRange("--speed", args.speed, 0.5, 2)
    if args.font is not None and args.subtitles != "burnt":
        raise InputError("--font is of burnt subtitles; add --subtitles burnt")


def film_options(args: argparse.Namespace, fps: float, seed: int) -> "FilmOptions":
    """What the film is to be.

    Args:
        fps, seed: if the flags name none.

    Raises:
        InputError: the path or the font will not do.
    """
    from avatar_rtc.characters.fonts import font_at
    from avatar_rtc.characters.store import own_folder
    from avatar_rtc.film.shooting import FilmOptions, check_options
    from avatar_rtc.provenance.marking import create_marker

    if args.font is not None:
        font_at(args.font, 16)
    opaque = args.out.suffix.lower() == ".mp4" or args.backdrop is not None or args.opaque
    rate = Fraction(fps if args.fps is None else args.fps).limit_denominator(1001)
    seed = seed if args.seed is None else args.seed
    config = config_of(args)
    folder = own_folder(config.data_dir).parent
    marker = create_marker(_disclosure(args), folder, config.disclosure_cert, config.disclosure_key)
    # In the background the server signs, where it keeps the file.
    finish = None if args.background else partial(_sign, marker)
    options = FilmOptions(rate, seed, args.subtitles, args.font, opaque, marker.comment)
    options = options if finish is None else replace(options, finish=finish)
    check_options(args.out, options)
    return options


def _disclosure(args: argparse.Namespace) -> "Disclosure":
    found: Disclosure = args.disclosure or config_of(args).disclosure
    return found


def _sign(marker: "Marker", part: Path) -> None:
    kind = part.name.removesuffix(".part").rpartition(".")[2].lower()
    marker.mark_file(part, f"video/{kind}", "figure")


def config_of(args: argparse.Namespace) -> "Config":
    """What is configured, of which nothing is served."""
    from avatar_rtc.config import load_config

    return load_config(args.config, insecure=True)


def _wish(args: argparse.Namespace, config: "SpeechConfig", character: "Character") -> "VoiceWish":
    from avatar_rtc.film.reading_out import VoiceWish

    emotion = FROM_TEXT if args.emotion == FROM_TEXT else None
    return VoiceWish(args.voice or "", character.voice, args.speed or config.speed, emotion)


def load_character(args: argparse.Namespace, name: str) -> "Character":
    """A stored one by its name, or one by its path.

    Raises:
        InputError: there is none.
    """
    store = own_store(config_of(args))
    return store.load_any_character(name)


def film_stage(
    args: argparse.Namespace, character: "Character", options: "FilmOptions", begun: float = 0.0
) -> "FilmStage":
    """The character on its stage, from media time `begun` on."""
    from avatar_rtc.animation.emotions import load_emotions
    from avatar_rtc.characters.store import own_folder
    from avatar_rtc.face.emotions import ZERO, emotion_id
    from avatar_rtc.face.gestures import load_gestures
    from avatar_rtc.film.stage import FilmStage
    from avatar_rtc.filters_schema.backdrops import Backdrops
    from avatar_rtc.filters_schema.label import forced_label
    from avatar_rtc.resources import resource

    emotions = load_emotions(resource("assets", "emotions"))
    if args.emotion not in (None, FROM_TEXT):
        known = {**emotions, **character.own_emotions, ZERO.name: ZERO}
        if emotion_id(args.emotion) not in known:
            raise UnknownName("emotion", args.emotion, known)
    if args.anime4k is not None:
        use_folder(args.anime4k)
    role = role_of(args, character, _console())
    size = picture_size(args.size)
    return FilmStage(
        role,
        emotions,
        float(options.fps),
        options.seed,
        size.frame,
        begun,
        options.opaque,
        Backdrops(own_folder(config_of(args).data_dir).with_name("backdrops")),
        forced_label(_disclosure(args)),
        load_gestures(resource("assets", "gestures")),
        size.side,
    )


def _console() -> Any:
    from rich.console import Console

    return Console(stderr=True)


def role_of(args: argparse.Namespace, character: "Character", console: Any) -> "Role":
    """The character with what moves its picture; weights are fetched first if they are not here."""
    from avatar_rtc.cli.weights import fetch_weights
    from avatar_rtc.film.stage import Role
    from avatar_rtc.render.animators import Animators, limit_threads, resolve
    from avatar_rtc.render.tha3.weights_files import weights_ready

    device = chosen_device(args.device, console)
    name = resolve(args.animator, device, character.student is not None)
    if name == "tha3" and not weights_ready():
        fetch_weights(None, None, console)
    limit_threads()  # the file is written on another core
    animator, _ = Animators(device).get(name, character.student, character.rgba)
    return Role(character, animator)


@contextmanager
def _shown_bar(name: str) -> "Iterator[OnFrame]":
    """A bar with what is done, how quickly, and the time left."""
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()
    with Bar(
        *columns, TextColumn("{task.fields[left]}"), console=console, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(name, total=1.0, left="")
        begun = time.monotonic()

        def show(number: int, share: float) -> None:
            left = seconds_left(time.monotonic() - begun, share)
            bar.update(task, completed=share, left="" if left is None else f"{left:.0f} s left")

        yield show


@contextmanager
def _json_lines(name: str) -> "Iterator[OnFrame]":
    """Lines of JSON, two a second at most."""
    begun = said = time.monotonic()

    def show(number: int, share: float) -> None:
        nonlocal said
        if (now := time.monotonic()) - said > _TOLD_EVERY_S:
            said, left = now, seconds_left(now - begun, share)
            about = {"frames": number, "share": round(share, 4), "seconds_left": left and round(left)}
            print(json.dumps(about), flush=True)

    yield show


def seconds_left(spent: float, share: float) -> float | None:
    """How long the rest takes if it goes on as before; None while too little is known.

    >>> seconds_left(10.0, 0.25), seconds_left(0.5, 0.5)
    (30.0, None)
    """
    return spent * (1 - share) / share if spent > 1 and share > 0.01 else None


def _told(made: "FilmMade") -> int:
    for note in made.notes:
        print(f"avatar-rtc: {note}", file=sys.stderr)
    return 0
