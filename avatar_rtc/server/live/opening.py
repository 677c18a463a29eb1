"""What a render worker is told of an avatar when it opens, or moves by another student."""

from avatar_rtc.characters.character import Character
from avatar_rtc.characters.opening import order_of
from avatar_rtc.config import AnimatorName, Config
from avatar_rtc.control.state import AvatarState
from avatar_rtc.filters_schema.label import forced_label
from avatar_rtc.link.orders import MATTE_SIZE, OpenAvatar


def order_to_open(
    name: str, character: Character, state: AvatarState, epoch: float, animator: AnimatorName, config: Config
) -> OpenAvatar:
    """The order to open an avatar.

    Args:
        epoch: CLOCK_MONOTONIC second of its media time 0.
        animator: what was asked for.
    """
    cast = state.cast
    return order_of(
        character,
        state,
        name,
        epoch,
        animator=animator,
        fps=config.fps,
        matte_size=MATTE_SIZE if cast is None else (cast.width, cast.height),
        label=forced_label(config.disclosure),
        # Megabytes, which these animators have no use for.
        student=None if animator in ("static", "tha3") else character.student,
    )
