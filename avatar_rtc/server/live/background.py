"""A process for work that takes long. It ends with the server, whatever ends that.

Its input is a pipe that only the server holds: when the server is gone, killed or not, the input ends, and
the process ends itself and its children (`cli/background.py`).
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_GRACE_S = 5.0
"""From a polite end to a forced one."""
_TEARDOWN_S = 15.0
"""From its last line to its end; torch takes a while to go."""
_TAIL_BYTES = 4096


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    """Its exit code; of a process that a signal ended, minus the signal's number."""
    said: str
    """The end of what it wrote to stderr."""


async def run_in_background(command: Sequence[str], hear: Callable[[bytes], None], silence_s: float) -> Ended:
    """Run a command to its end; cancelled, it is ended with all its children before this returns.

    Args:
        hear: called with each line of its output.
        silence_s: how long it may print nothing.

    Raises:
        OSError: it cannot be started.
        TimeoutError: it printed nothing for too long, and was ended.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # a group of its own, so that its children end with it
    )
    assert process.stdout is not None and process.stderr is not None
    tail = asyncio.create_task(_tail(process.stderr))
    try:
        # Not `wait_for`, which in Python 3.11 may lose a cancellation that comes along with a line.
        while line := await _line(process.stdout, silence_s):
            hear(line)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TEARDOWN_S):
                await process.wait()
    finally:
        try:
            await _end(process)
        finally:
            # A child of its own that got away may hold the pipe.
            await asyncio.wait([tail], timeout=1.0)
            tail.cancel()
    said = tail.result() if tail.done() and not tail.cancelled() else b""
    return Ended(
        -1 if process.returncode is None else process.returncode, said.decode(errors="replace").strip()
    )


async def _line(stream: asyncio.StreamReader, within_s: float) -> bytes:
    """The next line, b"" at the end; one that is too long to be held is passed over."""
    while True:
        with contextlib.suppress(ValueError):
            async with asyncio.timeout(within_s):
                return await stream.readline()


async def _tail(stream: asyncio.StreamReader) -> bytes:
    kept = b""
    while chunk := await stream.read(65536):
        kept = (kept + chunk)[-_TAIL_BYTES:]
    return kept


async def _end(process: asyncio.subprocess.Process) -> None:
    try:
        if process.returncode is None:
            _signal(process, signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GRACE_S):
                    await process.wait()
    finally:
        _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
        await process.wait()


def _signal(process: asyncio.subprocess.Process, number: int) -> None:
    """To the process and all of its children; on Windows to the process alone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
