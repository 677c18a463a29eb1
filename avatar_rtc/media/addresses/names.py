"""Addresses of host names, asked for on threads of their own: a silent name server holds up nothing else.

The system's resolver blocks for up to half a minute. On the pool of threads that all of asyncio shares, a few
viewers who wait for such a name would stop whatever else is done there.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from threading import Thread

KEPT_S, FAILURE_KEPT_S = 60.0, 10.0
"""How long an address, and the lack of one, is believed."""


def _system_addresses(name: str) -> tuple[str, ...]:
    found = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


class Names:
    """What a process has asked of the resolver, each name once at a time. Used on one event loop."""

    def __init__(
        self,
        resolve: Callable[[str], tuple[str, ...]] = _system_addresses,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            resolve: blocks; the addresses of a name, or OSError.
            clock: seconds.
        """
        self._resolve, self._clock = resolve, clock
        self._known: dict[str, tuple[float, asyncio.Future[tuple[str, ...]]]] = {}
        """Name → until when it is believed, infinite while it is asked for; the answer."""

    async def addresses(self, name: str) -> tuple[str, ...]:
        """IPv4 and IPv6 addresses of a name, in the resolver's order. Cancelled freely: others go on waiting.

        Raises:
            OSError: it has none.
        """
        until, answer = self._known.get(name, (0.0, None))
        if answer is None or until < self._clock():
            answer = self._ask(name)
        return await asyncio.shield(answer)

    def _ask(self, name: str) -> asyncio.Future[tuple[str, ...]]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[tuple[str, ...]] = loop.create_future()
        self._known[name] = float("inf"), answer

        def settle(found: tuple[str, ...] | OSError) -> None:
            failed = isinstance(found, OSError)
            self._known[name] = self._clock() + (FAILURE_KEPT_S if failed else KEPT_S), answer
            if isinstance(found, OSError):
                answer.set_exception(found)
                answer.exception()  # seen: perhaps nobody waits any more
            else:
                answer.set_result(found)

        def ask() -> None:
            found: tuple[str, ...] | OSError
            try:
                found = self._resolve(name)
            except (OSError, UnicodeError) as error:
                found = error if isinstance(error, OSError) else OSError(f"{name} is no host name")
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(settle, found)

        # A daemon: the end of the process does not wait for a resolver.
        Thread(target=ask, name="host names", daemon=True).start()
        return answer
