"""Kernels and graphs are made beside the frames, by one thread and one after the other.

Neither torch's compiler nor a capture may run twice at a time.
"""

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

Job = Callable[[], None]
Later = Callable[[Job], None]
"""Does a job some time, in the order asked, and returns at once; a job that fails is logged."""

log = logging.getLogger(__name__)


class Preparing:
    """A thread for jobs nobody waits for; it starts with the first, and the process ends without it."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="preparing", daemon=True)
        self._starting = threading.Lock()

    def __call__(self, job: Job) -> None:
        """See `Later`; any thread may call it."""
        self._jobs.put(job)
        with self._starting:
            if not self._thread.is_alive():
                self._thread.start()

    def _work(self) -> None:
        while True:
            done(self._jobs.get())


def done(job: Job) -> None:
    """Do a job here and now; see `Later`."""
    try:
        job()
    except Exception:
        log.exception("preparing the device failed; what is there already goes on")


PREPARING = Preparing()
"""The one of this process: the compiler of torch is one for a process, too."""
