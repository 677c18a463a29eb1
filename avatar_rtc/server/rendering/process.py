"""The render worker as a child process behind a pair of pipes: the `Worker` protocol over asyncio streams.

Pipes and not a socket pair, so that Windows runs the same code.
"""

import asyncio
import contextlib
import math
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

from avatar_rtc.link.orders import Down, Up
from avatar_rtc.link.pipe import pack, reading

_CLOSE_GRACE_S = 4.0
_PIECE_BYTES = 256 * 1024
"""Written at once; the transport copies what the pipe does not take."""
_KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
    "MALLOC_TOP_PAD_": str(64 << 20),
    "MALLOC_ARENA_MAX": "1",
}
"""For glibc, which otherwise gives every picture back to the system and takes it again, page by page: the
sRGB curves take 25 ms that way and 10 ms this way. One arena, so that what one thread has freed another can
use. Read at process start only; others ignore it."""


class ProcessWorker:
    """A `python -m avatar_rtc.worker` and the pipes to it; made by `spawn_worker`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None and process.stdout is not None
        self._process, self._stdin, self._stdout = process, process.stdin, process.stdout

    @property
    def pid(self) -> int:
        """Process id, for operators and tests."""
        return self._process.pid

    async def send(self, message: Down) -> None:
        """See `Worker.send`."""
        for buffer in pack(message):
            view = memoryview(buffer)
            for start in range(0, len(view), _PIECE_BYTES):
                self._stdin.write(view[start : start + _PIECE_BYTES])
                await self._stdin.drain()

    async def messages(self) -> AsyncIterator[Up]:
        """See `Worker.messages`."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                steps = reading()
                wanted = next(steps)
                while True:
                    data = await self._stdout.readexactly(wanted)
                    try:
                        wanted = steps.send(data)
                    except StopIteration as end:
                        message = end.value
                        break
                yield message

    def busy_s(self) -> float | None:
        """See `Worker.busy_s`."""
        return processor_s(self.pid)

    def memory_bytes(self) -> int | None:
        """See `Worker.memory_bytes`."""
        return resident_bytes(self.pid)

    async def close(self) -> None:
        """End the process: politely by the end of its input, then by force."""
        self._stdin.close()
        try:
            async with asyncio.timeout(_CLOSE_GRACE_S):
                while await self._stdout.read(65536):
                    pass  # a full pipe would keep it from ending
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()

    def kill(self) -> None:
        """See `Worker.kill`."""
        if self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            if sys.platform == "win32":
                self._process.kill()
            else:
                # `Process.kill` looks first whether it has ended, and asyncio would then miss that it has.
                os.kill(self.pid, signal.SIGKILL)


def processor_s(pid: int) -> float | None:
    """Seconds that all threads of a process have computed; None where the system does not tell.

    Counted on Linux alone, in steps of 10 ms.
    """
    try:
        # The name may hold spaces and brackets, so counting begins behind the last bracket.
        numbers = Path(f"/proc/{pid}/stat").read_text(encoding="latin-1").rpartition(")")[2].split()
        return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None


def resident_bytes(pid: int) -> int | None:
    """Main memory that a process holds, what it shares with others included; None where that is not told.

    Told on Linux alone.
    """
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


async def spawn_worker(device: str, chain_ms: float = math.inf) -> ProcessWorker:
    """Start a render worker on a device ("auto", "cpu", "cuda", …); it announces itself with `Booted`.

    Args:
        chain_ms: what the operations of one frame may take.

    Raises:
        OSError: the system starts no process now.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "avatar_rtc.worker", "--device", device),
        *("--spawned-at", repr(time.monotonic()), "--server", str(os.getpid())),
        *("--chain-ms", repr(chain_ms)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=4 * 1024 * 1024,
        env={**_KEEP_MEMORY, **os.environ},
    )
    return ProcessWorker(process)
