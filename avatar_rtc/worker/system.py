"""The only calls of the worker that some systems lack."""

import contextlib
import os
import sys
import threading
from typing import BinaryIO

_PIPE_BYTES = 1 << 20
"""As much as a user may have."""
_STILLS_NICENESS = 10


def yield_to_frames() -> None:
    """Lower the priority of this thread, on Linux, where threads have one each."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _STILLS_NICENESS)


def widen(pipe: BinaryIO) -> None:
    """Let more go through a pipe at once, on Linux.

    An avatar has 3 to 8 MB. In 64 KiB at a time its reader has to wait a hundred times for the interpreter,
    which the rendering thread holds for up to 5 ms.
    """
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
