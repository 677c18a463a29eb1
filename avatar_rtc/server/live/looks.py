"""Characters in looks: small pictures of what a chain makes of one, and what that takes for each frame.

A picture is made of the character as it was loaded, at rest, beside the frames, and once for each look.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.characters.image import write_picture
from avatar_rtc.characters.shrinking import made_small
from avatar_rtc.filters_schema.chain import Operation
from avatar_rtc.link.orders import ProcessStill, Still
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.shared import Renderer
from avatar_rtc.student_header import image_hash

_MOST = 256
"""Looks that are remembered; one of 160 px has 30 KB."""
_MOMENT_S = 3.0
"""Of what moves in a chain."""


@dataclass(frozen=True)
class Look:
    """A character in a look."""

    png: bytes
    """sRGB, straight alpha."""
    chain_ms: float
    """What the chain took on the whole picture, beside the frames; 0 of none."""


class Looks:
    """Those that were made lately. Made and used on the event loop."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._made: OrderedDict[object, Look] = OrderedDict()
        self._one = asyncio.Lock()

    async def of(
        self, avatar: Avatar, chain: tuple[Operation, ...], side: int, charge: Callable[[], None]
    ) -> Look:
        """The character of an avatar in a look, as far as it is shown.

        Args:
            side: the longest of the picture, in px.
            charge: called before one is made that nobody has asked for yet; may refuse.

        Raises:
            InputError: it cannot be made.
            CapacityExceeded, WorkerLost: as `Renderer.process`.
        """
        character, state = avatar.actor.character, avatar.state
        crop = character.views.shown(state.crop, state.framing)
        key = (image_hash(character.rgba), crop, chain, side)
        # One after the other, so that a page which asks for all of them takes one place among the stills.
        async with self._one:
            if (found := self._made.get(key)) is None:
                charge()
                rows, columns = crop.window(*character.rgba.shape[:2])
                found = await self._make(part_of(character.rgba, rows, columns), chain, side)
                self._made[key] = found
            self._made.move_to_end(key)
            while len(self._made) > _MOST:
                self._made.popitem(last=False)
        return found

    async def _make(self, rgba: NDArray[np.uint8], chain: tuple[Operation, ...], side: int) -> Look:
        height, width = rgba.shape[:2]
        order = ProcessStill(0, Still(rgba.tobytes(), width, height), chain, t=_MOMENT_S, is_timed=True)
        done = await self._renderer.process(order) if chain else order.still
        pixels = np.frombuffer(done.rgba, np.uint8).reshape(done.height, done.width, 4)
        png = await asyncio.to_thread(lambda: write_picture(made_small(pixels, side), "png"))
        return Look(png, done.chain_ms)


def part_of(rgba: NDArray[np.uint8], rows: range, columns: range) -> NDArray[np.uint8]:
    """The part of a picture (height, width, 4) there; what lies beyond its edges is transparent."""
    height, width = rgba.shape[:2]
    part = np.zeros((len(rows), len(columns), 4), np.uint8)
    top, left = max(rows.start, 0), max(columns.start, 0)
    inside = rgba[top : min(rows.stop, height), left : min(columns.stop, width)]
    y, x = top - rows.start, left - columns.start
    part[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
    return part
