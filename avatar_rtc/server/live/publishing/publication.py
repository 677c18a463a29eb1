"""An avatar that is sent to a server: again and again if that fails or the way breaks, until it is ended.

Connect ─► Signalling ─offer, answer─► Publisher ─► live ─► lost, refused for now ─► wait ─► the next try
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from avatar_rtc.config import LOOPBACK, MediaBind
from avatar_rtc.errors import Unreachable
from avatar_rtc.media.addresses.ice import IceServers
from avatar_rtc.media.offers.publishing import ParsedAnswer
from avatar_rtc.media.publisher import Publisher
from avatar_rtc.server.live.calls import Call
from avatar_rtc.server.live.publishing.patience import Patience
from avatar_rtc.server.live.publishing.signalling import Connect, Signalling
from avatar_rtc.server.live.publishing.trouble import SendingFailed

log = logging.getLogger(__name__)

T = TypeVar("T")


class Publication:
    """What a call of an avatar to such a server runs."""

    def __init__(
        self,
        connect: Connect,
        create: Callable[[IceServers], Publisher],
        ice: Callable[[], IceServers],
    ) -> None:
        """
        Args:
            create: makes the connection of one try, which asks these STUN and TURN servers.
            ice: those of our settings.
        """
        self._connect, self._create, self._ice = connect, create, ice
        self.publisher: Publisher | None = None
        """The connection of the try at hand."""

    async def run(self, call: Call) -> None:
        """Hold it, and report how it goes; see `Calls.start`.

        Raises:
            SendingFailed: it has failed for too long.
            AvatarRtcError: the server said no for good.
        """
        patience = Patience(time.monotonic())
        while True:
            try:
                await self._try(call, patience)
            except Unreachable as failure:
                failed = failure if isinstance(failure, SendingFailed) else SendingFailed(str(failure))
                wait_s = patience.failed(failed, time.monotonic())
                if wait_s is None:
                    raise
                log.info("the call to %s: %s; tried again in %.1f s", call.to, failed, wait_s)
                call.report("retrying", str(failed))
                await asyncio.sleep(wait_s)

    async def _try(self, call: Call, patience: Patience) -> None:
        async with self._connect() as signalling:
            publisher = self.publisher = self._create(await signalling.ice_servers(self._ice()))
            try:
                answer = await _taken(
                    publisher, await signalling.exchange(await publisher.offer(), publisher)
                )
                note = await signalling.accepted(answer)
                await _unless_over(publisher.connected(), signalling)
                patience.worked()
                call.report("live", note)
                raise SendingFailed(
                    f"the connection is lost: {await _unless_over(publisher.ended(), signalling)}"
                )
            finally:
                await asyncio.gather(signalling.leave(), publisher.close(), return_exceptions=True)


async def _taken(publisher: Publisher, answer: str) -> ParsedAnswer:
    try:
        return await publisher.take(answer)
    except Unreachable as error:
        raise SendingFailed(str(error), is_lasting=True) from None


async def _unless_over(waiting: Coroutine[Any, Any, T], signalling: Signalling) -> T:
    """What is waited for, unless the server says before that it is over."""
    awaited, over = asyncio.ensure_future(waiting), asyncio.ensure_future(signalling.over())
    try:
        await asyncio.wait({awaited, over}, return_when=asyncio.FIRST_COMPLETED)
        if over.done():
            over.result()
        return await awaited
    finally:
        for each in (awaited, over):
            each.cancel()
        await asyncio.gather(awaited, over, return_exceptions=True)


def bind_towards(bind: MediaBind, host: str) -> MediaBind:
    """The addresses for media to a host: a server for its own machine alone goes out, too, if sent there.

    >>> bind_towards(MediaBind(False, ("127.0.0.1",), confined=True), "whip.example.org").interfaces
    True
    """
    is_near = host in LOOPBACK or host == "localhost" or host.startswith("127.")
    if is_near or bind.interfaces or not set(bind.addresses) <= set(LOOPBACK):
        return bind
    return bind._replace(interfaces=True, confined=False)
