"""How fast films are made: seconds of film for a second of work, by the shipped student on this machine."""

import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.bench.measurement import Measurement, at_least, skipped, told
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.config_sections import SpeechConfig
from avatar_rtc.film.ahead import Ahead
from avatar_rtc.film.plays import ScriptPlay
from avatar_rtc.film.reading_out import SpokenPart, VoiceWish, read_out
from avatar_rtc.film.shooting import FilmMade, FilmOptions, shoot
from avatar_rtc.film.stage import FilmStage, Role
from avatar_rtc.render.animators import limit_threads
from avatar_rtc.render.student.animator import create_student
from avatar_rtc.render.student.file import read_student
from avatar_rtc.resources import resource
from avatar_rtc.speech.paragraphs import paragraphs_of

FILM_SPEED = 1.0
_SENTENCE = "[joy] This is a sentence of a film, and it is as long as most of them are. "
_FPS = Fraction(25)


def measure(quick: bool) -> list[Measurement]:
    """Speed at 512 px, as mp4 and as webm with transparency; nothing else may run beside it."""
    character = CharacterStore(resource("assets", "characters"), Path()).load_character("liora")
    if character.student is None:
        return [skipped("film", "Liora has no student here; make students")]
    limit_threads()
    role = Role(character, create_student(read_student(character.student)))
    found = []
    for kind, count in (("mp4", 1 if quick else 12), ("webm", 1 if quick else 6)):
        made, seconds, cpu_s = _film(role, kind, count)
        figure = at_least if kind == "mp4" else None
        what = f"{kind}: seconds of film for a second of work, Liora's student, 512 px, 25 fps"
        detail = {"frames": made.frames, "film_s": round(made.seconds, 1), "cpu_s": round(cpu_s, 1)}
        speed = made.seconds / seconds
        found.append(
            figure(what, speed, "x", FILM_SPEED, **detail) if figure else told(what, speed, "x", **detail)
        )
    return found


def _film(role: Role, kind: str, sentences: int) -> tuple[FilmMade, float, float]:
    """A film of so many sentences, the seconds it took, and those of all cores together."""
    options = FilmOptions(_FPS, opaque=kind == "mp4")
    paragraphs = paragraphs_of(_SENTENCE * sentences)
    emotions = load_emotions(resource("assets", "emotions"))
    stage = FilmStage(role, emotions, float(_FPS), size=(512, 512), opaque=options.opaque)
    with (
        tempfile.TemporaryDirectory() as folder,
        Ahead(lambda: read_out(SpeechConfig(), paragraphs, VoiceWish())) as parts,
    ):
        first = next(parts)  # engines load their files once, however long a film is
        begun, cpu = time.perf_counter(), time.process_time()
        play = ScriptPlay(stage, _with(first, parts))
        made = shoot(stage, play, Path(folder) / f"film.{kind}", options)
        return made, time.perf_counter() - begun, time.process_time() - cpu


def _with(first: SpokenPart, rest: Iterator[SpokenPart]) -> Iterator[SpokenPart]:
    yield first
    yield from rest
