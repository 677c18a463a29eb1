"""All stages of a server. A stage is an avatar: what watches, records or sends an avatar does so with it.

create ─► Avatar with a cast, and no character ─► Ensemble ◄─ members, each on one stage at most
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping

import numpy as np

from avatar_rtc.characters.character import Character
from avatar_rtc.control.cast import Cast, OnStage
from avatar_rtc.control.state import AvatarState
from avatar_rtc.errors import InputError, NotFound
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.avatars import Avatars
from avatar_rtc.server.live.ensemble import Ensemble
from avatar_rtc.server.live.shared import Renderer
from avatar_rtc.stream.framing import WHOLE

log = logging.getLogger(__name__)

STAGE = "stage"
"""The name of what stands for a stage's character."""
_SIDE = 512


class Stages(Mapping[str, Ensemble]):
    """Ensemble by the name of its stage. Made and used on the event loop."""

    def __init__(self, avatars: Avatars, renderer: Renderer) -> None:
        self._avatars, self._renderer = avatars, renderer
        self._ensembles: dict[str, Ensemble] = {}
        self._endings: set[asyncio.Task[None]] = set()

    def __getitem__(self, name: str) -> Ensemble:
        return self._ensembles[name]

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._ensembles))

    def __len__(self) -> int:
        return len(self._ensembles)

    def create(self, cast: Cast, name: str | None = None) -> Ensemble:
        """A new stage; one without a name gets one that cannot be guessed.

        Raises:
            NotFound: there is no such avatar.
            InputError: one is a stage, or on another one; or the picture could not be sent.
            AlreadyThere: the name is taken.
            CapacityExceeded: there are as many avatars as may be; a stage is one.
        """
        self.check(cast)
        avatar = self._avatars.create(_empty(cast), name, animator="static")
        ensemble = Ensemble(avatar, self._left)
        avatar.on_end = lambda: self._end(avatar)
        self._ensembles[avatar.name] = ensemble
        self._arrange(ensemble, cast)
        return ensemble

    def arrange(self, name: str, cast: Cast) -> None:
        """Let others be on a stage, or stand elsewhere; raises as `create`, and then nothing has changed.

        Raises:
            NotFound: there is no such stage.
        """
        ensemble = self.find(name)
        self.check(cast, ensemble.avatar)
        self._arrange(ensemble, cast)

    def find(self, name: str) -> Ensemble:
        """The stage of that name.

        Raises:
            NotFound: there is none.
        """
        if name not in self._ensembles:
            raise NotFound("stage", name)
        return self._ensembles[name]

    def check(self, cast: Cast, stage: Avatar | None = None) -> None:
        """Refuse those who cannot be on a stage; raises as `create`."""
        for name in cast.names:
            if (avatar := self._avatars.get(name)) is None:
                raise NotFound("avatar", name)
            if avatar.state.cast is not None:
                raise InputError(f"{name!r} is a stage, and none stands on another")
            if avatar.stage is not None and avatar.stage is not stage:
                raise InputError(f"{name!r} is on the stage {avatar.stage.name!r}; take it off there first")

    def _arrange(self, ensemble: Ensemble, cast: Cast) -> None:
        ensemble.arrange(cast, self._avatars)
        self._renderer.bring_together(ensemble.avatar.name, cast.names)

    def _left(self, member: OnStage) -> None:
        """Who was made for a stage goes when it leaves."""
        if member.is_own and member.avatar in self._avatars:
            task = asyncio.create_task(self._avatars.delete(member.avatar), name=f"ending {member.avatar}")
            self._endings.add(task)
            task.add_done_callback(self._endings.discard)

    def _end(self, avatar: Avatar) -> None:
        ensemble = self._ensembles.pop(avatar.name, None)
        if ensemble is not None:
            ensemble.close()
        avatar.on_end = lambda: None  # it knew the avatar, and the avatar it


def _empty(cast: Cast) -> Character:
    """What stands for the character of a stage: nothing."""
    nothing = np.zeros((_SIDE, _SIDE, 4), np.uint8)
    return Character(STAGE, nothing, start=AvatarState(cast=cast), views=WHOLE)
