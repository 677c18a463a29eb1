"""A real `avatar-rtc serve` in a process of its own, to be measured from outside."""

import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from avatar_rtc.errors import SetupError

START_TIMEOUT_S = 120.0
_POLL_S = 0.1
_URL = re.compile(rb"https?://\S+")


@dataclass(frozen=True)
class Served:
    """A running server."""

    url: str
    process: Any
    """The server itself as a `psutil.Process`; its render worker is a child of it."""

    def state(self) -> dict[str, Any]:
        """`GET /api/v1/avatars/main`."""
        with urllib.request.urlopen(f"{self.url}api/v1/avatars/main", timeout=10) as response:
            state: dict[str, Any] = json.load(response)
            return state

    def cpu_s(self) -> float:
        """CPU seconds of the server process so far, without its worker."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def workers(self) -> list[Any]:
        """Its render workers, the busiest first: the spare one behind it has rendered nothing."""
        found = [p for p in self.process.children() if "avatar_rtc.worker" in p.cmdline()]
        return sorted(found, key=lambda p: -(p.cpu_times().user + p.cpu_times().system))


@contextlib.contextmanager
def served(*flags: str, program: tuple[str, ...] = ("avatar_rtc", "serve")) -> Iterator[Served]:
    """A server on a free port whose avatar is live; ended with the block.

    Args:
        flags: of `avatar-rtc serve`.
        program: module and first arguments, for one that wraps `serve`.

    Raises:
        SetupError: it did not come up; the text ends with what it said.
    """
    process_class = _psutil().Process
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-m", *program, "--port", "0", *flags], stdout=said, stderr=subprocess.STDOUT
        )
        try:
            deadline = time.monotonic() + START_TIMEOUT_S
            server = Served(_url(process, said, deadline), process_class(process.pid))
            _until_live(server, process, said, deadline)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _psutil() -> Any:
    try:
        import psutil
    except ImportError:
        raise SetupError("the bench reads process times through psutil: pip install psutil") from None
    return psutil


def _url(process: "subprocess.Popen[bytes]", said: IO[bytes], deadline: float) -> str:
    while True:
        said.seek(0)
        if found := _URL.search(said.read()):
            return found[0].decode()
        _check(process, said, deadline, "printed no URL")
        time.sleep(_POLL_S)


def _until_live(server: Served, process: "subprocess.Popen[bytes]", said: IO[bytes], deadline: float) -> None:
    state: dict[str, Any] = {}
    while state.get("state") != "live":
        if state.get("state") == "failed":
            raise SetupError(f"the avatar failed: {state.get('detail')}")
        _check(process, said, deadline, "has no live avatar")
        time.sleep(_POLL_S)
        with contextlib.suppress(urllib.error.URLError):
            state = server.state()


def _check(process: "subprocess.Popen[bytes]", said: IO[bytes], deadline: float, what: str) -> None:
    if process.poll() is None and time.monotonic() < deadline:
        return
    said.seek(0)
    tail = said.read().decode("utf-8", "replace").strip()[-800:]
    ended = f"ended with code {process.returncode}" if process.poll() is not None else f"{what} in time"
    raise SetupError(f"the server to measure {ended}: {tail}")
