"""An avatar as a pipeline needs it: its picture and sound, what it is told, and a voice that it is lent."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from avatar_rtc.client.client import AvatarClient
from avatar_rtc.client.voice_line import VoiceLine


class AvatarConnection:
    """One viewer who lends a voice. An asynchronous context manager, once."""

    def __init__(self, url: str, token: str | None, on_voice: Callable[[dict[str, Any]], None]) -> None:
        """
        Args:
            on_voice: told what becomes of the sound that is sent.

        Raises:
            InputError: not a URL we can use.
        """
        self.viewer = AvatarClient(url, video="matte", audio=True, token=token)
        self.voice = VoiceLine(url, on_voice, token=token)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Connect both; raises as `AvatarClient` and `VoiceLine`."""
        async with AsyncExitStack() as opening:
            await opening.enter_async_context(self.viewer)
            await opening.enter_async_context(self.voice)
            self._open = opening.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close both: the avatar falls silent."""
        await self._open.aclose()


def avatar_address(url: str, avatar: str | None) -> str:
    """Where an avatar of a server is.

    >>> avatar_address("http://127.0.0.1:8080/", "main")
    'http://127.0.0.1:8080/api/v1/avatars/main'
    """
    return url if avatar is None else f"{url.rstrip('/')}/api/v1/avatars/{quote(avatar, safe='')}"
