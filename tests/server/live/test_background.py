"""Processes in the background: they end with whoever started them, by any death, and with their children."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from avatar_rtc.server.live.background import run_in_background

pytestmark = pytest.mark.skipif(not hasattr(os, "killpg"), reason="process groups are POSIX only")
CHILD = """
import subprocess, sys, time
from avatar_rtc.cli.background import end_with_input
end_with_input()
own = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(own.pid, flush=True)
{work}
"""
BUSY = {
    "asleep": "time.sleep(600)",
    "in Python": "while True: pass",
    "in a kernel": "import numpy as np\na = np.ones((3000, 3000))\nwhile True: a @ a",
    "deaf to signals": (
        "import signal\n"
        "for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(n, signal.SIG_IGN)\n"
        "time.sleep(600)"
    ),
}
SERVER = """
import asyncio, sys
from avatar_rtc.server.live.background import run_in_background
async def main():
    def hear(line):
        print(line.decode().strip(), flush=True)
    await run_in_background([sys.executable, "-c", sys.argv[1]], hear, 600)
asyncio.run(main())
"""


def gone(pid: int) -> None:
    """Wait until a process is gone."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            process.wait(timeout=10)


@pytest.mark.parametrize("work", BUSY.values(), ids=BUSY)
def test_a_killed_server_takes_them_along(work: str) -> None:
    command = [sys.executable, "-c", SERVER, CHILD.format(work=work)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            grandchild = int(server.stdout.readline())
            child = psutil.Process(grandchild).ppid()
            assert psutil.Process(child).ppid() == server.pid
        finally:
            server.send_signal(signal.SIGKILL)
    gone(child)
    gone(grandchild)


@pytest.mark.parametrize("work", [BUSY["asleep"], BUSY["in Python"]])
async def test_cancelled_it_is_ended_with_its_children(work: str) -> None:
    heard: asyncio.Queue[int] = asyncio.Queue()
    command = [sys.executable, "-c", CHILD.format(work=work)]
    run = asyncio.create_task(run_in_background(command, lambda line: heard.put_nowait(int(line)), 60))
    grandchild = await asyncio.wait_for(heard.get(), 20)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    await asyncio.to_thread(gone, grandchild)


async def test_a_cancellation_that_comes_along_with_a_line_is_not_lost() -> None:
    command = [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(600)"]
    runs: list[asyncio.Task] = []
    runs.append(asyncio.create_task(run_in_background(command, lambda line: None, 60)))
    read = asyncio.StreamReader.feed_data

    def feed(self: asyncio.StreamReader, data: bytes) -> None:
        read(self, data)
        asyncio.get_running_loop().call_soon(runs[0].cancel)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.StreamReader, "feed_data", feed)
        async with asyncio.timeout(20):
            await asyncio.wait(runs)
    assert runs[0].cancelled()


async def test_how_it_ended_is_told(tmp_path: Path) -> None:
    async def run(script: str, silence_s: float = 60.0):
        lines: list[bytes] = []
        ended = await run_in_background([sys.executable, "-c", script], lines.append, silence_s)
        return ended.code, ended.said, lines

    assert await run("print('a'); print('b')") == (0, "", [b"a\n", b"b\n"])
    code, said, lines = await run("import sys; print('why', file=sys.stderr); sys.exit(3)")
    assert (code, said, lines) == (3, "why", [])
    assert (await run("import os; os.kill(os.getpid(), 9)"))[0] == -9
    # More than a pipe or a line may hold, on either of both.
    flood = "import sys\nfor f in (sys.stdout, sys.stderr): f.write('x' * 10**6 + '\\n')\nprint('last')"
    code, said, lines = await run(flood)
    assert code == 0 and len(said) <= 4096 and lines[-1] == b"last\n"
    with pytest.raises(TimeoutError):
        await run("import time; time.sleep(600)", 0.3)
    with pytest.raises(OSError):
        await run_in_background([str(tmp_path / "nothing")], lines.append, 60)
