"""The avatars of this server, as the registry needs them: what to tell of each, and how to make another's."""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence

from avatar_rtc.characters.character import Character
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.config import Config
from avatar_rtc.errors import AvatarRtcError, NotFound, Refused
from avatar_rtc.server.live.avatars import Avatars
from avatar_rtc.server.live.keeping import adopted, told_of
from avatar_rtc.server.live.state_file import Told, avatar_text
from avatar_rtc.server.registry.records import Orphan, ServerRecord
from avatar_rtc.version import __version__

log = logging.getLogger(__name__)


def load_of(viewers: float, avatars: float, rendering: float, weight: float) -> float:
    """How full a server is, by whatever is fullest: 1 is full, where its weight is 1.

    Args:
        viewers, avatars: as shares of what it may have.
        rendering: share of each second that its devices render.
        weight: of two that are equally full, the one of twice the weight counts half.

    >>> load_of(0.25, 0.5, 0.125, 1.0), load_of(0.25, 0.5, 0.125, 2.0)
    (0.5, 0.25)
    """
    return max(viewers, avatars, rendering) / weight


class Hosting:
    """See `member.Host`. Used on the event loop."""

    def __init__(
        self,
        config: Config,
        avatars: Callable[[], Avatars],
        store: CharacterStore,
        rendering: Callable[[], Sequence[float]],
    ) -> None:
        """
        Args:
            avatars: those of this server, once they are there.
            rendering: share of each second that each device renders.
        """
        self._config, self._avatars, self._store, self._rendering = config, avatars, store, rendering
        self._texts: dict[str, tuple[Told, str]] = {}
        self._ready: dict[str, Character] = {}

    def names(self) -> Collection[str]:
        """See `Host`."""
        return self._avatars().keys()

    def record(self) -> ServerRecord:
        """See `Host`."""
        config, avatars = self._config, self._avatars()
        self._texts = {name: text for name, text in self._texts.items() if name in avatars}
        viewers = sum(len(avatar.viewers) for avatar in avatars.values())
        shares = (
            viewers / config.max_viewers,
            len(avatars) / config.max_avatars,
            max(self._rendering(), default=0),
        )
        return ServerRecord(
            name=config.registry.own_name,
            address=config.registry.address,
            version=__version__,
            viewers=viewers,
            avatars=len(avatars),
            load=round(load_of(*shares, config.registry.weight), 4),
        )

    def adds(self) -> float:
        """See `Host`."""
        return round(1 / self._config.max_avatars / self._config.registry.weight, 4)

    def kept(self, name: str) -> str | None:
        """See `Host`."""
        avatar = self._avatars().get(name)
        is_shared = avatar is not None and avatar.state.cast is None  # a stage lies where its members are
        told = told_of(avatar) if avatar is not None and is_shared else None
        if told is None:
            self._texts.pop(name, None)
            return None
        before = self._texts.get(name)
        if before is None or before[0] != told:
            # Written only if it is another: each text is made in one go, and holds up all else meanwhile.
            before = self._texts[name] = (told, avatar_text(name, told))
        return before[1]

    async def can_show(self, orphan: Orphan) -> bool:
        """See `Host`; its character is at hand for `adopt` then."""
        if not self._avatars().has_room():
            return False
        try:
            self._ready = {orphan.name: await asyncio.to_thread(self._character, orphan.kept.character)}
        except AvatarRtcError as error:
            log.info("avatar %s: %s", orphan.name, error)
            return False
        return True

    async def adopt(self, orphan: Orphan) -> None:
        """See `Host`."""
        character = self._ready.pop(orphan.name, None)
        if character is None:
            raise NotFound("character", orphan.kept.character)
        for lost in await adopted(orphan.kept, character, self._avatars()):
            log.warning("not all that avatar %s was told could be told it here: %s", orphan.name, lost)

    async def give_up(self, name: str, why: str) -> None:
        """See `Host`."""
        try:
            await self._avatars().delete(name, why)
        except (NotFound, Refused):
            return

    def _character(self, source: str) -> Character:
        # A path of another machine means nothing here; that of the settings is the same on all.
        if source == self._config.character:
            return self._store.load_any_character(source)
        return self._store.load_character(source)
