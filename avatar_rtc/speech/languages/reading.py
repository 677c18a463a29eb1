"""Who reads which part of a text, and that all of it is read.

text ──► stretches by script ──► who reads each: the voice that is asked, or one of that language
   Said, and what nobody read ◄── is all of it there? else by halves ◄── parts that its engine takes ◄─┘
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple, TypeVar

from avatar_rtc.errors import EngineFailed, SetupError, Unreadable
from avatar_rtc.sound.levelling import VoiceLevels
from avatar_rtc.speech.languages.borders import parts_of
from avatar_rtc.speech.languages.completeness import is_silent, shortened, unheard
from avatar_rtc.speech.languages.joined import Said
from avatar_rtc.speech.languages.scripts import HAN, language_tag, reads_there
from avatar_rtc.speech.languages.stretches import Stretch, has_foreign_letters, stretches
from avatar_rtc.speech.spoken import Engine, Speech
from avatar_rtc.speech.ssml import is_document, without_tags
from avatar_rtc.speech.voices.engines import Engines

log = logging.getLogger(__name__)

T = TypeVar("T")
_LONG = 1_000
"""Characters of a text that the event loop does not wait for."""
_FEW = 3
"""Letters that may be without a sound, as a lone sign of phonetics is."""
MOST_AHEAD = 16
AHEAD_KEPT_S = 2.0
"""What was begun ahead and nobody asks for is kept so long: a slow model has its next token by then."""
_NAMES = {HAN: "Chinese characters", "KANA": "kana"}


@dataclass(frozen=True)
class Reading:
    """What was read of a text, in order."""

    parts: tuple[Said, ...]
    notes: tuple[str, ...]
    """What was not, or not by the voice that was asked."""


@dataclass(frozen=True)
class _Role:
    begin: int
    end: int
    engine: Engine
    voice: str


class _Sound(NamedTuple):
    """What an engine is asked for."""

    text: str
    engine: str
    voice: str
    speed: float


class Reader:
    """Reads for all avatars of a server."""

    def __init__(self, engines: Engines, sentence_s: float) -> None:
        """
        Args:
            engines: among them another voice is looked for.
            sentence_s: how long an engine may take for a part.
        """
        self._engines, self._sentence_s = engines, sentence_s
        self._ahead: dict[_Sound, asyncio.Task[Speech]] = {}

    async def read(
        self,
        text: str,
        engine: Engine,
        voice: str,
        speed: float,
        han: str = "",
        levels: VoiceLevels | None = None,
    ) -> Reading:
        """Say a text at the level of all speech; see `Engine.synthesize` and `Leveller`.

        Args:
            voice: what is asked; other scripts than it reads are read by another voice.
            han: what Han characters were in before this text.
            levels: of the texts before it in the same utterance.

        Raises:
            Unreadable: nobody here reads any of it.
            EngineFailed: an engine is away, fails, takes too long, or makes no sound of many letters.
            InputError, SetupError: as `Engine.synthesize`.
        """
        roles, notes = await self._cast(text, engine, voice, han)
        said: list[tuple[_Role, Said]] = []
        for role in roles:
            for begin, end in parts_of(text, role.begin, role.end, role.engine.longest):
                part = text[begin:end]
                if not any(map(str.isalnum, part)) and len(roles) > 1:
                    continue
                said += [(role, part) for part in await self._said(begin, part, role, speed, notes)]
        if not said and any(map(str.isalpha, text)):
            raise EngineFailed("; ".join(dict.fromkeys(notes)))
        return Reading(await asyncio.to_thread(_levelled, said, levels or VoiceLevels()), tuple(notes))

    def read_ahead(self, text: str, engine: Engine, voice: str, speed: float) -> None:
        """Begin to say what `read` is probably asked for within a moment; if it is not, that is dropped."""
        sound = _Sound(text, engine.name, voice, speed)
        if sound in self._ahead or len(self._ahead) >= MOST_AHEAD or len(text) > engine.longest:
            return
        task = self._ahead[sound] = asyncio.create_task(engine.synthesize(text, voice, speed))
        task.add_done_callback(_forget_failure)
        asyncio.get_running_loop().call_later(AHEAD_KEPT_S, self._drop, sound, task)

    def _drop(self, sound: "_Sound", task: asyncio.Task[Speech]) -> None:
        if self._ahead.get(sound) is task:
            del self._ahead[sound]
            task.cancel()

    def manner_of(self, text: str, engine: Engine, voice: str) -> tuple[Engine, str]:
        """Who reads a text: for a document of SSML an engine that reads its marks and pauses.

        Only an engine that nobody has to set up yields to another one.
        """
        if engine.ssml or not is_document(text):
            return engine, voice
        return self._engines.stand_in(engine, voice) or (engine, voice)

    async def check(self, text: str, engine: Engine, voice: str) -> None:
        """
        Raises:
            Unreadable: nobody here reads any of it.
            InputError: no such voice.
        """
        with suppress(EngineFailed, SetupError):  # which `read` tells
            await self._cast(text, engine, voice, "")

    async def _cast(self, text: str, engine: Engine, voice: str, han: str) -> tuple[list[_Role], list[str]]:
        asked = (engine, voice)
        # A text in Latin letters is what most voices read, and nobody need be asked.
        own = await engine.language(voice) if voice or has_foreign_letters(text) else ""
        if not own:
            return [_Role(0, len(text), *asked)], []
        roles: list[_Role] = []
        notes: list[str] = []
        for stretch in await _aside(text, _stretches, text, partial(_is_own, engine, own), own, han):
            words = text[stretch.begin : stretch.end]
            reader = asked
            if stretch.scripts:
                found = await self._engines.voice_of(stretch.language, stretch.scripts, asked)
                if found is None:
                    notes.append(_nobody(stretch, words))
                    continue
                reader = found
                notes.append(f"{_named(stretch)} are read by {reader[1]!r} of {reader[0].name}")
            if roles and (roles[-1].engine, roles[-1].voice, roles[-1].end) == (*reader, stretch.begin):
                roles[-1] = _Role(roles[-1].begin, stretch.end, *reader)
            else:
                roles.append(_Role(stretch.begin, stretch.end, *reader))
        if not any(map(str.isalpha, "".join(text[role.begin : role.end] for role in roles))):
            raise Unreadable("; ".join(dict.fromkeys(notes)))
        return roles, list(dict.fromkeys(notes))

    async def _said(self, begin: int, text: str, role: _Role, speed: float, notes: list[str]) -> list[Said]:
        try:
            speech = await self._synthesize(role, text, speed)
        except (EngineFailed, SetupError) as error:
            if (other := self._engines.stand_in(role.engine, role.voice)) is None:
                raise
            self._engines.ails(role.engine, str(error))
            log.warning("%s; %s speaks in its place", error, other[0].name)
            notes.append(f"{other[0].name} spoke, for {role.engine.name} failed")
            role = replace(role, engine=other[0], voice=other[1])
            speech = await self._synthesize(role, text, speed)
        else:
            self._engines.mended(role.engine)
        letters = sum(map(str.isalpha, text))
        if letters and await _aside(text, is_silent, speech):
            silence = f"{role.engine.name} made no sound of {shortened(text)}"
            if letters > _FEW:
                raise EngineFailed(silence)
            notes.append(silence)
            return []
        missing = 0 if speech.notes else await _aside(text, unheard, text, speech, speed)
        whole = [Said(begin, text, speech)]
        if not missing:
            return whole
        halves = [
            Said(begin + start, half, await self._synthesize(role, half, speed))
            for start, end in parts_of(text, 0, len(text), len(text) // 2 + 1)
            if any(map(str.isalnum, half := text[start:end]))
        ]
        still = sum(unheard(half.text, half.speech, speed) for half in halves)
        if still:
            least = min(still, missing)
            notes.append(f"{role.engine.name} left out about {least} letters of {shortened(text)}")
        return halves if still < missing else whole

    async def _synthesize(self, role: _Role, text: str, speed: float) -> Speech:
        try:
            async with asyncio.timeout(self._sentence_s):
                begun = self._ahead.pop(_Sound(text, role.engine.name, role.voice, speed), None)
                return await (begun or role.engine.synthesize(text, role.voice, speed))
        except TimeoutError:
            raise EngineFailed(f"{role.engine.name} did not answer within {self._sentence_s:g} s") from None


def _forget_failure(task: asyncio.Task[Speech]) -> None:
    """Whoever asks for it is told; if nobody does, nobody need be."""
    if not task.cancelled():
        task.exception()


def _levelled(said: Sequence[tuple[_Role, Said]], levels: VoiceLevels) -> tuple[Said, ...]:
    return tuple(
        replace(
            part,
            speech=replace(
                part.speech,
                pcm=levels.of(role.engine.name, role.voice).push(part.speech.pcm, part.speech.rate),
            ),
        )
        for role, part in said
    )


async def _aside(text: str, work: Callable[..., T], *args: Any) -> T:
    """What is done with a text: at once, or in a thread if that may take milliseconds."""
    return work(*args) if len(text) <= _LONG else await asyncio.to_thread(work, *args)


def _is_own(engine: Engine, own: str, script: str, han: str) -> bool:
    """Whether a voice of a language reads a script."""
    return reads_there(own, script, han) and engine.reads(script, language_tag(own))


def _stretches(text: str, own: Callable[[str, str], bool], language: str, han: str) -> list[Stretch]:
    """Those of a text; a document of SSML is one, for nobody reads half of it."""
    if not is_document(text):
        return stretches(text, own, language, han)
    parts = stretches(without_tags(text), own, language, han)
    longest = max(parts, key=lambda part: part.end - part.begin)
    return [Stretch(0, len(text), longest.scripts, longest.language)]


def _named(stretch: Stretch) -> str:
    names = (_NAMES.get(script, f"{script.capitalize()} letters") for script in sorted(stretch.scripts))
    return " and ".join(names)


def _nobody(stretch: Stretch, words: str) -> str:
    what = shortened(words.strip())
    if HAN in stretch.scripts and stretch.language == "ja":
        mend = "run: pip install 'avatar-rtc[japanese]', or set voicevox_url"
        return f"no voice here reads kanji ({what}); {mend}"
    return f"no voice here reads {_named(stretch)} ({what}); install espeak, or set openai_url or piper_url"
