"""Backdrops between messages and state."""

from avatar_rtc.control.messages import BackdropSet
from avatar_rtc.control.state import Backdrop
from avatar_rtc.filters_schema.backdrops import Backdrops
from avatar_rtc.filters_schema.chain import chain_json


def backdrop_of(message: BackdropSet, known: Backdrops) -> Backdrop:
    """The backdrop a message asks for.

    Raises:
        UnknownName: there is no such picture.
    """
    file = None if message.name is None else known.own_file(message.name)
    return Backdrop(message.name, message.rgb, message.fit, message.blur, message.chain or (), file)


def backdrop_json(backdrop: Backdrop) -> dict[str, object]:
    """A backdrop as `backdrop.set` takes it."""
    chain = backdrop.chain if backdrop.chain == "shared" else chain_json(backdrop.chain)
    colour = "#" + bytes(backdrop.colour).hex()
    return {
        "name": backdrop.name,
        "colour": colour,
        "fit": backdrop.fit,
        "blur": backdrop.blur,
        "chain": chain,
    }
