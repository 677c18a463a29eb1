"""The only calls of the worker that some systems lack."""

import contextlib
import ctypes
import os
import sys
import threading
import time
from typing import BinaryIO

_PIPE_BYTES = 1 << 20
"""As much as a user may have."""
_STILLS_NICENESS, _PICTURES_NICENESS = 10, 5


def yield_to_frames(is_live: bool = False) -> None:
    """Lower the priority of this thread, on Linux, where threads have one each; less for what is live."""
    if sys.platform == "linux":
        niceness = _PICTURES_NICENESS if is_live else _STILLS_NICENESS
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)


def widen(pipe: BinaryIO) -> None:
    """Let more go through a pipe at once, on Linux.

    An avatar has 3 to 8 MB. In 64 KiB at a time its reader has to wait a hundred times for the interpreter,
    which the rendering thread holds for up to 5 ms.
    """
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def own_seconds() -> float:
    """A clock of this thread, in s, that stands while it waits for a core, on Linux.

    So work is not taken for slow because the machine is busy. Sleeping and waiting for a device count.
    """
    return time.perf_counter() - _waited_s()


def _waited_s() -> float:
    """How long this thread was ready to run and did not."""
    if sys.platform == "linux":
        with (
            contextlib.suppress(OSError, ValueError, IndexError),
            open("/proc/thread-self/schedstat") as file,
        ):
            return int(file.read().split()[1]) / 1e9
    return 0.0


def give_back_memory() -> None:
    """Give the system what was freed and kept, where the C library can (glibc).

    What is allocated next costs a page fault for every page again, once.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
