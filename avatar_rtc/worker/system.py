"""The only calls of the worker that some systems lack."""

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from typing import BinaryIO

_PIPE_BYTES = 1 << 20
"""As much as a user may have."""
_STILLS_NICENESS, _PICTURES_NICENESS = 10, 5
_PR_SET_PDEATHSIG = 1
"""Of linux/prctl.h."""

_PAD = "MALLOC_TOP_PAD_"
"""Read by glibc when the process starts."""
_M_TRIM_THRESHOLD, _M_TOP_PAD, _MOST = -1, -2, 2**31 - 1
"""Of malloc.h."""
_LOOKED_AT = 1 << 18
"""Bytes; when less is freed glibc does not look."""


def yield_to_frames(is_live: bool = False) -> None:
    """Lower the priority of this thread, on Linux, where threads have one each; less for what is live."""
    if sys.platform == "linux":
        thread, more = threading.get_native_id(), _PICTURES_NICENESS if is_live else _STILLS_NICENESS
        # Never less than it has: that takes rights.
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + more)


def die_with(parent: int) -> None:
    """Let the system kill this process when its parent dies, on Linux: also one that is stopped, or stuck.

    Args:
        parent: its process id; a parent that is gone already counts.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)


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
    """Give the system what this process has freed and kept, where the C library can (glibc).

    What is allocated next costs a page fault for every page again, once.
    """
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        if _PAD in os.environ:
            _trim_top(library)
        library.malloc_trim(0)


def _trim_top(library: ctypes.CDLL) -> None:
    """Give back the free end of this thread's memory, which `malloc_trim` leaves to the next free().

    That looks at settings which the server makes so large that nothing ever goes back.
    """
    library.malloc.restype = ctypes.c_void_p
    library.free.argtypes = [ctypes.c_void_p]
    library.mallopt(_M_TRIM_THRESHOLD, 0)
    library.mallopt(_M_TOP_PAD, 0)
    library.free(library.malloc(_LOOKED_AT))
    library.mallopt(_M_TRIM_THRESHOLD, _MOST)
    library.mallopt(_M_TOP_PAD, min(int(os.environ[_PAD]), _MOST))
