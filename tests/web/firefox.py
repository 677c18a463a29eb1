"""Firefox without a screen, driven by its own protocol (Marionette): no driver has to be installed."""

import contextlib
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.web.players import FIREFOX, FIREFOX_SETTINGS

_PORT_FILE = "MarionetteActivePort"
_START_S = 60.0
_SETTINGS = {
    "marionette.port": 0,
    **FIREFOX_SETTINGS,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.peerconnection.ice.loopback": True,
    "media.navigator.streams.fake": True,  # a microphone that hums
    "media.navigator.permission.disabled": True,
}


class Firefox:
    """One window; each message is its length, a colon, and JSON."""

    def __init__(self, connection: socket.socket) -> None:
        self._stream = connection.makefile("rwb")
        self._read()  # what it says of itself
        self._count = 0
        self.ask("WebDriver:NewSession", {})

    def ask(self, command: str, parameters: dict[str, Any]) -> Any:
        """The answer of a command of WebDriver."""
        self._count += 1
        text = json.dumps([0, self._count, command, parameters]).encode()
        self._stream.write(b"%d:%s" % (len(text), text))
        self._stream.flush()
        _, _, error, answer = self._read()
        assert error is None, error
        return answer

    def open(self, url: str) -> None:
        self.ask("WebDriver:Navigate", {"url": url})

    def evaluate(self, script: str) -> Any:
        """What an expression gives, a promise waited for."""
        body = f"const done = arguments[0]; Promise.resolve({script}).then(done);"
        return self.ask("WebDriver:ExecuteAsyncScript", {"script": body, "args": []})["value"]

    def click(self, selector: str) -> None:
        """As a user does, which a script's click is not."""
        found = self.ask("WebDriver:FindElement", {"using": "css selector", "value": selector})["value"]
        self.ask("WebDriver:ElementClick", {"id": next(iter(found.values()))})

    def _read(self) -> Any:
        length = b""
        while (byte := self._stream.read(1)) != b":":
            length += byte
        return json.loads(self._stream.read(int(length)))


@contextlib.contextmanager
def firefox(folder: Path) -> Iterator[Firefox]:
    """A Firefox with a profile of its own in the folder."""
    assert FIREFOX is not None
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in _SETTINGS.items())
    (folder / "user.js").write_text("\n".join(lines))
    process = subprocess.Popen(
        [FIREFOX, "--headless", "--no-remote", "--marionette", "--profile", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        port = _port(folder / _PORT_FILE)
        with socket.create_connection(("127.0.0.1", port), timeout=_START_S) as connection:
            yield Firefox(connection)
    finally:
        process.terminate()
        process.wait(20)


def _port(file: Path) -> int:
    deadline = time.monotonic() + _START_S
    while not (file.is_file() and file.read_text().strip()):
        assert time.monotonic() < deadline, "Firefox does not start"
        time.sleep(0.05)
    return int(file.read_text())
