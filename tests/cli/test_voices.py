"""`avatar-rtc voices`: the list, and fetching into the cache."""

import hashlib
from pathlib import Path

import pytest

from avatar_rtc.cli.main import main
from avatar_rtc.fetching import ModelFile
from avatar_rtc.speech.voices import engines, kokoro_files
from tests.speech.stub_server import nobody


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a width at which no line is broken."""
    monkeypatch.setenv("AVATAR_RTC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "cache"


def test_voices_are_listed_and_what_is_away_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "avatar.toml"
    file.write_text(f'host = "0.0.0.0"\n[speech]\npiper_url = "{nobody()}"\n')
    assert main(["voices", "--config", str(file)]) == 0
    out = capsys.readouterr().out
    rows = [line.replace("│", " ").split() for line in out.splitlines()]
    assert ["espeak", "en-us", "en-us", "Latin"] in rows and ["espeak", "ru", "ru", "Cyrillic"] in rows
    assert "piper: the piper server at http://127.0.0.1" in out
    assert "kokoro: " in out and "avatar-rtc" in out


def test_a_machine_without_a_voice_is_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda name: None)
    assert main(["voices"]) == 1
    assert "pip install 'avatar-rtc[espeak]'" in capsys.readouterr().out


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of small files that pass for the model."""
    folder = tmp_path / "source"
    folder.mkdir()
    files = {}
    for name in ("float32.onnx", "int8.onnx", "voices.bin"):
        data = name.encode() * 100
        (folder / name).write_bytes(data)
        files[name] = ModelFile(name, len(data), hashlib.sha256(data).hexdigest())
    monkeypatch.setattr(
        kokoro_files, "MODELS", {"float32": files["float32.onnx"], "int8": files["int8.onnx"]}
    )
    monkeypatch.setattr(kokoro_files, "VOICES_FILE", files["voices.bin"])
    return folder


def test_fetch_puts_the_model_into_the_cache(
    source: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["voices", "fetch", "--from", str(source)]) == 0
    assert sorted(p.name for p in (cache / "kokoro").iterdir()) == ["float32.onnx", "voices.bin"]
    assert str(cache / "kokoro") in capsys.readouterr().err
    assert main(["voices", "fetch", "--from", str(source), "--precision", "int8"]) == 0
    assert (cache / "kokoro" / "int8.onnx").exists()


def test_a_wrong_file_is_1_and_is_not_kept(
    source: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (source / "voices.bin").write_bytes(b"other")
    assert main(["voices", "fetch", "--from", str(source)]) == 1
    assert "not the official file" in capsys.readouterr().err
    assert sorted(p.name for p in (cache / "kokoro").iterdir()) == ["float32.onnx"]


def test_a_wrong_configuration_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "avatar.toml"
    file.write_text("[speech]\nspeed = 9\n")
    assert main(["voices", "--config", str(file)]) == 2
    assert "speech.speed" in capsys.readouterr().err
