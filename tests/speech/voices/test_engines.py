"""Which engine a voice's name means, and what happens to engines that are away."""

import asyncio
import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from avatar_rtc.config import load_config
from avatar_rtc.config_sections import SpeechConfig
from avatar_rtc.errors import EngineFailed, InputError, SetupError, UnknownName
from avatar_rtc.speech.spoken import Engine, Speech, Voice
from avatar_rtc.speech.voices import engines as module
from avatar_rtc.speech.voices.engines import Engines, create_engines
from tests.speech.stub_server import nobody, says, serving

EXAMPLE = Path(__file__).parents[3] / "config.example.toml"


class Fake:
    """An engine with some voices, or none because of an error."""

    ssml = False
    longest = 1_000

    def __init__(self, name: str, *voices: str, error: Exception | None = None) -> None:
        self.name, self.names, self.error = name, voices, error
        self.asked = 0
        self.is_closed = False

    async def voices(self) -> Sequence[Voice]:
        self.asked += 1
        if self.error:
            raise self.error
        return [Voice(name, engine=self.name) for name in self.names]

    def reads(self, script: str, language: str) -> bool:
        return True

    async def language(self, voice: str) -> str:
        return ""

    async def synthesize(self, text: str, voice: str, speed: float) -> Speech:
        return Speech(np.zeros(1, np.int16), 8000)

    async def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def first() -> Fake:
    return Fake("first", "anna", "common")


@pytest.fixture
def second() -> Fake:
    return Fake("second", "bert", "common", "en-us")


async def test_voices_of_all_engines_come_in_their_order(first: Fake, second: Fake) -> None:
    voices = await Engines([first, second]).voices()
    assert [(v.engine, v.name) for v in voices] == [
        ("first", "anna"), ("first", "common"), ("second", "bert"), ("second", "common"), ("second", "en-us"),
    ]  # fmt: skip


async def test_an_engine_that_is_away_is_left_out_with_the_reason(first: Fake) -> None:
    away = Fake("away", error=EngineFailed("the server at x cannot be reached"))
    bare = Fake("bare", error=SetupError("not installed"))
    engines = Engines([away, first, bare], absent={"none": "no URL"})
    assert {voice.engine for voice in await engines.voices()} == {"first"}
    assert dict(engines.away) == {
        "away": "the server at x cannot be reached",
        "bare": "not installed",
        "none": "no URL",
    }
    away.error = None
    await engines.voices()
    assert set(engines.away) == {"bare", "none"}


async def test_an_engine_that_does_not_answer_holds_nobody_up(
    first: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Sleeper(Fake):
        async def voices(self) -> Sequence[Voice]:
            await asyncio.sleep(10)
            return []

    monkeypatch.setattr(module, "LIST_S", 0.1)
    engines = Engines([Sleeper("sleeper"), first])
    assert await engines.resolve("anna") == (first, "anna")
    assert "within 0.1 s" in engines.away["sleeper"]


async def test_a_bug_in_an_engine_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        await Engines([Fake("bug", error=ZeroDivisionError())]).voices()


@pytest.mark.parametrize(
    ("voice", "engine", "rest"),
    [
        ("anna", "first", "anna"),
        ("bert", "second", "bert"),
        ("common", "first", "common"),
        ("second:common", "second", "common"),
        ("second:anything", "second", "anything"),
        ("second:a:b", "second", "a:b"),
        ("second", "second", ""),
        ("second:", "second", ""),
        ("en-us+f3", "second", "en-us+f3"),
        ("", "first", ""),
    ],
)
async def test_names_mean_a_voice(first: Fake, second: Fake, voice: str, engine: str, rest: str) -> None:
    found, name = await Engines([first, second]).resolve(voice)
    assert (found.name, name) == (engine, rest)


@pytest.mark.parametrize(
    ("default", "wanted"),
    [("second", ("second", "")), ("bert", ("second", "bert")), ("first:x", ("first", "x"))],
)
async def test_no_name_means_the_configured_voice(
    first: Fake, second: Fake, default: str, wanted: tuple[str, str]
) -> None:
    engines = Engines([first, second], default)
    found, name = await engines.resolve("")
    assert (found.name, name) == wanted
    assert await engines.resolve("anna") == (first, "anna")


@pytest.mark.parametrize("voice", ["ana", "third:anna", "x" * 1000, "anna:first"])
async def test_an_unknown_name_is_refused_and_the_nearest_named(
    first: Fake, second: Fake, voice: str
) -> None:
    with pytest.raises(UnknownName, match="did you mean '(anna|common|bert|en-us)'"):
        await Engines([first, second]).resolve(voice)


async def test_a_known_voice_asks_no_server_again(first: Fake, second: Fake) -> None:
    engines = Engines([first, second])
    for _ in range(5):
        await engines.resolve("bert")
        await engines.resolve("second:common")
    assert (first.asked, second.asked) == (1, 1)


async def test_a_voice_that_is_new_is_found(first: Fake) -> None:
    engines = Engines([first])
    await engines.voices()
    first.names = ("anna", "new")
    assert (await engines.resolve("new"))[1] == "new"


async def test_an_engine_that_is_not_set_up_names_its_fix(first: Fake) -> None:
    engines = Engines([first], absent={"kokoro": "run: avatar-rtc voices fetch"})
    for voice in ("kokoro:af_heart", "kokoro"):
        with pytest.raises(SetupError, match="voices fetch"):
            await engines.resolve(voice)


async def test_without_any_engine_the_fix_is_named() -> None:
    engines = Engines([])
    assert await engines.voices() == []
    for voice in ("", "anna"):
        with pytest.raises(SetupError, match=r"pip install 'avatar-rtc\[espeak\]'"):
            await engines.resolve(voice)


async def test_close_closes_all(first: Fake, second: Fake) -> None:
    await Engines([first, second]).close()
    assert first.is_closed and second.is_closed


async def test_espeak_is_there_and_kokoro_tells_what_it_lacks() -> None:
    engines = create_engines(SpeechConfig())
    assert engines.names[-1] == "espeak"
    engine, voice = await engines.resolve("en-gb+f2")
    assert (engine.name, voice) == ("espeak", "en-gb+f2")
    assert (await engine.synthesize("Hi.", voice, 1.0)).phonemes
    assert "kokoro" in engines.names or "avatar-rtc" in engines.away["kokoro"]
    await engines.close()


async def test_a_machine_without_espeak_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    engines = create_engines(SpeechConfig())
    assert engines.names == () and "pip install" in engines.away["espeak"]


async def test_servers_of_the_configuration_come_first_and_may_be_away() -> None:
    async with serving({"GET /v1/audio/voices": says({"voices": ["nova"]})}) as stub:
        config = SpeechConfig(
            voicevox_url=nobody(), openai_url=stub.url, openai_key="k", openai_model="m", piper_url=nobody()
        )
        engines = create_engines(config)
        assert engines.names[:3] == ("voicevox", "openai", "piper")
        voices = await engines.voices()
        assert voices[0] == Voice("nova", engine="openai")
        assert {"voicevox", "piper"} <= set(engines.away)
        assert "cannot be reached" in engines.away["piper"]
        assert (await engines.resolve("nova"))[0].name == "openai"
        await engines.close()
    assert stub.headers[0]["Authorization"] == "Bearer k"


def test_all_engines_keep_the_protocol() -> None:
    config = SpeechConfig(voicevox_url="http://a", openai_url="http://b", piper_url="http://c")
    engines: list[Engine] = list(create_engines(config)._engines.values())
    assert [engine.ssml for engine in engines] == [False] * (len(engines) - 1) + [True], "espeak alone"
    fake: Engine = Fake("fake")  # the stand-in of these tests keeps it too
    assert fake.name == "fake"


def test_the_example_shows_every_speech_setting_with_its_default() -> None:
    given = tomllib.loads(EXAMPLE.read_text())["speech"]
    unset = {name for name, field in SpeechConfig.model_fields.items() if field.default is None}
    assert set(given) == set(SpeechConfig.model_fields) - unset and all(
        f"# {name} = " in EXAMPLE.read_text() for name in unset
    )
    assert SpeechConfig(**given) == SpeechConfig()


@pytest.mark.parametrize(
    ("text", "says_what"),
    [
        ('piper_url = "localhost:5000"', "speech.piper_url"),
        ('openai_url = "ftp://x"', "speech.openai_url"),
        ('voicevox_url = "http://"', "speech.voicevox_url"),
        ("speed = 3", "speech.speed"),
        ("timeout_s = 0", "speech.timeout_s"),
        ("tempo = 1", "speech.tempo"),
    ],
)
def test_bad_settings_are_named(tmp_path: Path, text: str, says_what: str) -> None:
    file = tmp_path / "avatar.toml"
    file.write_text(f"[speech]\n{text}\n")
    with pytest.raises(InputError, match=says_what):
        load_config(file)


def test_the_key_is_not_printed() -> None:
    assert "hush" not in repr(SpeechConfig(openai_key="hush"))


async def test_a_voice_of_others_is_its_own_before_it_is_the_nearest(first: Fake, second: Fake) -> None:
    engine, name = await Engines([first, second]).resolve("alloy")
    assert engine is first and name == "anna"  # of no language, as all here
    kokoro = Fake("kokoro", "af_bella", "alloy")
    assert await Engines([first, kokoro]).resolve("alloy") == (kokoro, "alloy")
    assert await Engines([first, kokoro]).resolve("af_sky") == (kokoro, "af_bella")
    with pytest.raises(UnknownName):
        await Engines([first, kokoro]).resolve("nobody")
