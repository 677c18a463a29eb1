"""`avatar-rtc trackers` as a user calls it, against a real server with a tracker that sends."""

import builtins
import json
import socket
import threading
from collections.abc import Iterator

import pytest

from avatar_rtc.bench.served import Served, served
from avatar_rtc.cli.main import main
from tests.lean import PROGRAM
from tests.server.trackers.test_trackers import free_port
from tests.trackers.test_vmc import APPLY, bone, bundle
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
LOOKS = {
    "straight ahead": ("y", 0.0),
    "own left": ("x", 20.0),
    "then up": ("y", 20.0),
    "shoulder": ("z", 20.0),
}
"""What is asked, and how a head turns then whose program has axes of its own."""


class Head:
    """A program that sends where a head is, thirty times a second."""

    def __init__(self, port: int) -> None:
        self.turn = ("y", 0.0)
        self._port, self._over = port, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            while not self._over.wait(1 / 30):
                sender.sendto(bundle(bone("Head", *self.turn), APPLY), ("127.0.0.1", self._port))


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("tracked")
    config = folder / "config.toml"
    config.write_text(f"data_dir = {json.dumps(str(folder))}\n[trackers]\nvmc = {port}\n")
    with served("--animator", "static", "--config", str(config), program=PROGRAM) as found:
        yield found


@pytest.fixture
def head(port: int) -> Iterator[Head]:
    made = Head(port)
    yield made
    made.close()


def test_a_tracker_is_listed_calibrated_and_forgotten(
    server: Served, head: Head, monkeypatch, capsys
) -> None:
    where = ["--url", server.url]

    def listed() -> str:
        assert main(["trackers", *where]) == 0
        return str(capsys.readouterr().out)

    def nobody(asked: str) -> str:
        raise EOFError

    assert "no face comes" in listed()
    monkeypatch.setattr(builtins, "input", nobody)
    assert main(["trackers", "calibrate", "vmc", *where]) == 2, "nobody presses Enter here"
    assert "in a terminal" in capsys.readouterr().err
    head.start()
    wait_until(lambda: "a face comes from 127.0.0.1" in listed())

    def press(asked: str) -> str:
        head.turn = next(turn for words, turn in LOOKS.items() if words in asked)
        axis, degrees = head.turn
        wanted = [abs(degrees) if each == axis else 0.0 for each in "yxz"]  # yaw, pitch and roll
        wait_until(lambda: [abs(each) for each in heads(server)] == pytest.approx(wanted, abs=0.2))
        return ""

    monkeypatch.setattr(builtins, "input", press)
    assert main(["trackers", "calibrate", "vmc", *where]) == 0
    assert "vmc is calibrated" in capsys.readouterr().out and "calibrated" in listed()
    assert main(["trackers", "forget", "vmc", *where]) == 0
    assert "calibrated" not in listed()


def heads(server: Served) -> list[float]:
    """The head of the tracker as the server reads it, in degrees."""
    import urllib.request

    with urllib.request.urlopen(f"{server.url}api/v1/trackers", timeout=10) as response:
        (told,) = json.load(response)["trackers"]
    return told["head"] or []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["calibrate"], "which one?"),
        (["forget", "openseeface"], "no tracker that is on"),
        (["jump"], "invalid"),
    ],
)
def test_what_cannot_be_is_told(server: Served, arguments: list[str], said: str, capsys) -> None:
    try:
        code = main(["trackers", *arguments, "--url", server.url])
    except SystemExit as ended:  # argparse's own
        code = ended.code if isinstance(ended.code, int) else 1
    assert (code, said in capsys.readouterr().err) == (2, True)
