"""`avatar-rtc serve` tells at the start what is wrong with its settings, and ends with exit code 2."""

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

SERVE = (sys.executable, "-m", "avatar_rtc", "serve", "--animator", "static", "--port", "0")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SERVE, *arguments], capture_output=True, text=True, timeout=60)


def has_cuda() -> bool:
    return any(Path("/dev").glob("nvidia*"))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("data_dir = '{here}/file'", "data_dir: cannot make"),
        ("data_dir = '{here}/file/below'", "data_dir: cannot make"),
        ("[speech]\nemotion_model = '{here}/none'", "emotion_model: there is none"),
        ("[speech]\nvoice = 'nobody'", "speech.voice is 'nobody': unknown voice"),
        ("[speech]\nvoice = 'voicevox:1'", "speech.voice"),
        (
            "disclosure_cert = '{here}/file'\ndisclosure_key = '{here}/file'",
            "file holds no private key in PEM",
        ),
        ("disclosure_cert = '{here}/file'", "disclosure_key is missing"),
        ("character = '{here}/none.png'", "none.png"),
        ("character = 'nobody'", "nobody"),
        ("chracter = 'liora'", "did you mean 'character'"),
    ],
)
def test_bad_settings_end_with_2(tmp_path, settings, says) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "config.toml").write_text(settings.format(here=tmp_path.as_posix()))
    done = run("--config", str(tmp_path / "config.toml"))
    assert done.returncode == 2, done.stderr
    assert says in done.stderr and "Traceback" not in done.stderr and "live avatar" not in done.stdout


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_data_folder_ends_with_2(tmp_path) -> None:
    (tmp_path / "data").mkdir(mode=0o500)
    (tmp_path / "config.toml").write_text(f"data_dir = '{tmp_path.as_posix()}/data'")
    done = run("--config", str(tmp_path / "config.toml"))
    assert done.returncode == 2 and "cannot be written" in done.stderr


@pytest.mark.skipif(has_cuda(), reason="there is a GPU")
def test_a_device_that_is_not_here_ends_with_2() -> None:
    done = run("--device", "cuda")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no CUDA GPU" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_the_open_address_is_told_and_requests_are_logged_without_secrets() -> None:
    command = [*SERVE, "--host", "0.0.0.0", "--insecure", "--log-level", "info"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found = re.search(r":(\d+)/", process.stdout.readline())
    assert found
    base = f"http://127.0.0.1:{found[1]}"
    for path, status in (
        ("/api/v1/avatars/main?secret=hush", 200),
        ("/api/v1/avatars/main/whep/verysecretviewer", 404),
        ("/api/v1/avatars/0123456789abcdef0123456789abcdef", 404),
        ("/%0aforged%20line", 404),
    ):
        try:
            urllib.request.urlopen(base + path, timeout=10).close()
        except urllib.error.HTTPError as error:
            assert error.code == status
            error.close()
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "WARNING: 0.0.0.0 is open to the network" in told.splitlines()[0]
    assert re.search(r"GET /api/v1/avatars/main 200 \d+ B \d+ ms 127.0.0.1", told)
    assert "GET /api/v1/avatars/0123… 404" in told and "GET /%0aforged%20line 404" in told
    for secret in ("hush", "verysecret", "89abcdef", "ice-pwd"):
        assert secret not in told
