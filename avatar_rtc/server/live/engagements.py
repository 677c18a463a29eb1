"""Which avatar a session of another service's client gets: one agent must never speak with another's face.

id of a face ─► [compat] faces ─► an avatar by its name: shared, as it is
                               └► a character by its name: an avatar of its own, gone with the session
             unknown ─► the default avatar while no session has it, else one of its own that looks like it
a picture ─────────────► an avatar of its own
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

from avatar_rtc.characters.character import Character
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.config_outside import CompatConfig
from avatar_rtc.errors import NotFound, UnknownName
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.avatars import Avatars

log = logging.getLogger(__name__)

SHARED_AVATAR = "avatar/"
"""Before the name of an avatar that is meant as it is."""


class Engagement:
    """One session's avatar, until it is released."""

    def __init__(self, avatar: Avatar, is_own: bool, release: Callable[[], None], avatars: Avatars) -> None:
        self.avatar = avatar
        self.is_own = is_own
        """Whether it was made for the session, and goes with it."""
        self._release, self._avatars = release, avatars
        self._is_released = False

    async def release(self) -> None:
        """The session is over; may be called again."""
        if not self._is_released:
            self._is_released = True
            self._release()
        if self.is_own and self._avatars.get(self.avatar.name) is self.avatar:
            await self._avatars.delete(self.avatar.name)


class Engagements:
    """Those of one server. Made and used on its event loop."""

    def __init__(self, config: CompatConfig, avatars: Avatars, store: CharacterStore) -> None:
        self._config, self._avatars, self._store = config, avatars, store
        self._engaged: Counter[str] = Counter()
        """Name → sessions that have that avatar; whoever asks for it by its name shares it."""

    async def engage(
        self, face: str, only: str | None = None, character: Character | None = None
    ) -> Engagement:
        """The avatar for a session; the caller releases it.

        Args:
            face: the id that the client names.
            only: the one avatar that the caller's token is for; None is all.
            character: who is to be shown instead, from a picture that came along.

        Raises:
            NotFound: that avatar, or the default one, is not there.
            UnknownName: the settings name a character that is not stored.
            CapacityExceeded: one of its own is needed, and there are as many avatars as may be.
        """
        if only is not None:
            return self._shared(only)
        if character is not None:
            return self._own(character)
        named = self._config.faces.get(face, face)
        name = named.removeprefix(SHARED_AVATAR)
        if name in self._avatars:
            return self._shared(name)
        if named.startswith(SHARED_AVATAR):
            raise NotFound("avatar", name)
        if name in await asyncio.to_thread(self._store.names):
            return self._own(await asyncio.to_thread(self._store.load_character, name))
        if face in self._config.faces:
            raise UnknownName("character", name, await asyncio.to_thread(self._store.names))
        return await self._default(face)

    async def _default(self, face: str) -> Engagement:
        if face:
            log.info("nobody knows the face %.40r; [compat] faces can name a character for it", face)
        default = self._config.default
        if not self._engaged[default]:
            return self._shared(default)
        return self._own(self._avatars[default].actor.character)

    def _shared(self, name: str) -> Engagement:
        if name not in self._avatars:
            raise NotFound("avatar", name)
        self._engaged[name] += 1
        return Engagement(self._avatars[name], False, lambda: self._leave(name), self._avatars)

    def _leave(self, name: str) -> None:
        self._engaged[name] -= 1
        self._engaged = +self._engaged

    def _own(self, character: Character) -> Engagement:
        # Without a source it is kept nowhere: after a restart nobody would come for it.
        return Engagement(self._avatars.create(character), True, lambda: None, self._avatars)
