"""How a server that distributes is asked to take an avatar: what each of its protocols has to bring."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from avatar_rtc.media.addresses.ice import IceServers
from avatar_rtc.media.offers.publishing import ParsedAnswer
from avatar_rtc.media.publisher import Publisher


class Signalling(Protocol):
    """One try: offered once, left once. What is wrong is a `SendingFailed`; other errors are final."""

    async def ice_servers(self, own: IceServers) -> IceServers:
        """The STUN and TURN servers to be asked; `own` are those of our settings."""

    async def exchange(self, offer: str, publisher: Publisher) -> str:
        """The server's answer to an offer."""

    async def accepted(self, answer: ParsedAnswer) -> str:
        """What is to be said of what the server takes; "" is nothing. Raises if that is not enough."""

    async def over(self) -> None:
        """Raises when the server says that it is over; never returns."""

    async def leave(self) -> None:
        """Say goodbye; never fails, and takes 2 s at most."""


Connect = Callable[[], AbstractAsyncContextManager[Signalling]]
"""Opens a try."""
