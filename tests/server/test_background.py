"""Processes in the background: they end with whoever started them, by any death, and with their children."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from avatar_rtc.server.background import run_in_background

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
        "import signal\n[signal.signal(n, signal.SIG_IGN) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]"
        "\ntime.sleep(600)"
    ),
}
SERVER = """
import asyncio, sys
from avatar_rtc.server.background import run_in_background
async def main():
    def hear(line):
        print(line.decode().strip(), flush=True)
    await run_in_background([sys.executable, "-c", sys.argv[1]], hear, 600)
asyncio.run(main())
"""


async def gone(pid: int, within: float = 10.0) -> None:
    async with asyncio.timeout(within):
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("work", BUSY.values(), ids=BUSY)
async def test_a_killed_server_takes_them_along(work: str) -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, CHILD.format(work=work)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        grandchild = int(await asyncio.to_thread(server.stdout.readline))
        child = psutil.Process(grandchild).ppid()
        assert psutil.Process(child).ppid() == server.pid
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()
    await gone(child)
    await gone(grandchild)


@pytest.mark.parametrize("work", [BUSY["asleep"], BUSY["in Python"]])
async def test_cancelled_it_is_ended_with_its_children(work: str) -> None:
    heard: asyncio.Queue[int] = asyncio.Queue()
    command = [sys.executable, "-c", CHILD.format(work=work)]
    run = asyncio.create_task(run_in_background(command, lambda line: heard.put_nowait(int(line)), 60))
    grandchild = await asyncio.wait_for(heard.get(), 20)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    await gone(grandchild)


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
