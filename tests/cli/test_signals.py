"""The end comes also where a thread never returns; a hang-up is one only where a terminal has hung up."""

import contextlib
import os
import signal
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


HANGUP = """
import asyncio, os, signal, sys
from avatar_rtc.cli.signals import catch_signals

async def main():
    stop = catch_signals(ending_s=60, on_hangup=lambda: print("reads anew", file=sys.stderr, flush=True))
    print("is there", file=sys.stderr, flush=True)
    await stop.wait()
    print("ends", file=sys.stderr, flush=True)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_service_reads_anew_on_sighup_as_often_as_it_is_told() -> None:
    code = [sys.executable, "-c", HANGUP]
    with subprocess.Popen(
        code, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, start_new_session=True
    ) as it:
        assert it.stderr is not None and it.stderr.readline() == b"is there\n"
        for _ in range(2):
            it.send_signal(signal.SIGHUP)
            assert it.stderr.readline() == b"reads anew\n"
        it.send_signal(signal.SIGTERM)
        assert it.stderr.readline() == b"ends\n"


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
@pytest.mark.parametrize("stdin", ["terminal", "nothing"])
def test_a_terminal_that_goes_away_ends_what_it_had_begun(stdin: str) -> None:
    """While it is there, a SIGHUP of a person is none of the terminal."""
    import pty  # which Windows has not

    told, write = os.pipe()
    pid, terminal = pty.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            os.dup2(write, 2)
            if stdin == "nothing":
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.execv(sys.executable, [sys.executable, "-c", HANGUP])
        os._exit(9)
    os.close(write)
    with os.fdopen(told, "rb") as stderr:
        assert stderr.readline() == b"is there\n"
        os.kill(pid, signal.SIGHUP)
        assert stderr.readline() == b"reads anew\n"
        os.close(terminal)
        assert stderr.readline() == b"ends\n"
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
