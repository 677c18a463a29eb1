"""Another stored character for a running avatar, whichever door asks for it."""

import asyncio

from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.server.live.avatar import Avatar


async def recast(store: CharacterStore, avatar: Avatar, name: str) -> None:
    """Show another stored character.

    Raises:
        NotFound, InputError: there is no such character, or it cannot be shown.
    """
    character = await asyncio.to_thread(store.load_character, name)
    if name != avatar.source:
        await avatar.distillation.close()
    avatar.swap(character, name)
