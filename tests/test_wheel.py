"""The wheel in an environment of its own, started from another folder, as a user has it."""

import json
import os
import subprocess
import sys
import sysconfig
import urllib.request
import venv
from pathlib import Path

import pytest

from tests.waiting import wait_until

ROOT = Path(__file__).parent.parent
FOLDER = "Scripts" if os.name == "nt" else "bin"


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as response:
        body: bytes = response.read()
    return body


def build_wheel(folder: Path) -> Path:
    run = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    subprocess.run(run, check=True, capture_output=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(environment: Path, *what: str | Path) -> None:
    """As `pip install` in the environment, which need not have a pip of its own."""
    pip = [sys.executable, "-m", "pip", "--python", str(environment / FOLDER / "python")]
    options = ["--disable-pip-version-check", "-q", "-c", str(ROOT / "constraints.txt")]
    subprocess.run([*pip, "install", *options, *map(str, what)], check=True, timeout=300)


def check_serves(environment: Path, elsewhere: Path) -> None:
    """Its `avatar-rtc serve`, started in another folder, serves the page and a live avatar, and ends."""
    elsewhere.mkdir()
    server = subprocess.Popen(
        [environment / FOLDER / "avatar-rtc", "serve", "--animator", "static", "--port", "0"],
        cwd=elsewhere,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    try:
        line = server.stdout.readline()
        url = next(word for word in line.split() if word.startswith("http"))
        assert b"<avatar-rtc" in fetch(url)
        assert b"customElements" in fetch(f"{url}avatar-rtc.js")
        main = f"{url}api/v1/avatars/main"
        wait_until(lambda: json.loads(fetch(main))["state"] != "starting", 60)
        about = json.loads(fetch(main))
        assert about["state"] == "live" and len(about["emotions"]) == 28
        server.terminate()
        assert server.wait(timeout=30) == 0
    finally:
        server.kill()
        server.stdout.close()
        server.wait()


@pytest.mark.slow
def test_a_wheel_serves_from_another_folder(tmp_path: Path) -> None:
    """With the libraries of this environment: to install torch anew takes half a minute; see tests/soak."""
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False)
    install(environment, "--no-deps", build_wheel(tmp_path))
    (packages,) = environment.glob("[Ll]ib/**/site-packages")
    # Only the folder itself: how this environment finds the source is not read from there.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    assert (packages / "avatar_rtc" / "py.typed").is_file()
    check_serves(environment, tmp_path / "elsewhere")
