"""The wheel in a fresh environment, started from another folder, as a user has it."""

import json
import os
import subprocess
import sys
import time
import urllib.request
import venv
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as response:
        body: bytes = response.read()
    return body


def until_live(url: str, seconds: float) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while True:
        about: dict[str, Any] = json.loads(fetch(url))
        if about["state"] != "starting" or time.monotonic() > deadline:
            return about
        time.sleep(0.2)


@pytest.mark.slow
def test_a_wheel_serves_from_another_folder(tmp_path: Path) -> None:
    run = [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(run, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=True)
    binaries = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    install = [binaries / "python", "-m", "pip", "install", "--disable-pip-version-check", "-q"]
    subprocess.run([*install, "-c", ROOT / "constraints.txt", wheel], check=True, timeout=300)

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    server = subprocess.Popen(
        [binaries / "avatar-rtc", "serve", "--animator", "static", "--port", "0"],
        cwd=elsewhere,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        url = next(word for word in line.split() if word.startswith("http"))
        assert b"<avatar-rtc" in fetch(url)
        assert b"customElements" in fetch(f"{url}avatar-rtc.js")
        about = until_live(f"{url}api/v1/avatars/main", 30)
        assert about["state"] == "live" and len(about["emotions"]) == 28
        server.terminate()
        assert server.wait(timeout=15) == 0
    finally:
        server.kill()
        server.stdout.close()
        server.wait()
