"""Who speaks where nobody is named: the language of the settings, the character's voices, a stand-in."""

import pytest

from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.config_sections import SpeechConfig
from avatar_rtc.errors import EngineFailed, InputError, SetupError
from avatar_rtc.resources import resource
from avatar_rtc.sound.levelling import TARGET_LUFS
from avatar_rtc.sound.loudness_lufs import loudness_lufs
from avatar_rtc.sound.pcm import as_floats
from avatar_rtc.speech.languages.joined import joined
from avatar_rtc.speech.languages.reading import Reader
from avatar_rtc.speech.spoken import Engine, Speech
from avatar_rtc.speech.voices.engines import Engines, create_engines
from avatar_rtc.speech.voices.espeak import Espeak
from avatar_rtc.speech.voices.hibari import Hibari
from avatar_rtc.speech.voices.openai_speech import OPENAI_VOICES
from tests.speech.scribe import Scribe


class Broken(Hibari):
    """hibari whose process fails as it is told."""

    error: Exception | None = EngineFailed("the process of hibari ended while it spoke")

    async def synthesize(self, text: str, voice: str, speed: float) -> Speech:
        if self.error is not None:
            raise self.error
        return await Espeak().synthesize(text, "", speed)


def both(voice: str = "", language: str = "") -> Engines:
    return Engines([Hibari(), Espeak()], voice, language=language)


async def named(engines: Engines, own: str) -> str:
    engine, voice = await engines.resolve_own(own)
    return f"{engine.name}:{voice}"


async def test_hibari_speaks_where_it_is_installed() -> None:
    engines = create_engines(SpeechConfig())
    assert [name for name in engines.names if not name.startswith("kokoro")] == ["hibari", "espeak"]
    await engines.close()


@pytest.mark.parametrize(
    ("own", "speaks"),
    [
        ("", "hibari:"),
        ("hibari:heart, en-us+f3", "hibari:heart"),
        ("hibari:fenrir, hibari:boy, en-us+m3", "hibari:boy"),
        ("boy", "hibari:boy"),
        ("en-us+f3", "hibari:heart"),
        ("en-us+m1", "hibari:boy"),
        ("en-gb", "hibari:"),
        ("de", "espeak:de"),
        ("ja+f2", "espeak:ja+f2"),
        ("nobody, fr-fr", "espeak:fr-fr"),
        (" ,, ", "hibari:"),
    ],
)
async def test_of_a_character_the_first_counts_that_is_here_and_fits(own: str, speaks: str, tmp_path) -> None:
    engines = Engines([Hibari(tmp_path), Espeak()])
    assert await named(engines, own) == speaks


async def test_without_hibari_a_character_keeps_the_next_of_its_voices() -> None:
    engines = Engines([Espeak()], absent={"hibari": "run: pip install"})
    assert await named(engines, "hibari:boy, en-us+m3") == "espeak:en-us+m3"


async def test_both_characters_speak_with_voices_of_their_own(tmp_path) -> None:
    store = CharacterStore(resource("assets", "characters"), tmp_path)
    engines = Engines([Hibari(tmp_path), Espeak()])
    voices = [await named(engines, store.load_character(name).voice) for name in ("liora", "tavi")]
    assert voices == ["hibari:heart", "hibari:boy"]


async def test_what_the_settings_name_wins() -> None:
    assert await named(both("espeak"), "hibari:heart") == "espeak:"
    assert await named(both("boy"), "hibari:heart") == "hibari:boy"


@pytest.mark.parametrize(
    ("language", "speaks"), [("", "hibari:"), ("en", "hibari:"), ("en-GB", "hibari:"), ("de", "espeak:de")]
)
async def test_latin_letters_are_in_the_language_of_the_settings(language: str, speaks: str) -> None:
    assert await named(both(language=language), "") == speaks


async def test_a_language_that_nobody_speaks_is_refused() -> None:
    with pytest.raises(SetupError, match="'xx'"):
        await both(language="xx").resolve("")
    with pytest.raises(ValueError, match="language"):
        SpeechConfig(language="German")


@pytest.mark.parametrize(
    "name", [*OPENAI_VOICES, "af_heart", "am_fenrir", "af_kore", "am_adam", "en-US-GuyNeural"]
)
async def test_names_of_others_are_voices_here(name: str, tmp_path) -> None:
    engine, voice = await Engines([Hibari(tmp_path), Espeak()]).resolve(name)
    assert engine.name == "hibari" and voice in ("heart", "boy")


async def test_sexes_and_namesakes_are_kept(tmp_path) -> None:
    engines = Engines([Hibari(tmp_path), Espeak()])
    for name, voice in dict(nova="heart", af_bella="heart", onyx="boy", am_fenrir="boy").items():
        assert (await engines.resolve(name))[1] == voice
    assert (await engines.resolve("bf_emma"))[1] == "en-gb+f3", "British before natural"


async def test_espeak_speaks_in_the_place_of_what_fails_and_that_is_told() -> None:
    hibari = Broken()
    engines = Engines([hibari, Espeak()])
    reader = Reader(engines, 5.0)
    reading = await reader.read("Hello there.", hibari, "boy", 1.0)
    assert reading.parts[0].speech.phonemes and "espeak spoke" in reading.notes[0]
    assert "ended while it spoke" in engines.ailing["hibari"]
    assert engines.stand_in(hibari, "boy") == (engines._engines["espeak"], "en-us")
    assert engines.stand_in(hibari, "") == (engines._engines["espeak"], "en-us+f3")
    hibari.error = None
    assert not (await reader.read("Hello again.", hibari, "", 1.0)).notes and not engines.ailing


async def test_a_server_that_fails_is_not_replaced_and_a_wrong_name_is_told() -> None:
    hibari, server = Broken(), Scribe("openai", "en")
    engines: list[Engine] = [hibari, server, Espeak()]
    reader = Reader(Engines(engines), 5.0)
    with pytest.raises(InputError, match="unknown voice"):
        await reader.read("Hello.", hibari, "who", 1.0)
    assert Engines(engines).stand_in(server, "") is None
    with pytest.raises(EngineFailed):
        await Reader(Engines([Broken()]), 5.0).read("Hello.", Broken(), "", 1.0)


async def test_ssml_is_read_by_who_reads_its_marks(tmp_path) -> None:
    hibari, espeak = Hibari(tmp_path), Espeak()
    reader = Reader(Engines([hibari, espeak]), 5.0)
    assert reader.manner_of("<speak>Hi</speak>", hibari, "heart") == (espeak, "en-us+f3")
    assert reader.manner_of("<speak>Hi</speak>", espeak, "de") == (espeak, "de")
    assert reader.manner_of("Hi <b>there</b>", hibari, "heart") == (hibari, "heart")
    other = Scribe("openai", "en")
    assert reader.manner_of("<speak>Hi</speak>", other, "") == (other, "")


async def test_engines_are_as_loud_as_each_other() -> None:
    """The voice changes with the script, and its level does not."""
    engines = create_engines(SpeechConfig())
    text = "The quick brown fox jumps over the lazy dog. Шустрая лиса прыгает через пса."
    engine, voice = await engines.resolve("")
    reading = await Reader(engines, 20.0).read(text, engine, voice, 1.0)
    await engines.close()
    levels = [loudness_lufs(as_floats(part.speech.pcm), part.speech.rate) for part in reading.parts]
    assert len(levels) == 2 and levels == pytest.approx([TARGET_LUFS] * 2, abs=0.5)
    assert joined(reading.parts).seconds > 4
