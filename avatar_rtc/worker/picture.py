"""From the posed picture to the planes of every layout somebody watches.

```
 posed ─► chain ─► alpha layout
             └───► matte, over its ground
 posed ─► matte, over its ground ─► chain        where the backdrop shares the avatar's chain
```
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.control.state import Backdrop
from avatar_rtc.filters_schema.backdrops import backdrop_file
from avatar_rtc.filters_schema.chain import Operation
from avatar_rtc.render.backdrop import Ground
from avatar_rtc.render.colour import ColourSpace, converted
from avatar_rtc.render.device.memory import is_out_of_memory
from avatar_rtc.render.filters.chain import run_chain
from avatar_rtc.render.filters.tables import Tables
from avatar_rtc.render.layout import Matte, alpha_layout, rgba_layout
from avatar_rtc.worker.budget import Budget
from avatar_rtc.worker.failing_parts import FailingParts
from avatar_rtc.worker.system import own_seconds

StageDone = Callable[[str], None]
"""Told at the end of each stage, with its name."""
PictureForm = Literal["alpha", "matte", "rgba"]
_MOST_PIXELS = 2048 * 2048
"""Of a picture in a chain: the character enlarged four times, 64 MiB. No encoder takes more."""


class Finisher:
    """One avatar's chain, backdrop and layouts."""

    def __init__(
        self,
        matte_size: tuple[int, int],
        seed: int,
        complain: Callable[[str], None],
        budget_ms: float = math.inf,
        clock: Callable[[], float] = own_seconds,
    ) -> None:
        """
        Args:
            complain: told what of chain and backdrop fails, and "" when nothing does any more.
            budget_ms: what the operations of one frame may take; what comes after is left out.
            clock: of this thread, in s; measures them.
        """
        self._matte, self._seed = Matte(matte_size), seed
        self._budget_ms, self._clock = budget_ms, clock
        self._most_pixels = max(_MOST_PIXELS, matte_size[0] * matte_size[1])
        self.failing = FailingParts(complain)
        self._ground: Ground | None = None
        self._tables = Tables()

    def planes(
        self,
        picture: Tensor,
        space: ColourSpace,
        t: float,
        chain: tuple[Operation, ...],
        backdrop: Backdrop,
        layouts: Collection[PictureForm],
        stage: StageDone = lambda name: None,
    ) -> Mapping[PictureForm, NDArray[np.uint8]]:
        """The picture in each of these layouts: I420, or RGBA.

        Args:
            picture: (4, H, W) in `space`: posed and cropped.
            t: media time in s.
        """
        shared, budget = backdrop.chain == "shared", Budget(self._budget_ms, self._clock)
        if not (chain or backdrop.chain):
            self._tables.clear()
        found: dict[PictureForm, NDArray[np.uint8]] = {}
        if "matte" in layouts:
            ground = self._behind(backdrop, picture.device, t, budget)
            stage("backdrop")
        if set(layouts) - {"matte"} or not shared:
            seen, is_premultiplied = self._finished("the chain", picture, space, t, chain, stage, budget)
            if "alpha" in layouts:
                found["alpha"] = alpha_layout(seen, is_premultiplied)
            if "rgba" in layouts:
                found["rgba"] = rgba_layout(seen, is_premultiplied)
            if "matte" in layouts and not shared:
                found["matte"] = self._matte(seen, ground, is_premultiplied)
        if "matte" in layouts and shared:
            bare, is_premultiplied = _shown(picture, space)
            scene = self._matte.scene(bare, ground, is_premultiplied)
            found["matte"] = self._matte.whole(
                *self._finished("the chain over the scene", scene, "srgb", t, chain, stage, budget)
            )
        stage("layout")
        return found

    def forget_tables(self) -> None:
        """Free what chain and backdrop have made for the next frames."""
        self._tables.clear()
        self._ground = None

    def _finished(
        self,
        part: str,
        picture: Tensor,
        space: ColourSpace,
        t: float,
        chain: tuple[Operation, ...],
        stage: StageDone,
        budget: Budget,
    ) -> tuple[Tensor, bool]:
        """The picture after the chain, or bare where that fails; see `_shown`."""

        def run() -> tuple[Tensor, ColourSpace]:
            def on_done(place: int, name: str) -> None:
                stage(f"chain {place} {name}")
                budget.end(place, name)

            budget.start()
            with self._tabled():
                return run_chain(picture.float(), space, chain, t, self._seed, on_done, self._most_pixels)

        found = self.failing.attempt(part, chain, t, run)
        stage("chain")
        return _shown(*(found or (picture, space)))

    def _behind(self, backdrop: Backdrop, device: torch.device, t: float, budget: Budget) -> Tensor:
        """The ground; where it cannot be made, the backdrop's colour."""

        def make() -> Tensor:
            budget.start()
            with self._tabled():
                return self._ground_of(backdrop, device, budget).at(t, self._seed, budget.end)

        made = self.failing.attempt("the backdrop", backdrop, t, make)
        if made is not None:
            return made
        return self._ground_of(Backdrop(colour=backdrop.colour), device, budget).at(t, self._seed)

    @contextmanager
    def _tabled(self) -> Iterator[None]:
        """With the tables of this avatar; where there is no memory for what runs inside, they go as well."""
        try:
            with self._tables.in_use():
                yield
        except Exception as error:
            if is_out_of_memory(error):
                self.forget_tables()
            raise

    def _ground_of(self, backdrop: Backdrop, device: torch.device, budget: Budget) -> Ground:
        if self._ground is None or self._ground.backdrop != backdrop:
            file = None if backdrop.name is None else backdrop_file(backdrop.name).read_bytes()
            size = (self._matte.width, self._matte.height)
            self._ground = Ground(backdrop, file, size, str(device), budget.end, self._most_pixels)
        return self._ground


def _shown(picture: Tensor, space: ColourSpace) -> tuple[Tensor, bool]:
    """In sRGB, and whether its colours are multiplied by alpha."""
    if space == "srgb-premultiplied":
        return picture, True
    return converted(picture, space, "srgb"), False
