"""Which weights `serve` fetches before it starts: none where a student animates."""

import subprocess
from pathlib import Path

import pytest

from avatar_rtc.cli import serve
from avatar_rtc.config import Config


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """The commands run to fetch weights, on a machine that has none and no GPU."""
    runs: list[list[str]] = []

    def run(command: list[str], check: bool) -> subprocess.CompletedProcess[bytes]:
        runs.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setenv("AVATAR_RTC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(serve.subprocess, "run", run)
    monkeypatch.setattr(serve.shutil, "which", lambda name: None)
    return runs


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"animator": "auto"}, 0),
        ({"animator": "auto", "device": "cuda"}, 1),
        ({"animator": "tha3"}, 1),
        ({"animator": "student"}, 0),
        ({"animator": "auto", "character": "plain"}, 1),
        ({"animator": "auto", "character": "liora"}, 0),  # shipped with one
        ({"animator": "auto", "character": "placeholder"}, 1),
    ],
    ids=str,
)
def test_weights_are_fetched_only_where_thas_needed(fetched, tmp_path, settings, wanted) -> None:
    for name, student in (("clever", True), ("plain", False)):
        folder = tmp_path / "data" / "characters" / name
        folder.mkdir(parents=True)
        (folder / "character.png").write_bytes(b"")
        if student:
            (folder / "student.safetensors").write_bytes(b"")
    serve.ensure_weights(Config(**{"character": "clever", "data_dir": tmp_path / "data", **settings}))
    assert len(fetched) == wanted
