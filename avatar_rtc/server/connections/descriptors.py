"""File descriptors: every connection and every media socket takes one, and the system gives only so many."""

import sys

_OWN = 64
"""Files, pipes and sockets of the server itself."""
_PER_VIEWER = 4
"""A media socket for each address of the machine; four is a desktop with IPv6."""
_AT_A_TIME = 128
"""asyncio accepts so many connections before the first that is too many can be closed."""
_FEWEST = 8

if sys.platform == "win32":  # sockets are no descriptors there

    def raise_limit() -> None:
        """Windows has no such limit."""

    def connections_within(wanted: int, viewers: int) -> int:
        """How many connections there may be: as many as wanted."""
        return wanted

else:
    import resource

    _MOST = 1 << 20
    """Where the system names no limit."""
    _MOST_MACOS = 10_240
    """What macOS takes at most, whatever it names."""

    def raise_limit() -> None:
        """Take as many descriptors as the system lets this process have."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        for wanted in (_MOST if hard == resource.RLIM_INFINITY else hard, _MOST_MACOS):
            if soft == resource.RLIM_INFINITY or soft >= wanted:
                return
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
                return
            except (ValueError, OSError):
                continue

    def connections_within(wanted: int, viewers: int) -> int:
        """How many connections there may be, so that descriptors are left for the media of all viewers.

        Args:
            wanted: the setting, never exceeded.
            viewers: how many there may be.
        """
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft == resource.RLIM_INFINITY:
            return wanted
        kept = min(_OWN + _AT_A_TIME + _PER_VIEWER * viewers, soft * 3 // 4)
        return max(_FEWEST, min(wanted, soft - kept))
