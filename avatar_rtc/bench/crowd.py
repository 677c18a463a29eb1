"""The bench's end of `avatar_rtc.bench.viewers`: start a crowd, count what it receives."""

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any, TypeVar

from avatar_rtc.errors import SetupError

Done = TypeVar("Done")


@dataclass(frozen=True)
class Crowd:
    """Viewers in a process of their own, all connected."""

    count: int
    _stdin: IO[str]
    _stdout: IO[str]
    _process: "subprocess.Popen[str]"

    def watch(self, seconds: float, sample: Callable[[], float]) -> tuple[float, list[dict[str, float]]]:
        """Watch for `seconds`.

        Returns:
            How much `sample()` grew per second, and per viewer `fps` and `max_gap_ms`.

        Raises:
            SetupError: the crowd broke down.
        """

        def wait() -> float:
            before, start = sample(), time.monotonic()
            time.sleep(seconds)
            return (sample() - before) / (time.monotonic() - start)

        return self.beside(wait)

    def beside(self, work: Callable[[], Done]) -> tuple[Done, list[dict[str, float]]]:
        """Watch while something else is done.

        Returns:
            What `work` gives, and per viewer `fps` and `max_gap_ms` meanwhile. Raises as `watch`.
        """
        begun = self.begin()
        return work(), self.counted(begun)

    def begin(self) -> float:
        """Count from now on; gives the CLOCK_MONOTONIC second of it. Raises as `watch`."""
        self._say("go")
        return time.monotonic()

    def counted(self, begun: float) -> list[dict[str, float]]:
        """Per viewer `fps` and `max_gap_ms` since `begin`. Raises as `watch`."""
        took = time.monotonic() - begun
        self._say("stop")
        report: dict[str, Any] = json.loads(self._stdout.readline() or "{}")
        viewers: list[dict[str, float]] = report.get("viewers", [])
        # A viewer that got no frame at all has no decoder yet, and counts as 0 fps.
        viewers += [{"fps": 0.0, "max_gap_ms": took * 1000}] * (self.count - len(viewers))
        return viewers

    def end(self, how: signal.Signals) -> None:
        """Kill or stop the process without a word to the server; `watch` is over then."""
        self._process.send_signal(how)

    def _say(self, line: str) -> None:
        try:
            self._stdin.write(line + "\n")
            self._stdin.flush()
        except OSError:
            raise SetupError("the process with the viewers is gone") from None


@contextlib.contextmanager
def crowd(
    url: str,
    count: int,
    *,
    audio: bool = True,
    settle_s: float = 1.0,
    bare: bool = False,
    light: bool = False,
) -> Iterator[Crowd]:
    """`count` viewers that decode nothing, connected for at least `settle_s`; gone after the block.

    Args:
        bare: without data channels, as plain players are.
        light: they only count pictures, so that many take less of a processor.

    Raises:
        SetupError: they could not connect.
    """
    command = [sys.executable, "-m", "avatar_rtc.bench.viewers", url, str(count)]
    process = subprocess.Popen(
        [*command, *["--no-audio"] * (not audio), *["--bare"] * bare, *["--light"] * light],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        if process.stdout.readline().strip() != "ready":
            raise SetupError(f"{count} viewers could not connect to {url}")
        time.sleep(settle_s)
        yield Crowd(count, process.stdin, process.stdout, process)
    finally:
        with contextlib.suppress(OSError):
            process.stdin.close()
        process.stdout.close()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
