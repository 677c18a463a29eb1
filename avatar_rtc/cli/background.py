"""A command that works in the background: behind everything else, and no longer than who started it."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path

from avatar_rtc.errors import AvatarRtcError, SetupError

ASIDE, LOWEST = 5, 19
"""Of `nice`: behind whoever speaks and is heard; what is left over."""


def step_aside() -> None:
    """Let what is under way go first, but no more: somebody waits for the outcome."""
    if hasattr(os, "nice"):
        os.nice(ASIDE)


def step_back() -> None:
    """Let everything else go first: processor by `nice`, and on Linux the disk."""
    if hasattr(os, "nice"):
        os.nice(LOWEST)
    if ionice := shutil.which("ionice"):
        with contextlib.suppress(OSError):
            subprocess.run([ionice, "-c", "3", "-p", str(os.getpid())], check=False, capture_output=True)


def end_with_input() -> None:
    """End this process and its children at the end of its input, whatever it does then.

    Who started it holds the other end of the pipe; it closes when that process ends, even if it was killed.
    """
    threading.Thread(target=_wait, name="end with input", daemon=True).start()


def cause(error: BaseException, file: str) -> str:
    """Why the work failed, in a sentence for whoever started it from afar: it tells no paths.

    Args:
        file: what is worked on; of its path, the name alone is told.
    """
    match error:
        case SetupError():
            system = error.__context__
            reason = system.strerror if isinstance(system, OSError) else None
            return f"this machine refuses: {reason or 'the log of the server has the reason'}"
        case AvatarRtcError():
            return str(error).replace(file, Path(file).name)
        case MemoryError():
            return "memory is short"
        case OSError():
            return f"this machine refuses: {error.strerror or 'no reason given'}"
        case RuntimeError() if "alloc" in str(error).lower():  # torch's word for it
            return "memory is short"
        case KeyboardInterrupt():
            return "it was interrupted"
    return "something unexpected failed; the log of the server has it"


def _wait() -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    # A kernel of torch that runs in another thread hears of nothing else.
    if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
