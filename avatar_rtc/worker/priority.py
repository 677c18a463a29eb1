"""The only POSIX-only calls of the worker."""

import os

_NICENESS = 5


def yield_to_server() -> None:
    """Lower the priority of this process, where the system knows that: with all cores busy rendering, the
    server's event loop still gets its turn at once, for it does little and that on time."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
