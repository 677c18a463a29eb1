"""What stands behind one avatar now; where that cannot be made, its colour alone."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import torch
from torch import Tensor

from avatar_rtc.control.state import Backdrop
from avatar_rtc.errors import InputError
from avatar_rtc.filters_schema.backdrops import SHIPPED_BACKDROPS
from avatar_rtc.render.backdrop import Ground
from avatar_rtc.render.filters.chain import OperationDone, nothing_told
from avatar_rtc.worker.failing_parts import FailingParts
from avatar_rtc.worker.meter import BACKDROP, Meter


class Grounds:
    """The ground of an avatar, made anew when its backdrop is another."""

    def __init__(
        self,
        size: tuple[int, int],
        seed: int,
        most_pixels: float,
        tabled: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """
        Args:
            size: (width, height) of the layout, in px.
            most_pixels: see `run_chain`.
            tabled: entered around operations, which find their tables in it.
        """
        self._size, self._seed, self._most_pixels, self._tabled = size, seed, most_pixels, tabled
        self.newest: Ground | None = None
        """The one that was used last."""

    @property
    def moves(self) -> bool:
        """Whether what was used last differs from frame to frame."""
        return self.newest is not None and self.newest.moves

    def at(
        self, backdrop: Backdrop, device: torch.device, t: float, failing: FailingParts, meter: Meter
    ) -> Tensor:
        """(3, height, width) sRGB at media time t; the same object while nothing changes."""

        def done(place: int, name: str) -> None:
            meter.done([(place, name)])

        def make() -> Tensor:
            meter.start(BACKDROP, backdrop)
            with self._tabled():
                found = self._of(backdrop, device, done).at(t, self._seed, done)
            if BACKDROP in failing.left_out:
                meter.settle()
            return found

        made = failing.attempt(BACKDROP, backdrop, t, make)
        if made is not None:
            return made
        return self._of(Backdrop(colour=backdrop.colour), device).at(t, self._seed)

    def _of(self, backdrop: Backdrop, device: torch.device, done: OperationDone = nothing_told) -> Ground:
        if self.newest is None or self.newest.backdrop != backdrop:
            self.newest = Ground(
                backdrop, picture_behind(backdrop), self._size, str(device), done, self._most_pixels
            )
        return self.newest


def picture_behind(backdrop: Backdrop) -> bytes | None:
    """The file of a backdrop's picture; None if it is a plain colour.

    Raises:
        InputError: it is not there any more.
    """
    if backdrop.name is None:
        return None
    try:
        return (backdrop.file or SHIPPED_BACKDROPS.file(backdrop.name)).read_bytes()
    except OSError as error:
        raise InputError(f"the backdrop {backdrop.name!r} cannot be read: {error.strerror}") from None
