"""The render worker as a child process behind a pair of pipes: the `Worker` protocol over asyncio streams.

Pipes and not a socket pair, so that Windows runs the same code.
"""

import asyncio
import contextlib
import math
import os
import sys
import time
from collections.abc import AsyncIterator

from avatar_rtc.link import HEADER_BYTES, Down, SetState, Up, body_length, pack, unpack

_CLOSE_GRACE_S = 4.0
_KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
    "MALLOC_TOP_PAD_": str(64 << 20),
    "MALLOC_ARENA_MAX": "1",
}
"""For glibc, which otherwise gives every picture back to the system and takes it again, page by page: the
sRGB curves take 25 ms that way and 10 ms this way. One arena, so that what one
thread has freed another can use. Read at process start only; others ignore it."""


class ProcessWorker:
    """A `python -m avatar_rtc.worker` and the pipes to it; made by `spawn_worker`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None and process.stdout is not None
        self._process, self._stdin, self._stdout = process, process.stdin, process.stdout
        self._unsent: dict[object, Down] = {}
        """In order; a SetState goes last, and the avatar's older one is not sent."""
        self._wake = asyncio.Event()
        self._writer = asyncio.create_task(self._write())

    @property
    def pid(self) -> int:
        """Process id, for operators and tests."""
        return self._process.pid

    def send(self, message: Down) -> None:
        """See `Worker.send`; a worker that is gone takes messages silently, `messages` tells of it."""
        key: object = (SetState, message.avatar) if isinstance(message, SetState) else object()
        # Last in line: the state may speak of what a message before it brings, such as a character.
        self._unsent.pop(key, None)
        self._unsent[key] = message
        self._wake.set()

    async def messages(self) -> AsyncIterator[Up]:
        """See `Worker.messages`."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                header = await self._stdout.readexactly(HEADER_BYTES)
                body = await self._stdout.readexactly(body_length(header))
                yield unpack(body)  # type: ignore[misc]  # only Up comes up

    async def close(self) -> None:
        """End the process: politely by the end of its input, then by force."""
        self._writer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._writer
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
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._unsent:
                    message = self._unsent.pop(next(iter(self._unsent)))
                    self._stdin.write(pack(message))
                    await self._stdin.drain()


async def spawn_worker(device: str, chain_ms: float = math.inf) -> ProcessWorker:
    """Start a render worker on a device ("auto", "cpu", "cuda", …); it announces itself with `Booted`.

    Args:
        chain_ms: what the operations of one frame may take.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "avatar_rtc.worker", "--device", device, "--spawned-at", repr(time.monotonic())),
        *("--chain-ms", repr(chain_ms)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=4 * 1024 * 1024,
        env={**_KEEP_MEMORY, **os.environ},
    )
    return ProcessWorker(process)
