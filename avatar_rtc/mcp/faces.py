"""What the tools of language models need of the avatars, whoever has them: a server far away, or this one."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Protocol

SNAPSHOT_PX = 512
"""The longer side of a picture for a model, at most: each pixel of it is paid for."""


class Faces(Protocol):
    """The avatars that a caller may act on. Whatever is wrong is an AvatarRtcError with a sentence."""

    async def avatars(self) -> Sequence[Mapping[str, Any]]:
        """Their states, as `GET /api/v1/avatars` tells them."""

    async def characters(self) -> Sequence[str]:
        """The names of the stored characters."""

    async def become(self, avatar: str, character: str) -> None:
        """Show another stored character."""

    async def snapshot(self, avatar: str) -> bytes:
        """A PNG of an avatar as it is now, of SNAPSHOT_PX at most."""

    async def do(self, avatar: str, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do what a message says, as `docs/control.md` lists them; the fields of its answer."""

    def heard(self, avatar: str) -> AsyncGenerator[Mapping[str, Any], None]:
        """What an avatar has told of its speech lately, and then what it tells, until it ends."""
