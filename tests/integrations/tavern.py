"""A real SillyTavern with our extension in it, and a model that answers as it is told."""

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from avatar_rtc.bench.scripted_upstream import chat_events, chat_whole
from avatar_rtc.render.tha3.weights_files import cache_folder
from tests.documents import ROOT

PACKAGE = "sillytavern@1.19.0"
EXTENSION = ROOT / "integrations" / "sillytavern"
INSTALL_S, START_S = 300, 240
QUIET = ("--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=0", "--ignore-scripts")
Tokens = Sequence[tuple[float, str]]


def installed() -> Path:
    """The folder of the package, fetched once for all runs. Skips where npm cannot fetch it."""
    if not (shutil.which("npm") and shutil.which("node")):
        pytest.skip("no npm is installed")
    home = cache_folder() / f"test-{PACKAGE.replace('@', '-')}"
    package = home / "node_modules" / "sillytavern"
    if (home / "installed").exists():
        return package
    home.mkdir(parents=True, exist_ok=True)
    (home / "package.json").write_text('{"private": true}')
    command = ["npm", "install", *QUIET, PACKAGE]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    if done.returncode:
        pytest.skip(f"npm cannot fetch {PACKAGE}: {done.stderr.strip().splitlines()[-1]}")
    (home / "installed").touch()
    return package


def template(package: Path) -> Path:
    """The data of one that has been started once: it compiles its libraries at the first start."""
    data = package.parents[1] / "data"
    if not (data / "complete").exists():
        shutil.rmtree(data, ignore_errors=True)
        tavern = Tavern(package, data, data.with_name("config.yaml"))
        tavern.close()
        (data / "complete").touch()
    return data


def free_port() -> int:
    """One for a program that wants to be told; it is free for now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


class Tavern:
    """SillyTavern in a process of its own."""

    def __init__(self, package: Path, data: Path, config: Path, port: int | None = None) -> None:
        self.port = free_port() if port is None else port
        self.data = data
        data.mkdir(parents=True, exist_ok=True)
        options = {"--configPath": config, "--dataRoot": data, "--port": self.port}
        options["--browserLaunchEnabled"] = "false"
        command = ["node", "server.js", *(str(each) for pair in options.items() for each in pair)]
        self._log = config.with_suffix(".log").open("w")
        self._process = subprocess.Popen(
            command, cwd=package, stdout=self._log, stderr=subprocess.STDOUT, start_new_session=True
        )
        self._wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> Any:
        """What it has kept."""
        return json.loads((self.data / "default-user" / "settings.json").read_text())

    def close(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(5)
        self._log.close()

    def _wait(self) -> None:
        end = time.monotonic() + START_S
        while time.monotonic() < end and self._process.poll() is None:
            try:
                with urllib.request.urlopen(self.url, timeout=5):
                    return
            except OSError:
                time.sleep(0.1)
        self.close()
        raise AssertionError(f"SillyTavern did not start: {Path(self._log.name).read_text()[-800:]}")


def prepare(data: Path, template_of: Path, model: str, ours: Mapping[str, object]) -> None:
    """A user's data: our extension in its place, the model set up, our settings, two cards and a group."""
    shutil.copytree(template_of, data, symlinks=True)
    user = data / "default-user"
    shutil.copytree(EXTENSION, user / "extensions" / "avatar-rtc")
    path = user / "settings.json"
    kept = json.loads(path.read_text())
    kept |= {"firstRun": False, "main_api": "openai", "username": "Kim"}
    kept["power_user"] |= {"auto_connect": True, "streaming_fps": 60, "movingUI": False}
    kept["oai_settings"] |= {
        "chat_completion_source": "custom",
        "custom_url": model,
        "custom_model": "tiny",
        "stream_openai": True,
        "bypass_status_check": True,
    }
    kept["extension_settings"]["avatar_rtc"] = dict(ours)
    path.write_text(json.dumps(kept))
    for card in (user / "characters").glob("*.png"):
        card.unlink()
    for name in CARDS:
        write_card(user / "characters" / f"{name}.png", name)
    group: dict[str, object] = {
        "id": "1",
        "name": "Both",
        "members": [f"{name}.png" for name in CARDS],
        "chat_id": "both",
    }
    group |= {
        "chats": ["both"],
        "activation_strategy": 1,
        "disabled_members": [],
        "allow_self_responses": False,
    }
    (user / "groups" / "1.json").write_text(json.dumps(group))


CARDS = ("Liora", "Tavi")
SECRET = "what the card says of its character"


def write_card(path: Path, name: str) -> None:
    """A card of SillyTavern with the picture of a shipped character."""
    told: dict[str, object] = {
        "name": name,
        "description": SECRET,
        "first_mes": "",
        "personality": "",
        "mes_example": "",
    }
    told |= {"scenario": "", "creator_notes": "", "system_prompt": "", "post_history_instructions": ""}
    told |= {"alternate_greetings": [], "tags": [], "creator": "", "character_version": "", "extensions": {}}
    whole = {"spec": "chara_card_v2", "spec_version": "2.0", "data": told, **told}
    text = PngInfo()
    text.add_text("chara", base64.b64encode(json.dumps(whole).encode()).decode())
    with Image.open(ROOT / "assets" / "characters" / name.lower() / "character.png") as picture:
        picture.save(path, "PNG", pnginfo=text)


class Model(ThreadingHTTPServer):
    """OpenAI's chat completions; `reply` is what is answered next, token by token."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.reply: Tokens = ()
        self.asked = 0
        self.left = threading.Event()
        """Set when a caller has gone before the end."""
        self._thread = threading.Thread(target=self.serve_forever, name="scripted model", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def tells(self, text: str, pace_s: float = 0.02) -> None:
        """From now on, word by word."""
        self.reply = [(pace_s, f"{word} ") for word in text.split(" ")]

    def close(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Answering(BaseHTTPRequestHandler):
    server: Model

    def do_GET(self) -> None:
        self._head("application/json")
        self.wfile.write(json.dumps({"object": "list", "data": [{"id": "tiny"}]}).encode())

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked += 1
        reply = self.server.reply
        if not asked.get("stream"):
            self._head("application/json")
            self.wfile.write(chat_whole("".join(token for _, token in reply)))
            return
        self._head("text/event-stream")
        first, *events = chat_events([token for _, token in reply])
        try:
            self.wfile.write(first)
            for event, (after_s, _) in zip(events, [*reply, (0, ""), (0, "")], strict=True):
                time.sleep(after_s)
                self.wfile.write(event)
        except OSError:
            self.server.left.set()

    def _head(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
