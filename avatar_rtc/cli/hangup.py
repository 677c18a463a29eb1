"""What `avatar-rtc serve` does on SIGHUP."""

import contextlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from avatar_rtc.errors import InputError

if TYPE_CHECKING:
    from aiohttp.web import Application

    from avatar_rtc.server.connections.tls import RenewableTls

log = logging.getLogger(__name__)


class Hangup:
    """What SIGHUP asks for: the certificate and the list of revoked tokens are read anew.

    What cannot be read is told, and what was read before goes on.
    """

    def __init__(self, tls: "RenewableTls | None") -> None:
        self._tls = tls
        self.app: Application | None = None
        """None while it is being made, from what is there then."""

    def __call__(self) -> None:
        """Do so; never raises."""
        from avatar_rtc.server.http.keys import CONFIG, GATE

        done = []
        if self._tls is not None and _is_done(self._tls.reload):
            done.append("certificate")
        if self.app is not None and self.app[CONFIG].access.revoked and _is_done(self.app[GATE].read_revoked):
            done.append("list of revoked tokens")
        with contextlib.suppress(OSError):  # nobody may read it
            print(f"avatar-rtc: SIGHUP; read anew: {' and '.join(done) or 'nothing'}", flush=True)


def _is_done(read: Callable[[], None]) -> bool:
    try:
        read()
    except InputError as error:
        log.error("SIGHUP: %s; what was read before goes on", error)
        return False
    return True
