"""The law of who speaks: texts put together in many scripts, and every set of engines there may be."""

import random
from itertools import combinations

import pytest

from avatar_rtc.errors import Unreadable
from avatar_rtc.speech.languages.reading import Reader
from avatar_rtc.speech.languages.scripts import LANGUAGES_OF, script_of, scripts_of
from avatar_rtc.speech.voices.engines import Engines
from avatar_rtc.speech.voices.who_speaks import ranked
from tests.speech.scribe import Scribe
from tests.speech.words_of_languages import SPACED, UNSPACED

SCRIPTS = "ja cmn ko ru ar el hi th he ka en-us".split()
"""One language for each script, kana and hanzi among them."""
WORDS = {name: (UNSPACED.get(name) or SPACED[name]).split() for name in SCRIPTS}


class Able(Scribe):
    """An engine of some languages that reads their letters, and Latin ones if it speaks English."""

    def reads(self, script: str, language: str) -> bool:
        return script != "LATIN" or language in ("", "en", "en-us")


def machine(*names: str) -> dict[str, Able]:
    known = {"hibari": ["en-us"], "kokoro-ja": ["ja"], "kokoro": ["en-us", "ja", "cmn"]}
    everything = [name for name in SCRIPTS if name != "en-us"]
    return {name: Able(name, *known.get(name, ["en-us", *everything])) for name in names}


def generated(seed: int) -> str:
    chance = random.Random(seed)
    order = [chance.choice(SCRIPTS) for _ in range(chance.randint(2, 6))]
    gap = chance.choice((" ", ", ", " – "))
    return gap.join(" ".join(chance.sample(WORDS[name], 2)) for name in order)


@pytest.mark.parametrize("seed", range(60))
async def test_every_letter_of_ten_scripts_is_given_to_who_reads_it(seed: int) -> None:
    text = generated(seed)
    here = machine("kokoro-ja", "kokoro", "hibari", "espeak")
    engines = Engines(list(here.values()))
    engine, voice = await engines.resolve("")
    await Reader(engines, 5.0).read(text, engine, voice, 1.0)
    heard = [(engine.name, voice, part) for engine in here.values() for part, voice in engine.asked]
    given = sorted(sign for _, _, part in heard for sign in part if sign.isalpha())
    assert given == sorted(filter(str.isalpha, text)), "each letter is read, and by one voice"
    for name, spoken_voice, part in heard:
        language = spoken_voice or here[name].languages[0]
        foreign = {script_of(sign) for sign in part} - {"", "LATIN", *scripts_of(language)}
        assert not foreign, f"{name} ({language}) would call the letters of {part!r} by their names"
    assert not here["kokoro"].asked or all(voice != "ja" for _, voice in here["kokoro"].asked)


@pytest.mark.parametrize("size", [1, 2, 3])
async def test_the_best_engine_of_any_machine_speaks(size: int) -> None:
    for names in combinations(("kokoro-ja", "kokoro", "hibari", "espeak"), size):
        engines = Engines(list(machine(*names).values()))
        latin, _ = await engines.resolve("")
        assert latin.name == next(n for n in ("kokoro", "hibari", "espeak", "kokoro-ja") if n in names)
        found = await engines.voice_of("ja", ("KANA",), (latin, ""))
        order = [n for n in ("kokoro-ja", "kokoro", "espeak") if n in names]
        assert (found[0].name if found else "") == (order[0] if order else "")
        korean = await engines.voice_of("ko", ("HANGUL",), (latin, ""))
        assert (korean[0].name if korean else "") == ("espeak" if "espeak" in names else "")


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name != "en-us"])
async def test_without_a_voice_of_the_script_the_text_is_refused(name: str) -> None:
    here = machine("hibari")
    with pytest.raises(Unreadable, match="no voice here reads"):
        await Reader(Engines(list(here.values())), 5.0).read(WORDS[name][0], here["hibari"], "", 1.0)
    assert not here["hibari"].asked


@pytest.mark.parametrize("language", ["ja", "ko", "ru", "cmn"])
async def test_a_configured_language_of_another_script_is_spoken(language: str) -> None:
    """Its voices need not read Latin letters for that."""

    class Strict(Able):
        def reads(self, script: str, language: str) -> bool:
            return script != "LATIN"

    engines = Engines([Able("hibari", "en-us"), Strict("espeak", "en-us", *SCRIPTS[:4])], language=language)
    assert await engines.resolve("") == (engines._engines["espeak"], language)


def test_no_row_forgets_an_engine_or_changes_the_order_of_strangers() -> None:
    names = "voicevox openai piper kokoro-ja kokoro hibari espeak".split()
    for language in ("", "ja", *(each for languages in LANGUAGES_OF.values() for each in languages)):
        assert sorted(ranked(language, names)) == sorted(names)
        assert ranked(language, ["b", "espeak", "a"]) == ["b", "a", "espeak"]
        assert ranked(language, names)[:3] == names[:3], "what somebody set up comes first"
