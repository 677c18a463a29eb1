"""The only calls of the worker that some systems lack."""

import contextlib
import os
import signal
import sys
import threading
from typing import BinaryIO

_PIPE_BYTES = 1 << 20
"""As much as a user may have."""
_STILLS_NICENESS = 10
_PR_SET_PDEATHSIG = 1
"""Of linux/prctl.h."""


def yield_to_frames() -> None:
    """Lower the priority of this thread, on Linux, where threads have one each."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _STILLS_NICENESS)


def die_with(parent: int) -> None:
    """Let the system kill this process when its parent dies, on Linux: also one that is stopped, or stuck.

    Args:
        parent: its process id; a parent that is gone already counts.
    """
    if sys.platform == "linux":
        import ctypes

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
