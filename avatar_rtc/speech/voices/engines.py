"""Which engines there are, and whose voice a name means."""

import asyncio
import importlib.util
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType

from avatar_rtc.config_sections import SpeechConfig
from avatar_rtc.errors import AvatarRtcError, EngineFailed, InputError, SetupError, UnknownName
from avatar_rtc.speech.languages.scripts import language_tag, scripts_of
from avatar_rtc.speech.spoken import Engine, Voice
from avatar_rtc.speech.voices import kokoro
from avatar_rtc.speech.voices.espeak import ESPEAK_VOICE, Espeak
from avatar_rtc.speech.voices.hibari import Hibari, hibari_absence
from avatar_rtc.speech.voices.hibari_files import HIBARI_VOICE
from avatar_rtc.speech.voices.kokoro_ja import KokoroJa
from avatar_rtc.speech.voices.kokoro_ja_files import kokoro_ja_absence
from avatar_rtc.speech.voices.openai_speech import OpenAiSpeech
from avatar_rtc.speech.voices.piper import Piper
from avatar_rtc.speech.voices.piper_files import NO_PIPER, piper_is_installed
from avatar_rtc.speech.voices.piper_here import PiperHere
from avatar_rtc.speech.voices.voice_aliases import (
    Wish,
    name_of,
    nearest_voice,
    sex_of,
    wish_of,
    wish_of_timbre,
)
from avatar_rtc.speech.voices.voicevox import Voicevox
from avatar_rtc.speech.voices.who_speaks import ranked

USUAL_LANGUAGE = "en-us"
"""Of voices whose names tell none, such as OpenAI's."""
_STAND_INS = MappingProxyType({"hibari": ("espeak", ESPEAK_VOICE), "kokoro-ja": ("espeak", "ja")})
"""Who speaks if an engine here cannot; what somebody set up is not replaced in silence."""
LIST_S = 5.0
"""How long an engine may take to list its voices before it counts as away."""


class Engines:
    """The engines of a server, asked in their order."""

    def __init__(
        self,
        engines: Sequence[Engine],
        voice: str = "",
        absent: Mapping[str, str] = MappingProxyType({}),
        language: str = "",
    ) -> None:
        """Take over engines.

        Args:
            engines: the first one that has a voice of some name is meant by it.
            voice: what "" means, as `resolve` takes it; "" is the first engine's own choice.
            absent: engines there could be, and what is missing.
            language: what Latin letters are in where no voice is named, such as "de"; "" is what the first
                engine speaks.
        """
        self._engines = {engine.name: engine for engine in engines}
        self._voice = voice
        self._absent, self._language = dict(absent), language_tag(language)
        self._listed: dict[str, tuple[Voice, ...]] = {}
        self.away: Mapping[str, str] = self._absent
        """Engines that cannot speak, and why; brought up to date by `voices`."""
        self.ailing: dict[str, str] = {}
        """Engines in whose place another one spoke last, and why."""

    @property
    def names(self) -> tuple[str, ...]:
        """Those that are set up, in order; one may be away all the same."""
        return tuple(self._engines)

    async def voices(self) -> list[Voice]:
        """The voices of all engines that answer; those that do not are in `away`."""
        answers = await asyncio.gather(*map(_ask, self._engines.values()))
        self._listed = {
            name: answer
            for name, answer in zip(self._engines, answers, strict=True)
            if not isinstance(answer, str)
        }
        failed = {
            name: answer
            for name, answer in zip(self._engines, answers, strict=True)
            if isinstance(answer, str)
        }
        self.away = self._absent | failed
        return [voice for voices in self._listed.values() for voice in voices]

    async def resolve(self, voice: str) -> tuple[Engine, str]:
        """The engine that speaks with a voice, and how it calls that voice.

        Args:
            voice: "engine:voice", whose second part the engine judges when it speaks; the name of an engine,
                for its own choice; or that of a voice, perhaps with a "+" and what its engine makes of that,
                such as "en-us+f3"; "" is the configured one. For a voice of Kokoro or OpenAI that is not here
                the nearest one speaks.

        Raises:
            UnknownName: no engine, or none that answers, has it.
            SetupError: the engine, or every engine, is not installed or set up; the text tells the fix.
        """
        name = voice or self._voice
        if not self._engines:
            raise SetupError("there is no voice here; run: pip install 'avatar-rtc[espeak]'")
        if not name:
            return await self._first()
        head, _, rest = name.partition(":")
        if head in self._engines:
            return self._engines[head], rest
        if head in self._absent:
            raise SetupError(self._absent[head])
        found = self._find(name)
        if found is None:  # an engine may have been away, or got a new voice
            await self.voices()
            found = self._find(name)
        if found is None and (near := self._near(name)) is not None:
            return near
        if found is None:
            known = [known.name for voices in self._listed.values() for known in voices]
            raise UnknownName("voice", name, known)
        return found, name

    async def resolve_own(self, voices: str) -> tuple[Engine, str]:
        """What speaks for a character that has a voice of its own, where a request names none.

        The configured voice wins. Of the character's the first counts that is here and of the engine that
        speaks where none is named: who sets up a good engine wants to hear it. That of another engine counts
        if it speaks another language; else it tells whether a man's or a woman's is wanted.

        Args:
            voices: names with commas between, the best first.

        Raises:
            UnknownName, SetupError: as `resolve`, for the configured voice.
        """
        engine, name = await self.resolve("")
        if self._voice:
            return engine, name
        wish = None
        for own_name in filter(None, map(str.strip, voices.split(","))):
            try:
                own, known = await self.resolve(own_name)
                language = language_tag(await own.language(known))
                if own is engine or language not in ("", language_tag(await engine.language(name))):
                    return own, known
            except (InputError, SetupError, EngineFailed):
                continue
            wish = wish or wish_of_timbre(known)
        if wish is not None:
            listed = [voice for voice in self._listed.get(engine.name, ()) if sex_of(voice)]
            near = nearest_voice(Wish(await engine.language(name), wish), listed, USUAL_LANGUAGE)
            return engine, near.name if near else name
        return engine, name

    def stand_in(self, engine: Engine, voice: str) -> tuple[Engine, str] | None:
        """What speaks in the place of an engine on this machine that cannot; None if nothing does.

        Args:
            voice: of it; the other one is a man's or a woman's too.
        """
        name, its_voice = _STAND_INS.get(engine.name, ("", ""))
        other = self._engines.get(name)
        if other is None or other is engine:
            return None
        sex = sex_of(Voice(voice or HIBARI_VOICE, engine=engine.name))
        return other, name_of(Voice(its_voice, engine=other.name), Wish("", sex or "f"))

    def ails(self, engine: Engine, why: str) -> None:
        """It failed, and another one spoke; told in `ailing` until it is `mended`."""
        self.ailing[engine.name] = f"{why}; another voice speaks in its place"

    def mended(self, engine: Engine) -> None:
        """It speaks."""
        self.ailing.pop(engine.name, None)

    async def warm(self, voices: str = "") -> None:
        """Load what speaks where nobody names a voice, so that the first sentence is as quick as others.

        A failure is told when something is to be said.

        Args:
            voices: of the character, as `resolve_own` takes them.
        """
        with suppress(AvatarRtcError):
            engine, name = await self.resolve_own(voices)
            if isinstance(engine, (Hibari, KokoroJa, PiperHere)):
                await engine.warm(name)

    async def voice_of(
        self, language: str, scripts: Collection[str], beside: tuple[Engine, str]
    ) -> tuple[Engine, str] | None:
        """The best engine with a voice of a language, and that voice; None if there is none.

        Args:
            language: as `scripts.language_of` gives it.
            scripts: which it has to read.
            beside: the engine and voice that read the rest of the text; espeak keeps its timbre.
        """
        if language and not self._listed:
            await self.voices()
        for name in ranked(language, self._listed) if language else ():
            engine = self._engines[name]
            found = _of_language(self._listed[name], language)
            if found is None or not all(engine.reads(script, language) for script in scripts):
                continue
            _, plus, timbre = beside[1].partition("+")
            keeps = plus and beside[0] is engine and engine.name == Espeak.name
            return engine, f"{found.name}+{timbre}" if keeps else found.name
        return None

    async def close(self) -> None:
        """Close all engines."""
        for engine in self._engines.values():
            await engine.close()

    async def _first(self) -> tuple[Engine, str]:
        """What speaks where no voice is named: the first engine that knows the configured language."""
        engine = self._engines[ranked(self._language, self._engines)[0]]
        if not self._language or language_tag(await _spoken(engine)) in (self._language, ""):
            return engine, ""
        # Better one that reads a part of its letters, such as kana, than none.
        for scripts in (scripts_of(self._language), ()):
            if found := await self.voice_of(self._language, scripts, (engine, "")):
                return found
        raise SetupError(f"no voice here speaks the language {self._language!r} of the settings")

    def _near(self, name: str) -> tuple[Engine, str] | None:
        """The voice nearest to one that callers name out of habit."""
        voices = [voice for listed in self._listed.values() for voice in listed]
        wish = wish_of(name)
        if wish is None or (near := nearest_voice(wish, voices, USUAL_LANGUAGE)) is None:
            return None
        owner = next(name for name, listed in self._listed.items() if near in listed)
        return self._engines[owner], name_of(near, wish)

    def _find(self, name: str) -> Engine | None:
        wanted = (name, name.partition("+")[0])
        for engine, voices in self._listed.items():
            if any(voice.name in wanted for voice in voices):
                return self._engines[engine]
        return None


def _of_language(voices: Sequence[Voice], language: str) -> Voice | None:
    """The voice whose name or tag it is, else one of a variety of it."""
    spoken = [voice for voice in voices if language_tag(voice.language) == language]
    best = (language, ESPEAK_VOICE, kokoro.KOKORO_VOICE, HIBARI_VOICE)
    exact = [voice for voice in spoken if voice.name in best or voice.language == language]
    return next(iter(exact or spoken), None)


async def _spoken(engine: Engine) -> str:
    """The language of an engine's own choice; a server that is away may speak any."""
    try:
        return await engine.language("")
    except (EngineFailed, SetupError):
        return ""


async def _ask(engine: Engine) -> tuple[Voice, ...] | str:
    """Its voices, or why there are none."""
    try:
        async with asyncio.timeout(LIST_S):
            return tuple(await engine.voices())
    except TimeoutError:
        return f"{engine.name} did not list its voices within {LIST_S:g} s"
    except (EngineFailed, SetupError) as error:
        return str(error)


def create_engines(config: SpeechConfig) -> Engines:
    """The engines of a configuration: the servers it names, then what is installed here, the best first."""
    engines: list[Engine] = []
    absent: dict[str, str] = {}
    total_s = config.timeout_s
    if config.voicevox_url:
        engines.append(Voicevox(config.voicevox_url, total_s=total_s))
    if config.openai_url:
        engines.append(
            OpenAiSpeech(
                config.openai_url,
                key=config.openai_key,
                model=config.openai_model,
                captions=config.openai_captions,
                total_s=total_s,
            )
        )
    if config.piper_url:
        engines.append(Piper(config.piper_url, total_s=total_s))
    if config.piper_voice is not None:
        if piper_is_installed():
            engines.append(PiperHere(config.piper_voice))
        else:
            absent[PiperHere.name] = NO_PIPER
    if why := kokoro_ja_absence():
        absent[KokoroJa.name] = why
    else:
        engines.append(KokoroJa())
    if why := kokoro.absence():
        absent[kokoro.Kokoro.name] = why
    else:
        engines.append(kokoro.Kokoro())
    if why := hibari_absence():
        absent[Hibari.name] = why
    else:
        engines.append(Hibari())
    if importlib.util.find_spec("espeakng_loader") is None:
        absent[Espeak.name] = "espeak is not installed; run: pip install 'avatar-rtc[espeak]'"
    else:
        engines.append(Espeak())
    return Engines(engines, config.voice, absent, config.language)
