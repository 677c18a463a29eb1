"""A character as a render worker is told of it."""

from typing import Any

from avatar_rtc.characters.character import Character
from avatar_rtc.control.state import AvatarState
from avatar_rtc.link.orders import OpenAvatar


def order_of(
    character: Character, state: AvatarState, avatar: str = "offline", epoch: float = 0.0, **more: Any
) -> OpenAvatar:
    """The order to open an avatar of a character.

    Args:
        epoch: CLOCK_MONOTONIC second of its media time 0.
        more: of `OpenAvatar`, what is not the character's.
    """
    return OpenAvatar(
        avatar=avatar,
        rgba=character.rgba.tobytes(),
        original=b"" if character.large is None else character.large.tobytes(),
        epoch=epoch,
        state=state,
        cels=character.cels,
        emotions=character.emotions,
        own_emotions=character.own_emotions,
        views=character.views,
        keep_eyes_open=character.keep_eyes_open,
        **more,
    )
