"""The sockets of one peer: where they are bound, and at which ports."""

import errno
import random
import socket
from collections.abc import Callable

RECEIVE_BYTES = 1 << 18
"""As aioice has it: what comes while the loop is busy is not lost."""


class MediaSockets:
    """Opens UDP sockets within a range of ports, and knows why not.

    Nothing is kept of which port is free: the system knows, other programs included, and a port is free again
    as soon as its socket is closed.
    """

    def __init__(self, ports: range | None = None, start: Callable[[int], int] = random.randrange) -> None:
        """
        Args:
            ports: of which each address has its own; None is any that the system picks.
            start: where to begin, of so many; else all peers would try the same ones first.
        """
        self._ports, self._start = ports, start
        self.failures: dict[str, OSError] = {}
        """Of each address on which none could be opened."""

    def open(self, address: str) -> socket.socket:
        """One that is bound and does not block.

        Raises:
            OSError: not there, as `failures` tells then; `EADDRINUSE` if every port of the range is taken.
        """
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        opened = None
        try:
            opened = socket.socket(family, socket.SOCK_DGRAM)
            opened.setblocking(False)
            self._bind(opened, address)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        except OSError as error:
            if opened is not None:
                opened.close()
            self.failures[address] = error
            raise
        return opened

    @property
    def why_none(self) -> str:
        """What failed, in words for the operator; "" if nothing did."""
        causes = (f"{address}: {self._cause(error)}" for address, error in self.failures.items())
        return "; ".join(causes)

    def _bind(self, opened: socket.socket, address: str) -> None:
        if self._ports is None:
            opened.bind((address, 0))
            return
        begin = self._start(len(self._ports))
        for port in (*self._ports[begin:], *self._ports[:begin]):
            try:
                opened.bind((address, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return
        raise OSError(errno.EADDRINUSE, "every port is in use")

    def _cause(self, error: OSError) -> str:
        if error.errno == errno.EADDRINUSE and self._ports is not None:
            shown = f"{self._ports[0]}-{self._ports[-1]}"
            return f"all {len(self._ports)} ports of the setting media_ports, {shown}, are in use"
        if error.errno == errno.EADDRNOTAVAIL:
            return "this machine has no such address; see the setting media_host"
        return error.strerror or str(error)


def source_address(target: str) -> str:
    """The address of this machine from which it would send to another; "" if there is no way."""
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((target, 9))
            return str(probe.getsockname()[0])
    except OSError:
        return ""
