"""How this process takes memory from the system."""

import contextlib
import ctypes
import sys

_M_ARENA_MAX = -8
"""Of malloc.h."""
ARENAS = 2


def share_arenas() -> None:
    """Let threads use what others have freed, with glibc; call it before there are threads.

    By itself each thread may keep an arena of its own: after all floods the server had 340 MB, so it has 226.
    """
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)
