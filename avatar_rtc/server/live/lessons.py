"""Avatars that are slow here learn to move by themselves: one at a time, those that are watched first.

```
 opened as "auto", became THA3 on a CPU ─► lesson ─ rig ─► shown ─ better rig ─► shown ─ student ─► shown
 opened as "auto", moves as a rig       ─► lesson ──────────────────────────────────────┘
```

What is learnt is written beside the character and kept by its picture, and what was asked of the teacher lies
in the user's cache: a server that is started again goes on where the last one was.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.config_sections import StudentsConfig
from avatar_rtc.errors import AvatarRtcError, InputError, NotFound
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.distillation import Quality, command_for
from avatar_rtc.server.live.turns import Turns

log = logging.getLogger(__name__)

OWN_QUALITY: Quality = "good"


class Lessons:
    """Of all avatars of a server. Made and used on its loop; it ends with the avatars."""

    def __init__(
        self,
        store: CharacterStore,
        turns: Turns,
        avatars: Callable[[], Iterable[Avatar]],
        settings: StudentsConfig,
    ) -> None:
        """
        Args:
            store: where characters and their students lie.
            turns: in which students are made; those that somebody asked for come first.
            avatars: all that are here.
            settings: how much room there is for students kept by picture.
        """
        self._store, self._turns, self._avatars, self._settings = store, turns, avatars, settings
        self._beginning: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Something has changed: begin a lesson, if nobody has one and somebody needs one."""
        if len(self._turns) or (self._beginning is not None and not self._beginning.done()):
            return
        if (pupil := next_pupil(self._avatars())) is not None:
            self._beginning = asyncio.create_task(self._begin(pupil), name=f"lesson of {pupil.name}")

    async def teach(
        self, avatar: Avatar, quality: Quality, caller: str = "", by_itself: bool = False
    ) -> None:
        """Make a student of an avatar's character, and show each file that replaces a worse one.

        Raises:
            InputError: its character is not stored, or somebody has asked for a student already.
            NotFound: the character or the avatar is not there any more.
            CapacityExceeded: too many wait.
        """
        if not (source := avatar.source):
            raise InputError(
                "this avatar's character is not stored; upload it under /api/v1/characters first"
            )

        async def show() -> None:
            character = await asyncio.to_thread(self._store.load_any_character, source)
            if avatar.source == source:
                avatar.move_by(character)

        character, out = await asyncio.to_thread(_places, self._store, source)
        if not by_itself and avatar.distillation.is_by_itself:
            await avatar.distillation.close()
        if all(each is not avatar for each in self._avatars()):
            raise NotFound("avatar", avatar.name)
        command = command_for(character, out, quality, self._settings.cache_mb)
        avatar.distillation.start(command, show, caller, by_itself)

    async def _begin(self, avatar: Avatar) -> None:
        try:
            await self.teach(avatar, OWN_QUALITY, by_itself=True)
        except AvatarRtcError as error:
            avatar.distillation.give_up()
            log.warning("avatar %s cannot learn to move: %s", avatar.name, error)
        except Exception:  # it stays as slow as it is
            avatar.distillation.give_up()
            log.exception("avatar %s cannot learn to move", avatar.name)


def next_pupil(avatars: Iterable[Avatar]) -> Avatar | None:
    """Who learns next: of those that need it one that is watched, of several the one used last."""
    pupils = [
        avatar
        for avatar in avatars
        if avatar.source and avatar.status.phase == "live" and avatar.schooling.needs_lesson
    ]
    return max(pupils, key=lambda each: (each.streams.is_watched, each.used_at), default=None)


def _places(store: CharacterStore, source: str) -> tuple[Path, Path]:
    """Where a character lies, and where its student belongs.

    Raises:
        NotFound: it is not there any more.
    """
    path = store.character_path(source)
    if not path.exists():
        raise NotFound("character", Path(source).stem)
    return path, store.student_path(source)
