"""The only POSIX-only calls of the worker."""

import os
import sys
import threading

_NICENESS = 5
_STILLS_NICENESS = 10


def yield_to_server() -> None:
    """Lower the priority of this process, where the system knows that: with all cores busy rendering, the
    server's event loop still gets its turn at once, for it does little and that on time."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)


def yield_to_frames() -> None:
    """Lower the priority of this thread further, on Linux, where threads have one each."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _STILLS_NICENESS)
