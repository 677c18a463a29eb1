"""From the posed picture to the planes of every layout somebody watches.

```
 posed ─► chain ─► alpha layout
             └───► matte, over its ground
 posed ─► matte, over its ground ─► chain        where the backdrop shares the avatar's chain
```
"""

import logging
from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.backdrops import backdrop_file
from avatar_rtc.filters_schema.chain import Operation
from avatar_rtc.frame import Layout
from avatar_rtc.render.backdrop import Ground
from avatar_rtc.render.colour import ColourSpace, converted
from avatar_rtc.render.filters.chain import run_chain
from avatar_rtc.render.layout import Matte, alpha_layout
from avatar_rtc.state import Backdrop

log = logging.getLogger(__name__)

Stage = Callable[[str], None]
"""Told at the end of each stage, with its name."""


class Finisher:
    """One avatar's chain, backdrop and layouts."""

    def __init__(self, matte_size: tuple[int, int], seed: int, complain: Callable[[str], None]) -> None:
        """`complain` is told once of a chain that cannot be run; the picture goes on without it."""
        self._matte, self._seed, self._complain = Matte(matte_size), seed, complain
        self._ground: Ground | None = None
        self._broken: tuple[Operation, ...] | None = None

    def planes(
        self,
        picture: Tensor,
        space: ColourSpace,
        t: float,
        chain: tuple[Operation, ...],
        backdrop: Backdrop,
        layouts: set[Layout],
        stage: Stage = lambda name: None,
    ) -> Mapping[Layout, NDArray[np.uint8]]:
        """The I420 picture of each of these layouts.

        Args:
            picture: (4, H, W) in `space`: posed and cropped.
            t: media time in s.
        """
        shared = backdrop.chain == "shared"
        found: dict[Layout, NDArray[np.uint8]] = {}
        if layouts - {"matte"} or not shared:
            seen, is_premultiplied = self._finished(picture, space, t, chain, stage)
            if "alpha" in layouts:
                found["alpha"] = alpha_layout(seen, is_premultiplied)
            if "matte" in layouts and not shared:
                ground = self._ground_of(backdrop, picture.device).at(t, self._seed)
                found["matte"] = self._matte(seen, ground, is_premultiplied)
        if "matte" in layouts and shared:
            ground = self._ground_of(backdrop, picture.device).at(t, self._seed)
            bare, is_premultiplied = _shown(picture, space)
            scene = self._matte.scene(bare, ground, is_premultiplied)
            found["matte"] = self._matte.whole(*self._finished(scene, "srgb", t, chain, stage))
        stage("layout")
        return found

    def finished(
        self, picture: Tensor, space: ColourSpace, t: float, chain: tuple[Operation, ...]
    ) -> NDArray[np.uint8]:
        """The picture after the chain, (H, W, 4) sRGB, straight alpha."""
        ended, space = self._run(picture, space, t, chain, lambda name: None)
        pixels = converted(ended, space, "srgb").mul(255).round().byte().permute(1, 2, 0).cpu().numpy().copy()
        pixels[pixels[..., 3] == 0] = 0
        return pixels

    def _finished(
        self, picture: Tensor, space: ColourSpace, t: float, chain: tuple[Operation, ...], stage: Stage
    ) -> tuple[Tensor, bool]:
        return _shown(*self._run(picture, space, t, chain, stage))

    def _run(
        self, picture: Tensor, space: ColourSpace, t: float, chain: tuple[Operation, ...], stage: Stage
    ) -> tuple[Tensor, ColourSpace]:
        if chain == self._broken and chain:
            return picture, space
        try:
            told = lambda place, name: stage(f"chain {place} {name}")  # noqa: E731
            found = run_chain(picture.float(), space, chain, t, self._seed, told)
        except Exception as error:
            log.exception("a chain cannot be run")
            self._broken = chain
            self._complain(f"the filters are off: {type(error).__name__}: {error}")
            return picture, space
        stage("chain")
        return found

    def _ground_of(self, backdrop: Backdrop, device: torch.device) -> Ground:
        if self._ground is None or self._ground.backdrop != backdrop:
            file = None if backdrop.name is None else backdrop_file(backdrop.name).read_bytes()
            size = (self._matte.width, self._matte.height)
            self._ground = Ground(backdrop, file, size, str(device))
        return self._ground


def _shown(picture: Tensor, space: ColourSpace) -> tuple[Tensor, bool]:
    """In sRGB, and whether its colours are multiplied by alpha."""
    if space == "srgb-premultiplied":
        return picture, True
    return converted(picture, space, "srgb"), False
