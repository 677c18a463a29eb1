"""All avatars of a server: made and deleted at run time, up to a limit, forgotten when nobody uses them."""

import asyncio
import logging
import secrets
import time
from collections.abc import Iterator, Mapping

from avatar_rtc.characters.character import Character
from avatar_rtc.config import AnimatorName
from avatar_rtc.errors import AlreadyThere, CapacityExceeded, NotFound, Refused
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.shared import Shared

log = logging.getLogger(__name__)

MAIN = "main"
"""The avatar that is there from the start, and does not expire."""
RETRY_S = 30
"""Told with a 503: avatars come and go by the minute."""


class Avatars(Mapping[str, Avatar]):
    """Avatar by name. Made on the loop that runs the server; the application closes it."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._avatars: dict[str, Avatar] = {}
        self._closing: set[str] = set()
        """Names that are free only once everything of theirs is gone."""
        self._expiry: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __getitem__(self, name: str) -> Avatar:
        return self._avatars[name]

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._avatars))

    def __len__(self) -> int:
        return len(self._avatars)

    def create(
        self,
        character: Character,
        name: str | None = None,
        source: str = "",
        animator: AnimatorName | None = None,
    ) -> Avatar:
        """A new avatar; one without a name gets one that cannot be guessed.

        Args:
            source: where the character can be read again; "" is nowhere.
            animator: None is the configured one.

        Raises:
            AlreadyThere: the name is taken.
            CapacityExceeded: there are as many as may be.
        """
        limit = self._shared.config.max_avatars
        name = name or secrets.token_hex(16)
        if name in self._avatars or name in self._closing:
            raise AlreadyThere("avatar", name)
        if not self.has_room():
            raise CapacityExceeded("avatars", limit, RETRY_S)
        avatar = self._avatars[name] = Avatar(name, character, self._shared, source, animator)
        self._await_expiry(avatar)
        self._shared.on_change()
        return avatar

    async def delete(self, name: str, why: str = "") -> None:
        """End an avatar; its viewers are told, and its name is free when this returns.

        It goes on to its end even if the caller does not wait for it.

        Args:
            why: told to those who watch; "" is nothing.

        Raises:
            NotFound: there is none of that name.
            Refused: it is `main`.
        """
        if name not in self._avatars:
            raise NotFound("avatar", name)
        if name == MAIN:
            raise Refused(f"{MAIN!r} stays as long as the server runs; PATCH gives it another character")
        await asyncio.shield(self._end(name, why))

    def has_room(self) -> bool:
        """Whether one more may be made."""
        return len(self._avatars) + len(self._closing) < self._shared.config.max_avatars

    async def close(self) -> None:
        """End all of them."""
        await asyncio.gather(*(self._end(name) for name in self), *self._tasks, return_exceptions=True)

    def _end(self, name: str, why: str = "") -> asyncio.Task[None]:
        """Take an avatar out at once, and close it."""
        avatar = self._avatars.pop(name)
        if timer := self._expiry.pop(name, None):
            timer.cancel()
        self._closing.add(name)
        self._shared.on_change()
        task = asyncio.create_task(self._close(avatar, why), name=f"closing {name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _close(self, avatar: Avatar, why: str) -> None:
        try:
            await avatar.close(why)
        except Exception:  # it is gone all the same, and no caller can mend it
            log.exception("avatar %s: not all of it could be closed", avatar.name)
        finally:
            self._closing.discard(avatar.name)

    def _await_expiry(self, avatar: Avatar) -> None:
        """Wake up when nobody would have used the avatar for too long, counted from its last use."""
        after_s = self._shared.config.avatar_expiry_s
        if after_s and avatar.name != MAIN:
            wait = avatar.used_at + after_s - time.monotonic()
            self._expiry[avatar.name] = asyncio.get_running_loop().call_later(
                max(wait, 0.0), self._check_expiry, avatar
            )

    def _check_expiry(self, avatar: Avatar) -> None:
        if avatar.in_use:
            avatar.touch()
        if time.monotonic() - avatar.used_at < self._shared.config.avatar_expiry_s:
            self._await_expiry(avatar)
            return
        log.info("avatar %s: nobody has used it, deleted", avatar.name)
        self._end(avatar.name)
