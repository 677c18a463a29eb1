"""What ends the server: a signal asks for it, and after a while it ends whatever its clients do."""

import asyncio
import contextlib
import os
import signal
import threading

ENDING_S = 5.0
"""From the signal to the end of the process at the latest; half of what `docker stop` waits."""


def catch_signals(ending_s: float = ENDING_S) -> asyncio.Event:
    """An event that SIGINT, SIGTERM and SIGHUP set; a second one of them ends the process at once.

    Whatever the event leads to, the process ends `ending_s` after it, with exit code 0. Windows has none of
    this: Ctrl-C ends `asyncio.run` itself.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def on_signal(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()
        # A thread and not the loop: executors are waited for when the loop is over, by an interpreter that
        # nothing else can interrupt.
        backstop = threading.Timer(ending_s, _leave)
        backstop.daemon = True
        backstop.start()

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if number := getattr(signal, name, None):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, on_signal, number)
    return stop


def _leave() -> None:
    with contextlib.suppress(OSError):  # nobody may read it, and that must not hold up the end
        os.set_blocking(2, False)
        os.write(2, b"avatar-rtc: something did not end in time and was left\n")
    os._exit(0)
