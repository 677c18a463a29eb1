"""What avatars were told outlives the server: written soon after a change, told anew at the next start.

change ─► 1 s ─► thread: file        start ─► file ─► Avatars.create, swap, apply
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from avatar_rtc.characters.character import Character
from avatar_rtc.control.cast import Cast, cast_from
from avatar_rtc.control.kept_state import KEPT_TYPES
from avatar_rtc.control.messages import control_from
from avatar_rtc.errors import AvatarRtcError, BadMessage
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.avatars import MAIN, Avatars
from avatar_rtc.server.live.stages import Stages
from avatar_rtc.server.live.state_file import KeptAvatar, KeptServer, StateFile, Told
from avatar_rtc.stream.framing import FramingName

log = logging.getLogger(__name__)

KEEP_S = 1.0
"""Changes within this time are written at once; so much is lost if the process is killed."""
_OF_FRAMING = ("framing.set", "crop.set")
_OF_TOOLS = ("data_eyes.set",)
"""Not told anew: whoever waited for a tool waits no more once the server has ended."""


class Wishes(Protocol):
    """What of the settings wins over what was kept, where it has changed since."""

    @property
    def character(self) -> str:
        """Of `main`."""

    @property
    def framing(self) -> FramingName | None:
        """Of all avatars."""


class Keeping:
    """Made and used on the event loop. With no file it keeps nothing."""

    def __init__(
        self, file: StateFile | None, is_kept_elsewhere: Callable[[str], bool] = lambda name: False
    ) -> None:
        """`is_kept_elsewhere` tells of an avatar's name whether it is not this file's affair."""
        self._file, self._is_elsewhere = file, is_kept_elsewhere
        self._avatars: Mapping[str, Avatar] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def changed(self) -> None:
        """Something has changed that may be worth keeping; while avatars are still told anew, nothing is."""
        if self._avatars is not None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(KEEP_S, self._due)

    async def restore(
        self,
        avatars: Avatars,
        load: Callable[[str], Character],
        wishes: Wishes,
        stages: Stages | None = None,
    ) -> None:
        """Make the avatars that were there, and keep all of them from now on. Never raises.

        Args:
            load: reads a character by what was kept of it; runs in a thread.
            stages: where avatars stand together; without, no stage is made again.
        """
        if self._file is None:
            return
        try:
            kept = await asyncio.to_thread(self._file.open)
            if kept is not None and (lost := await _restored(kept, avatars, load, wishes, stages)):
                await asyncio.to_thread(
                    self._file.set_aside, f"not all state could be used: {'; '.join(lost)}"
                )
        except Exception:
            log.exception("the avatars' state could not be used")
            await asyncio.to_thread(self._file.set_aside, "the state could not be used")
        self._avatars = avatars
        self.changed()

    def close(self) -> None:
        """Write what is not written yet, and keep nothing more: what ends now is there at the next start."""
        if self._file is None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._avatars is not None:
            # Here and now: in a thread it would have to wait for whatever the others do.
            self._file.write(self._told(self._avatars))
        self._avatars = None
        self._file.close()

    def _due(self) -> None:
        self._timer = None
        if self._task is not None and not self._task.done():
            self.changed()  # the disk is slow
        elif self._avatars is not None and self._file is not None:
            writing = asyncio.to_thread(self._file.write, self._told(self._avatars))
            self._task = asyncio.create_task(writing, name="keeping the avatars' state")

    def _told(self, avatars: Mapping[str, Avatar]) -> dict[str, Told]:
        told = {name: told_of(each) for name, each in avatars.items() if not self._is_elsewhere(name)}
        return {name: each for name, each in told.items() if each is not None}


def told_of(avatar: Avatar) -> Told | None:
    """What is worth keeping of an avatar or a stage; None if its character cannot be read again."""
    is_stage = avatar.state.cast is not None
    return Told(avatar.source, avatar.animator, avatar.lasting) if avatar.source or is_stage else None


async def _restored(
    kept: KeptServer,
    avatars: Avatars,
    load: Callable[[str], Character],
    wishes: Wishes,
    stages: Stages | None,
) -> list[str]:
    """Make and tell the avatars; gives a sentence on each thing that was lost."""
    lost: list[str] = []
    without = (*_OF_TOOLS, *(_OF_FRAMING if kept.framing != wishes.framing else ()))
    # Stages last: those who stand on them are there by then.
    for each in sorted(kept.avatars, key=lambda avatar: avatar.stage is not None):
        try:
            if each.stage is not None:
                if stages is None:
                    continue
                avatar, gone = _staged(each.id, cast_from(each.stage), avatars, stages)
                lost += gone
            else:
                avatar = await _made(each, avatars, load, stays=kept.character != wishes.character)
        except AvatarRtcError as error:
            lost.append(f"avatar {each.id}: {error}")
            if (main := avatars.get(each.id)) is None:
                continue
            avatar = main
        lost += await _tell_anew(avatar, [m for m in each.messages if m.get("type") not in without])
    return lost


async def _made(kept: KeptAvatar, avatars: Avatars, load: Callable[[str], Character], stays: bool) -> Avatar:
    """The avatar, as the character it was; `main` is there already, and `stays` as it is."""
    if kept.id != MAIN:
        character = await asyncio.to_thread(load, kept.character)
        return avatars.create(character, kept.id, kept.character, kept.animator)
    main = avatars[MAIN]
    if not stays and kept.character != main.source:
        main.swap(await asyncio.to_thread(load, kept.character), kept.character)
    return main


def _staged(name: str, cast: Cast, avatars: Avatars, stages: Stages) -> tuple[Avatar, list[str]]:
    """The stage with those on it who are there again, and a sentence on each who is not."""
    gone = [member for member in cast.names if member not in avatars]
    for member in gone:
        cast = cast.without(member)
    lost = [f"stage {name}: {member} is not there any more" for member in gone]
    return stages.create(cast, name).avatar, lost


async def adopted(kept: KeptAvatar, character: Character, avatars: Avatars) -> list[str]:
    """Make an avatar as another server had it; gives a sentence on each message that was lost.

    Raises:
        AlreadyThere, CapacityExceeded: as `Avatars.create`.
        InputError: its character cannot be shown.
    """
    avatar = avatars.create(character, kept.id, kept.character, kept.animator)
    return await _tell_anew(avatar, [m for m in kept.messages if m.get("type") not in _OF_TOOLS])


async def _tell_anew(avatar: Avatar, messages: Iterable[dict[str, Any]]) -> list[str]:
    lost: list[str] = []
    # A chain that the character begins with may not go with a crop that was set without it.
    for message in ({"type": "chain.set", "chain": []}, *messages):
        try:
            if message.get("type") not in KEPT_TYPES:
                raise BadMessage(f"{message.get('type')!r:.40} is never kept")
            await avatar.apply(control_from(message))
        except AvatarRtcError as error:
            lost.append(f"avatar {avatar.name}: {error}")
    return lost
