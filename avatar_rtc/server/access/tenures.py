"""What tokens have opened: connections, sockets, feeds. It ends with its token.

open ──► Tenure ──► end(why)      one timer each; `renew` shows a newer token, `close` is the other end
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from avatar_rtc.grants import Grant

log = logging.getLogger(__name__)

EXPIRED = "its token has expired"
TAKEN_BACK = "its token was taken back"
_LONGEST_S = 86_400.0
"""Of one timer: clocks are set anew, and loops know of no year 3000."""


class Tenures:
    """All there are. Used on the event loop."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` gives Unix seconds."""
        self.now = now
        self._revoked: frozenset[str] = frozenset()
        self._open: set[Tenure] = set()

    def __len__(self) -> int:
        return len(self._open)

    def is_revoked(self, grant: Grant) -> bool:
        """Whether its token was taken back."""
        return bool(grant.token_id) and grant.token_id in self._revoked

    def revoke(self, token_ids: frozenset[str]) -> None:
        """These tokens are taken back, and no others; what they have opened ends."""
        self._revoked = token_ids
        for tenure in tuple(self._open):
            tenure.check()

    def open(self, grant: Grant, end: Callable[[str], None]) -> "Tenure":
        """Something begins that lasts as long as its token.

        Args:
            end: ends it; told why, once, and never before this returns.
        """
        tenure = Tenure(self, grant, end)
        self._open.add(tenure)
        return tenure

    @contextmanager
    def opened(self, grant: Grant, end: Callable[[str], None]) -> Iterator[None]:
        """The same for what is over at the end of a block."""
        tenure = self.open(grant, end)
        try:
            yield
        finally:
            tenure.close()

    def _forget(self, tenure: "Tenure") -> None:
        self._open.discard(tenure)


class Tenure:
    """How long one thing may last; made by `Tenures.open`."""

    def __init__(self, tenures: Tenures, grant: Grant, end: Callable[[str], None]) -> None:
        self._tenures, self._end = tenures, end
        self.grant = grant
        """Of the token that counts."""
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._look_later()

    def renew(self, grant: Grant) -> None:
        """A newer token counts from now on."""
        self.grant = grant
        self._look_later()

    def check(self) -> None:
        """End it, if its token has ended."""
        why = TAKEN_BACK if self._tenures.is_revoked(self.grant) else EXPIRED
        if why == EXPIRED and self._tenures.now() < self.grant.until:
            self._look_later()
            return
        self.close()
        try:
            self._end(why)
        except Exception:  # of what one had opened; the others end, too
            log.exception("something did not end with its token")

    def close(self) -> None:
        """It is over; may be called again."""
        self._stop_timer()
        self._tenures._forget(self)

    def _look_later(self) -> None:
        self._stop_timer()
        wait = self.grant.until - self._tenures.now()
        if self._tenures.is_revoked(self.grant):  # while its request was under way
            wait = 0.0
        if wait < float("inf"):
            self._timer = self._loop.call_later(min(max(0.0, wait), _LONGEST_S), self.check)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
