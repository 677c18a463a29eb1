"""A play, filmed: frame after frame into one file, as fast as they can be made.

```
 Play ─► FilmStage ─► picture, sound ─► captions drawn ─► FilmFile
   └─► Transcript ─► captions, chapters
```
What is under way at any time is a sentence or two, so an hour of film takes no more memory than a minute.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import chain as one_after_the_other
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.characters.lettering import Lettering
from avatar_rtc.errors import InputError
from avatar_rtc.files import put_file
from avatar_rtc.film.captions import Caption, webvtt
from avatar_rtc.film.file_thread import FileThread
from avatar_rtc.film.plays import Play
from avatar_rtc.film.stage import FilmStage
from avatar_rtc.media.film_file import FilmFile
from avatar_rtc.media.recording import recording_kind
from avatar_rtc.speech.sentences import EMOJI
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

SubtitleWay = Literal["none", "beside", "inside", "burnt"]
OnFrame = Callable[[int, float], None]
"""Told how many frames there are, and which share of the film they are."""


@dataclass(frozen=True)
class FilmOptions:
    """What a film is to be, beside what is played in it."""

    fps: Fraction = Fraction(25)
    seed: int = 0
    subtitles: SubtitleWay = "none"
    """beside is a WebVTT file, inside a track that players of mp4 turn on, burnt is in the picture."""
    font: Path | None = None
    """Of burnt ones; None looks for one that has the letters."""
    opaque: bool = True
    """Whether the state's backdrop stands behind the avatar; mp4 knows nothing else."""
    comment: str = ""
    """In the file's own words on itself."""
    finish: Callable[[Path], object] = lambda part: None
    """Given the whole file before it takes its name, such as to sign it."""


@dataclass(frozen=True)
class FilmMade:
    """What became of it."""

    path: Path
    frames: int
    size: tuple[int, int]
    """(width, height) in px."""
    seconds: float
    notes: tuple[str, ...]
    """What is not heard or seen as it was wanted, in sentences."""
    beside: tuple[Path, ...] = ()
    """Files that go with it."""


def check_options(path: Path, options: FilmOptions) -> None:
    """
    Raises:
        InputError: the path's ending will not do, or not for subtitles inside.
    """
    kind = recording_kind(path)
    if options.subtitles == "inside" and kind != "mp4":
        raise InputError("subtitles inside go into .mp4 alone; take `beside`, or `burnt`")


def shoot(
    stage: FilmStage,
    play: Play,
    path: Path,
    options: FilmOptions,
    on_frame: OnFrame = lambda number, share: None,
) -> FilmMade:
    """Film a play to its end; the file has its name when it is whole, and else there is none.

    Raises:
        InputError: as `check_options`; or nothing can be said, or be shown so.
        SetupError: the file cannot be written, or the chain lacks something.
        EngineFailed: a voice fails.
    """
    check_options(path, options)
    notes: dict[str, None] = {}
    first = round(stage.now * float(options.fps))
    pictures = _pictures(stage, play, options, first)
    opening = next(pictures)
    height, width = (side // 2 * 2 for side in opening.shape[:2])  # a crop may be odd, which video cannot be
    letters = Lettering((width, height), options.font, lambda note: notes.update({note: None}))
    transcript, kind = play.transcript, recording_kind(path)
    inside, written = options.subtitles == "inside", 0
    how = (options.fps, "", inside, options.comment, options.finish)
    with FilmFile(path, kind, (width, height), *how) as file:
        with FileThread() as thread:
            for number, picture in enumerate(one_after_the_other([opening], pictures)):
                t = number / options.fps
                caption = transcript.at(float(t)) if options.subtitles == "burnt" else None
                thread(partial(_write, file, letters, picture[:height, :width], caption))
                thread(partial(file.write_sound, _sound(stage, first, number, options.fps)))
                while inside and written < len(transcript.captions) and transcript.captions[written].end <= t:
                    thread(partial(_caption, file, transcript.captions[written]))
                    written += 1
                on_frame(number + 1, play.share(stage.now))
        for caption in transcript.captions[written:] if inside else ():
            _caption(file, caption)
        file.set_chapters(transcript.chapters)
        seconds = file.seconds
    made: tuple[Path, ...] = ()
    if options.subtitles == "beside":
        made = (path.with_suffix(".vtt"),)
        put_file(made[0], webvtt(transcript.captions).encode())
    notes = {**transcript.notes, **notes, **stage.notes}
    return FilmMade(path, number + 1, (width, height), seconds, tuple(notes), made)


def _pictures(stage: FilmStage, play: Play, options: FilmOptions, first: int) -> Iterator[NDArray[np.uint8]]:
    number = first
    while play.advance(float(number / options.fps)) or number == first:
        yield stage.picture(number)
        number += 1


def _write(file: FilmFile, letters: Lettering, picture: NDArray[np.uint8], caption: Caption | None) -> None:
    lines = [EMOJI.sub("", line).strip() for line in caption.lines] if caption else []
    file.write(letters.on(picture, list(filter(None, lines))) if any(lines) else picture)


def _caption(file: FilmFile, caption: Caption) -> None:
    file.write_caption(caption.begin, caption.end, caption.text)


def _sound(stage: FilmStage, first: int, number: int, fps: Fraction) -> NDArray[np.int16]:
    """The samples beside a frame: over all frames none is missing, and none comes twice."""
    begin, end = (round((first + number + more) * AUDIO_CLOCK_HZ / fps) for more in (0, 1))
    return stage.sound(begin / AUDIO_CLOCK_HZ, end - begin)
