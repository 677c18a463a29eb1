"""By which plugins find the port: a datagram each two seconds, as VTube Studio sends it."""

import asyncio
import logging
import secrets
import socket
from typing import Self

from avatar_rtc.server.vts.envelope import event_text

log = logging.getLogger(__name__)

DISCOVERY_PORT = 47_779
DISCOVERY_EVERY_S = 2.0
_ON_THIS_MACHINE, _EVERYWHERE = "127.255.255.255", "255.255.255.255"
_BROADCAST = "VTubeStudioAPIStateBroadcast"
WINDOW_TITLE = "avatar_rtc"


def broadcast_address(is_loopback: bool) -> str:
    """Whom it is told: programs of this machine, or of its network too."""
    return _ON_THIS_MACHINE if is_loopback else _EVERYWHERE


class Discovery:
    """Tells it from `start` to `close`. Used on the event loop."""

    def __init__(self, port: int, to: tuple[str, int], every_s: float = DISCOVERY_EVERY_S) -> None:
        """
        Args:
            port: of the WebSocket.
            to: address and port that hear it.
        """
        self._data = {
            "active": True,
            "port": port,
            "instanceID": secrets.token_hex(16),
            "windowTitle": WINDOW_TITLE,
        }
        self._to, self._every_s = to, every_s
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._timer: asyncio.TimerHandle | None = None
        self._is_told = False

    def start(self) -> Self:
        """Tell it now and from now on."""
        try:
            self._socket.sendto(event_text(_BROADCAST, self._data).encode(), self._to)
        except OSError as error:
            if not self._is_told:  # once: without a network it fails each time
                self._is_told = True
                log.info("plugins cannot be told the port by broadcast: %s", error.strerror)
        self._timer = asyncio.get_running_loop().call_later(self._every_s, self.start)
        return self

    def close(self) -> None:
        """Tell it no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._socket.close()
