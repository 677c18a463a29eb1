"""A text as a sound file for whoever asks to play it, with what it says of its making."""

import asyncio
import logging
from dataclasses import dataclass

from aiohttp import web

from avatar_rtc.provenance.manifest import Source
from avatar_rtc.server.http.keys import AVATARS, ENGINES, MARKER, SPEAKER
from avatar_rtc.server.live.avatars import MAIN
from avatar_rtc.sound.files import CONTENT_TYPES, FILE_RATE, SoundFileKind, write_sound
from avatar_rtc.sound.pcm import silence
from avatar_rtc.speech.languages.joined import joined
from avatar_rtc.speech.spoken import Speech
from avatar_rtc.speech.voices.espeak import Espeak

log = logging.getLogger(__name__)

FILES_AT_ONCE = 3
"""Sound files that are made at the same time: each holds up to ten minutes of samples."""
FILES_OF_ONE = 2
"""And of one caller: whoever asks for long ones leaves room for another's short one."""
SLOWEST, FASTEST = 0.5, 2.0
"""Of our voices; callers may ask for less and for more."""


@dataclass(frozen=True)
class SpokenText:
    """A text as it sounds."""

    spoken: str
    """What of it is said."""
    speech: Speech
    source: Source


async def speech_of(app: web.Application, text: str, voice: str, speed: float) -> SpokenText:
    """What is spoken of a text, its sound, and how that is made.

    A text with nothing to say is no sound, as it used to be.

    Args:
        voice: as `Engines.resolve` takes it; "" is that of the character that is shown first.

    Raises:
        UnknownName, SetupError, EngineFailed, Unreadable: as the voice does.
    """
    engines, speaker = app[ENGINES], app[SPEAKER]
    engine, name = await (engines.resolve(voice) if voice else engines.resolve_own(own_voice(app)))
    engine, name = speaker.reader.manner_of(text, engine, name)
    spoken = await speaker.spoken_of(text, engine)
    if not spoken:
        return SpokenText("", Speech(silence(), FILE_RATE), "computed")
    reading = await speaker.reader.read(spoken, engine, name, min(FASTEST, max(SLOWEST, speed)))
    speech = await asyncio.to_thread(joined, reading.parts, reading.notes)
    if speech.notes:
        log.info("a sound file: %s", "; ".join(speech.notes))
    # Where there is a note, another voice may have read a part.
    is_computed = engine.name == Espeak.name and not speech.notes
    return SpokenText(spoken, speech, "computed" if is_computed else "voice")


async def file_of(app: web.Application, made: SpokenText, kind: SoundFileKind) -> bytes:
    """Its sound as a file, marked as made by a machine."""
    marker = app[MARKER]
    plain = await asyncio.to_thread(
        write_sound, made.speech.pcm, made.speech.rate, kind, comment=marker.comment
    )
    return await marker.marked_beside(plain, CONTENT_TYPES[kind], made.source)


def own_voice(app: web.Application) -> str:
    """That of the character that is shown first, as `Engines.resolve_own` takes it."""
    main = app[AVATARS].get(MAIN)
    return "" if main is None else main.actor.character.voice
