"""Threads share what they take of the system."""

import subprocess
import sys

import pytest

SCRIPT = """
import re, sys, threading, ctypes
from avatar_rtc.cli.memory import share_arenas
share_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
both = threading.Barrier(8)
def take():
    both.wait()
    libc.malloc(5000)
    both.wait()
threads = [threading.Thread(target=take) for _ in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
libc.malloc_stats()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is asked")
def test_eight_threads_have_two_arenas() -> None:
    told = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True).stderr
    assert told.count("Arena ") == 2
