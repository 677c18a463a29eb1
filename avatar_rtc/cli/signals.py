"""What ends the server: a signal asks for it, and after a while it ends whatever its clients do.

SIGHUP has two meanings. A terminal that goes away sends it, and the server ends with it; whoever looks after
services sends it to have settings read anew. They are told apart by the terminal: it is gone, or it is there,
or there never was one.
"""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

ENDING_S = 5.0
"""From the signal to the end of the process at the latest; half of what `docker stop` waits."""


def catch_signals(ending_s: float = ENDING_S, on_hangup: Callable[[], object] | None = None) -> asyncio.Event:
    """An event that SIGINT, SIGTERM and SIGHUP set; a second one of them ends the process at once.

    Whatever the event leads to, the process ends `ending_s` after it, with exit code 0. Windows has none of
    this: Ctrl-C ends `asyncio.run` itself.

    Args:
        on_hangup: called instead on SIGHUP, if that is not the end of the terminal.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    had_terminal = _has_terminal()

    def on_signal(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()
        # A thread and not the loop: executors are waited for when the loop is over, by an interpreter that
        # nothing else can interrupt.
        backstop = threading.Timer(ending_s, _leave)
        backstop.daemon = True
        backstop.start()

    def on_sighup(number: int) -> None:
        if on_hangup is None or (had_terminal and not _has_terminal()):
            on_signal(number)
        elif not stop.is_set():
            on_hangup()

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if number := getattr(signal, name, None):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, on_sighup if name == "SIGHUP" else on_signal, number)
    return stop


def _has_terminal() -> bool:
    """Whether a terminal controls this process; what stands at its stdin does not tell."""
    try:
        with Path("/dev/tty").open("rb", buffering=0):
            return True
    except OSError:
        return False


def _leave() -> None:
    with contextlib.suppress(OSError):  # nobody may read it, and that must not hold up the end
        os.set_blocking(2, False)
        os.write(2, b"avatar-rtc: something did not end in time and was left\n")
    os._exit(0)
