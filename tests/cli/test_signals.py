"""The end comes also where a thread never returns."""

import subprocess
import sys

import pytest

CODE = """
import asyncio, os, signal, time
from avatar_rtc.cli.signals import catch_signals

async def main():
    stop = catch_signals(ending_s=0.2)
    asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)
    os.kill(os.getpid(), signal.SIGTERM)
    await stop.wait()
    {then}

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("then", "code"), [("pass", 0), ("time.sleep(60)", 0), ("os.kill(os.getpid(), 15); time.sleep(60)", 0)]
)
def test_a_stuck_thread_is_left(then: str, code: int) -> None:
    done = subprocess.run([sys.executable, "-c", CODE.format(then=then)], capture_output=True, timeout=20)
    assert done.returncode == code, done.stderr
    assert b"did not end in time" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_second_signal_does_not_wait() -> None:
    then = "os.kill(os.getpid(), signal.SIGINT); await asyncio.sleep(60)"
    code = CODE.format(then=then).replace("ending_s=0.2", "ending_s=60")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=20)
    assert done.returncode == 128 + 2
