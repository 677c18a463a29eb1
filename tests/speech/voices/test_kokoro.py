"""Kokoro behind a stand-in for its package, with a small file in the place of its model."""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest

from avatar_rtc.errors import EngineFailed, SetupError, UnknownName
from avatar_rtc.fetching import ModelFile
from avatar_rtc.speech.voices import kokoro, kokoro_files
from avatar_rtc.speech.voices.kokoro import KOKORO_LAG_S, Kokoro
from avatar_rtc.speech.voices.kokoro_ja_files import data_folder, joined_model

TEXT = "Hello you."


@dataclass(frozen=True)
class Timing:
    phoneme: str
    start: float
    end: float


# What create_timed of 0.6.1 gives: every sign of the phonemes, spaces and punctuation included.
SIGNS = "həlˈoʊ juː."
TIMINGS = [Timing(sign, 0.1 * i + KOKORO_LAG_S, 0.1 * (i + 1) + KOKORO_LAG_S) for i, sign in enumerate(SIGNS)]


class FakeKokoro:
    """The parts of kokoro_onnx.Kokoro that are used; see its create_timed."""

    timings: ClassVar[list[Timing]] = TIMINGS
    asked: ClassVar[list[tuple[Any, ...]]] = []

    def __init__(self, model_path: str, voices_path: str) -> None:
        if Path(model_path).read_bytes().startswith(b"broken"):
            raise RuntimeError("Protobuf parsing failed.")
        self.voices = np.load(voices_path)

    def get_voices(self) -> list[str]:
        return sorted(self.voices.keys())

    def create_timed(
        self, text: str, voice: str, speed: float = 1.0, lang: str = "en-us", **_: Any
    ) -> tuple[np.ndarray, int, list[Timing]]:
        if not any(map(str.isalnum, text)):
            raise ValueError(f"Nothing to synthesize, {text!r} produced no phonemes")
        self.asked.append((text, voice, speed, lang))
        return np.linspace(-1.5, 1.5, 24_000 * 11 // 10, dtype=np.float32), 24_000, self.timings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small model that passes for the real one, and the package."""
    folder = tmp_path / "kokoro"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"whole model")
    with (folder / "voices.bin").open("wb") as file:
        style = np.zeros((510, 1, 256), np.float32)
        np.savez(file, af_heart=style, bm_george=style, zf_xiaobei=style)
    files = {name: (folder / name).read_bytes() for name in ("model.onnx", "voices.bin")}
    monkeypatch.setattr(kokoro_files, "MODELS", {"float32": pinned("model.onnx", files["model.onnx"])})
    monkeypatch.setattr(kokoro_files, "VOICES_FILE", pinned("voices.bin", files["voices.bin"]))
    package = ModuleType("kokoro_onnx")
    package.Kokoro = FakeKokoro  # type: ignore[attr-defined]
    package.__spec__ = sys.__spec__
    monkeypatch.setitem(sys.modules, "kokoro_onnx", package)
    monkeypatch.setattr(FakeKokoro, "asked", [])
    return folder


def pinned(name: str, data: bytes) -> ModelFile:
    return ModelFile(name, len(data), hashlib.sha256(data).hexdigest())


async def spoken(folder: Path, text: str = TEXT, voice: str = "", speed: float = 1.0) -> Any:
    engine = Kokoro(folder)
    try:
        return await engine.synthesize(text, voice, speed)
    finally:
        await engine.close()


async def test_phonemes_and_words_come_at_the_timings(folder: Path) -> None:
    speech = await spoken(folder)
    assert [(p.ipa, round(p.start, 3)) for p in speech.phonemes] == [
        ("h", 0.0), ("ə", 0.1), ("l", 0.2), ("ˈo", 0.3), ("ʊ", 0.5), ("", 0.6), ("j", 0.7), ("uː", 0.8),
        ("", 1.0),
    ]  # fmt: skip
    assert speech.phonemes[-1].end == pytest.approx(speech.seconds) == pytest.approx(1.1)
    assert [TEXT[w.begin : w.stop] for w in speech.words] == ["Hello", "you"]


async def test_a_short_space_is_no_pause(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = [Timing(t.phoneme, t.start / 2, t.end / 2) for t in TIMINGS]
    monkeypatch.setattr(FakeKokoro, "timings", quick)
    speech = await spoken(folder)
    assert [p.ipa for p in speech.phonemes] == ["h", "ə", "l", "ˈo", "ʊ", "j", "uː", ""]
    assert [TEXT[w.begin : w.stop] for w in speech.words] == ["Hello", "you"]


async def test_an_older_model_has_no_times(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeKokoro, "timings", [])
    speech = await spoken(folder)
    assert speech.phonemes == () and speech.words == () and speech.seconds == pytest.approx(1.1)


async def test_the_sound_is_16_bit_and_clipped(folder: Path) -> None:
    speech = await spoken(folder)
    assert speech.pcm.dtype == np.int16 and speech.rate == 24_000
    assert (speech.pcm[0], speech.pcm[-1]) == (-32767, 32767)
    assert abs(int(speech.pcm[len(speech.pcm) // 2])) < 10


@pytest.mark.parametrize(
    ("voice", "asked"),
    [
        ("", ("af_heart", "en-us")),
        ("bm_george", ("bm_george", "en-gb")),
        ("zf_xiaobei", ("zf_xiaobei", "cmn")),
    ],
)
async def test_a_voice_speaks_its_language(folder: Path, voice: str, asked: tuple[str, str]) -> None:
    await spoken(folder, voice=voice, speed=1.5)
    assert FakeKokoro.asked == [(TEXT, asked[0], 1.5, asked[1])]


async def test_voices_are_those_of_the_file(folder: Path) -> None:
    engine = Kokoro(folder)
    voices = await engine.voices()
    await engine.close()
    assert [(v.name, v.language, v.engine) for v in voices] == [
        ("af_heart", "en-us", "kokoro"), ("bm_george", "en-gb", "kokoro"), ("zf_xiaobei", "cmn", "kokoro"),
    ]  # fmt: skip


async def test_an_unknown_voice_is_refused(folder: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean 'bm_george'"):
        await spoken(folder, voice="bm_georg")


async def test_what_it_cannot_say_is_told(folder: Path) -> None:
    with pytest.raises(EngineFailed, match=r"could not say '\.\.\.': Nothing to synthesize"):
        await spoken(folder, "...")


async def test_a_model_that_does_not_load_is_told(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"broken file")
    with pytest.raises(SetupError, match=r"cannot load .*Protobuf.*voices fetch --again"):
        await spoken(folder)


async def test_a_voices_file_that_does_not_load_is_told(folder: Path) -> None:
    (folder / "voices.bin").write_bytes(bytes((folder / "voices.bin").stat().st_size))
    engine = Kokoro(folder)
    with pytest.raises(SetupError, match=r"cannot read .*voices\.bin"):
        await engine.voices()
    await engine.close()


async def test_without_the_model_the_fix_is_named(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    with pytest.raises(SetupError, match="run: avatar-rtc voices fetch"):
        await spoken(folder)


def test_without_the_package_the_fix_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kokoro, "PACKAGE", "no_such_package_as_kokoro")
    assert "pip install 'avatar-rtc[kokoro]'" in kokoro.absence(tmp_path)


async def test_the_real_package_speaks_with_a_real_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model that comes with the extra `japanese`: Kokoro of the release before, which tells no times."""
    model, voices = joined_model(), (data_folder() / "voices_ja.npz").read_bytes()
    own = ModelFile("model.onnx", len(model), ""), ModelFile("voices.npz", len(voices), "")
    for file, data in zip(own, (model, voices), strict=True):
        (tmp_path / file.name).write_bytes(data)
    monkeypatch.setattr(kokoro_files, "MODELS", {"int8": own[0]})
    monkeypatch.setattr(kokoro_files, "VOICES_FILE", own[1])
    engine = Kokoro(tmp_path)
    try:
        assert "jf_alpha" in [voice.name for voice in await engine.voices()]
        speech = await engine.synthesize("ねこ", "jf_alpha", 1.0)
        assert speech.rate == 24_000 and speech.seconds > 0.3 and speech.phonemes == ()
        assert np.abs(speech.pcm).max() > 1_000
    finally:
        await engine.close()
