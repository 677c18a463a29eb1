"""`avatar-rtc record` against a served avatar."""

import json
import signal
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from avatar_rtc.bench.served import Served, served
from avatar_rtc.cli.main import main
from tests.lean import PROGRAM


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--out", "clip.avi"], "none of .mp4, .webm, .zip"),
        (["--out", "nowhere/clip.mp4"], "a folder that is there"),
        (["--out", "clip.mp4", "--seconds", "0"], "greater than 0"),
        (["--out", "clip.mp4", "--size", "7x7"], "like 1280x720"),
        (["--out", "clip.mp4", "--url", "ftp://example.org"], "http"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_is_refused(
    arguments: list[str], wanted: str, capsys: pytest.CaptureFixture[str], monkeypatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["record", *arguments]) == 2
    assert wanted in capsys.readouterr().err


def test_a_server_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", "--url", "http://127.0.0.1:9", "--out", str(tmp_path / "clip.mp4")]) == 1
    assert "cannot reach" in capsys.readouterr().err


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("recording")
    settings = folder / "config.toml"
    settings.write_text(f"data_dir = {json.dumps(str(folder / 'data'))}\n")
    with served("--animator", "static", "--config", str(settings), program=PROGRAM) as found:
        yield found


def kept_on(server: Served) -> list[dict]:
    with urllib.request.urlopen(f"{server.url}api/v1/avatars/main/recordings", timeout=10) as response:
        return json.load(response)["recordings"]


@pytest.mark.slow
def test_so_many_seconds_are_fetched_and_nothing_stays(server: Served, tmp_path: Path) -> None:
    out = tmp_path / "clip.mp4"
    assert main(["record", "--url", server.url, "--out", str(out), "--seconds", "1.2"]) == 0
    with av.open(str(out)) as file:
        assert abs((file.duration or 0) / 1e6 - 1.2) <= 1 / 30
        assert [stream.codec_context.name for stream in file.streams] == ["h264", "aac"]
        times = [frame.time for frame in file.decode(video=0)]
    assert times[0] == 0 and times[-1] < 1.2
    assert kept_on(server) == []


@pytest.mark.slow
def test_ctrl_c_ends_it_and_fetches_the_file(server: Served, tmp_path: Path) -> None:
    out = tmp_path / "frames.zip"
    command = [sys.executable, "-m", "avatar_rtc", "record", "--url", server.url, "--out", str(out)]
    with subprocess.Popen([*command, "--keep"]) as process:
        until = time.monotonic() + 20
        while not any(kept["frames"] > 10 for kept in kept_on(server)) and time.monotonic() < until:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(40) == 0
    (kept,) = kept_on(server)
    with zipfile.ZipFile(out) as pack:
        assert len([name for name in pack.namelist() if name.endswith(".png")]) == kept["frames"] > 10
