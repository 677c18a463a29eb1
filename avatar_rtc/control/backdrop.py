"""Backdrops between messages and state."""

from typing import Any, Literal

from avatar_rtc.control.messages import BackdropSet
from avatar_rtc.control.state import Backdrop
from avatar_rtc.errors import BadMessage
from avatar_rtc.filters_schema.backdrops import backdrop_file
from avatar_rtc.filters_schema.chain import Operation, chain_json, check_chain


def backdrop_of(message: BackdropSet) -> Backdrop:
    """The backdrop a message asks for.

    Raises:
        UnknownName, InputError: there is no such picture, or its chain cannot be.
    """
    if message.name is not None:
        backdrop_file(message.name)
    return Backdrop(message.name, message.rgb, message.fit, message.blur, _chain_of(message.chain))


def _chain_of(chain: list[Any] | str | None) -> tuple[Operation, ...] | Literal["shared"]:
    if chain == "shared":
        return "shared"
    if isinstance(chain, str):
        raise BadMessage(f'a backdrop\'s chain is a list of operations, or "shared", not {chain!r:.40}')
    return check_chain(chain or ())


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
