"""Who reads which part of a text, and that all of it is read.

text ──► stretches by script ──► who reads each: the voice that is asked, or one of that language
   Said, and what nobody read ◄── is all of it there? else by halves ◄── parts that its engine takes ◄─┘
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from avatar_rtc.errors import EngineFailed, Unreadable
from avatar_rtc.speech.borders import parts_of
from avatar_rtc.speech.completeness import is_silent, shortened, unheard
from avatar_rtc.speech.engines import Engines
from avatar_rtc.speech.joined import Said
from avatar_rtc.speech.scripts import language_tag
from avatar_rtc.speech.spoken import Engine, Speech
from avatar_rtc.speech.ssml import is_document, without_tags
from avatar_rtc.speech.stretches import Stretch, has_foreign_letters, has_han, main_language, stretches

_FEW = 3
"""Letters that may be without a sound, as a lone sign of phonetics is."""
_NAMES = {"cmn": "Chinese", "HAN": "Chinese characters", "KANA": "Japanese"}


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


class Reader:
    """Reads for all avatars of a server."""

    def __init__(self, engines: Engines, sentence_s: float) -> None:
        """
        Args:
            engines: among them another voice is looked for.
            sentence_s: how long an engine may take for a part.
        """
        self._engines, self._sentence_s = engines, sentence_s

    async def read(self, text: str, engine: Engine, voice: str, speed: float, han: str = "") -> Reading:
        """Say a text; see `Engine.synthesize`.

        Args:
            voice: what is asked; other scripts than it reads are read by another voice.
            han: what Han characters were in before this text.

        Raises:
            Unreadable: nobody here reads any of it.
            EngineFailed: an engine is away, fails, takes too long, or makes no sound of many letters.
            InputError, SetupError: as `Engine.synthesize`.
        """
        roles, notes = await self._cast(text, engine, voice, han)
        said: list[Said] = []
        for role in roles:
            for begin, end in parts_of(text, role.begin, role.end, role.engine.longest):
                part = text[begin:end]
                if not any(map(str.isalnum, part)) and len(roles) > 1:
                    continue
                said += await self._said(begin, part, role, speed, notes)
        return Reading(tuple(said), tuple(notes))

    async def check(self, text: str, engine: Engine, voice: str) -> None:
        """
        Raises:
            Unreadable: nobody here reads any of it; others as `read`.
        """
        await self._cast(text, engine, voice, "")

    async def _cast(self, text: str, engine: Engine, voice: str, han: str) -> tuple[list[_Role], list[str]]:
        if not has_foreign_letters(text):
            return [_Role(0, len(text), engine, voice)], []
        own = await engine.language(voice)
        roles: list[_Role] = []
        notes: list[str] = []
        for stretch in _stretches(text, own, han):
            words = text[stretch.begin : stretch.end]
            reader = await self._reader(stretch, words, engine, voice, own)
            if reader is None:
                notes.append(_nobody(stretch, words, own))
                continue
            if reader != (engine, voice):
                notes.append(f"{_named(stretch)} is read by {reader[1]!r} of {reader[0].name}")
            if roles and (roles[-1].engine, roles[-1].voice, roles[-1].end) == (*reader, stretch.begin):
                roles[-1] = _Role(roles[-1].begin, stretch.end, *reader)
            else:
                roles.append(_Role(stretch.begin, stretch.end, *reader))
        if not any(map(str.isalpha, "".join(text[role.begin : role.end] for role in roles))):
            raise Unreadable("; ".join(dict.fromkeys(notes)))
        return roles, notes

    async def _reader(
        self, stretch: Stretch, words: str, engine: Engine, voice: str, own: str
    ) -> tuple[Engine, str] | None:
        """Who reads a stretch: the voice that is asked if it can."""
        language = stretch.language if stretch.script else language_tag(own)
        needs_kanji = language == "ja" and has_han(words)
        if not stretch.script and (engine.reads_kanji or not needs_kanji):
            return engine, voice
        return await self._engines.voice_of(language, needs_kanji, (engine, voice))

    async def _said(self, begin: int, text: str, role: _Role, speed: float, notes: list[str]) -> list[Said]:
        speech = await self._synthesize(role, text, speed)
        letters = sum(map(str.isalpha, text))
        if letters and is_silent(speech):
            silence = f"{role.engine.name} made no sound of {shortened(text)}"
            if letters > _FEW:
                raise EngineFailed(silence)
            notes.append(silence)
        missing = 0 if speech.notes else unheard(text, speech, speed)
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
                return await role.engine.synthesize(text, role.voice, speed)
        except TimeoutError:
            raise EngineFailed(f"{role.engine.name} did not answer within {self._sentence_s:g} s") from None


def _stretches(text: str, own: str, han: str) -> Iterator[Stretch]:
    """Those of a text; a document of SSML is one, for nobody reads half of it."""
    if not is_document(text):
        yield from stretches(text, own, han)
        return
    heard = without_tags(text)
    language = main_language(heard)
    foreign = [part for part in stretches(heard, own, han) if part.language == language]
    yield Stretch(0, len(text), foreign[0].script if foreign else "", language if foreign else "")


def _named(stretch: Stretch) -> str:
    return _NAMES.get(stretch.script, stretch.script.capitalize())


def _nobody(stretch: Stretch, words: str, own: str) -> str:
    if has_han(words) and "ja" in (stretch.language, language_tag(own)):
        return (
            f"no voice here reads kanji ({shortened(words.strip())}); "
            "run: pip install 'avatar-rtc[japanese]', or set voicevox_url"
        )
    return (
        f"no voice here reads {_named(stretch)} ({shortened(words.strip())}); wanted is an engine that does: "
        "espeak, or a server as openai_url or piper_url"
    )
