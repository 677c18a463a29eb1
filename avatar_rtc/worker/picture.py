"""From the posed picture to the planes of every layout somebody watches.

```
 posed ─► chain ─► alpha layout
             └───► matte, over its ground
 posed ─► matte, over its ground ─► chain        where the backdrop shares the avatar's chain
```

A label that the server asks for comes after all of it, also where a chain fails or takes too long.
"""

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from torch import Tensor

from avatar_rtc.control.state import Backdrop
from avatar_rtc.filters_schema.chain import Operation
from avatar_rtc.filters_schema.label import Label
from avatar_rtc.render.colour import ColourSpace, converted
from avatar_rtc.render.device.card import Card
from avatar_rtc.render.device.memory import is_out_of_memory
from avatar_rtc.render.filters.label import labelled
from avatar_rtc.render.filters.tables import Tables
from avatar_rtc.render.standing import ChainEnd, StandingChain, Tail
from avatar_rtc.worker.budget import Budget
from avatar_rtc.worker.failing_parts import FailingParts
from avatar_rtc.worker.grounds import Grounds
from avatar_rtc.worker.layouts import DeviceLayouts, HostLayouts, Layouts, PictureForm, Planes
from avatar_rtc.worker.meter import DeviceMeter, DeviceTimes, HostMeter, Meter, StageDone
from avatar_rtc.worker.system import own_seconds

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
        card: Card | None = None,
        label: Label | None = None,
    ) -> None:
        """
        Args:
            complain: told what of chain and backdrop fails, and "" when nothing does any more.
            budget_ms: what the operations of one frame may take; what comes after is left out.
            clock: of this thread, in s; measures them.
            card: what makes the pictures; None is the thread itself.
            label: drawn on every picture, whatever the chain is.
        """
        self._seed, self._card, self._clock, self._label = seed, card, clock, label
        self._most_pixels = max(_MOST_PIXELS, matte_size[0] * matte_size[1])
        self._layouts: Layouts = DeviceLayouts() if card else HostLayouts(matte_size)
        self._times = DeviceTimes(budget_ms)
        self.failing = FailingParts(complain)
        self._tables = Tables()
        self._grounds = Grounds(matte_size, seed, self._most_pixels, self._tabled)
        captures = card.captures if card else None
        self._alone, self._over_scene = StandingChain(captures), StandingChain(captures)

    def meter(self, stage: StageDone = lambda name: None) -> Meter:
        """What measures one frame; `stage` is told of what this thread does itself."""
        if self._card is not None:
            return DeviceMeter(self._card.streams, self._times)
        return HostMeter(stage, Budget(self._times.limit_ms, self._clock))

    def planes(
        self,
        picture: Tensor,
        space: ColourSpace,
        t: float,
        chain: tuple[Operation, ...],
        backdrop: Backdrop,
        layouts: Collection[PictureForm],
        meter: Meter | None = None,
    ) -> Planes:
        """The picture in each of these layouts: I420, or RGBA, where the picture is.

        Args:
            picture: (4, H, W) in `space`: posed and cropped.
            t: media time in s.
            meter: of this frame; None is one that nobody reads.
        """
        meter = meter or self.meter()
        shared = backdrop.chain == "shared"
        if not (chain or backdrop.chain):
            self._tables.clear()
        own: list[PictureForm] = [form for form in ("alpha", "rgba") if form in layouts]
        ground = None
        if "matte" in layouts:
            ground = self._grounds.at(backdrop, picture.device, t, self.failing, meter)
            meter.stage("backdrop")
            own += [] if shared else ["matte"]
        found: dict[PictureForm, Tensor] = {}
        if not own:
            self._alone.clear()
        else:
            run = _ChainRun("the chain", self._alone, chain, t, meter)
            tail = Tail(partial(self._laid_out, own, ground), (*own, self._grounds.newest))
            is_still = ground is None or not self._grounds.moves
            found.update(zip(own, self._developed(run, picture, space, tail, is_still), strict=True))
        if ground is None or not shared:
            self._over_scene.clear()
        else:
            run = _ChainRun("the chain over the scene", self._over_scene, chain, t, meter)
            scene = self._layouts.scene(*_seen(picture, space), ground)
            found["matte"] = self._developed(run, scene, "srgb", Tail(self._whole, "scene"))[0]
        meter.stage("layout")
        return found

    def forget_tables(self) -> None:
        """Free what chain and backdrop have made for the next frames."""
        self._tables.clear()
        self._grounds.newest = None
        self._alone.clear()
        self._over_scene.clear()

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

    def _developed(
        self, run: "_ChainRun", picture: Tensor, space: ColourSpace, tail: Tail, is_still: bool = True
    ) -> Sequence[Tensor]:
        """What the tail makes of the picture after the chain, or of the bare one where that fails."""

        def developed() -> ChainEnd:
            run.meter.start(run.part, run.chain)
            with self._tabled():
                ended = run.on(
                    picture.float(), space, run.chain, run.t, self._seed, run.meter.done, self._most_pixels,
                    tail if is_still else None,
                )  # fmt: skip
            if run.part in self.failing.left_out:
                run.meter.settle()
            return ended

        ended = self.failing.attempt(run.part, run.chain, run.t, developed) or ChainEnd(picture, space)
        run.meter.stage("chain")
        return tail.work(ended.image, ended.space) if ended.laid_out is None else ended.laid_out

    def _laid_out(
        self, forms: Sequence[PictureForm], ground: Tensor | None, picture: Tensor, space: ColourSpace
    ) -> Sequence[Tensor]:
        image, is_premultiplied = self._labelled(picture, space)
        return [self._layouts.of(form, image, is_premultiplied, ground) for form in forms]

    def _whole(self, scene: Tensor, space: ColourSpace) -> Sequence[Tensor]:
        return [self._layouts.whole(*self._labelled(scene, space))]

    def _labelled(self, picture: Tensor, space: ColourSpace) -> tuple[Tensor, bool]:
        picture, is_premultiplied = _seen(picture, space)
        if self._label is not None:
            space = "srgb-premultiplied" if is_premultiplied else "srgb"
            picture = labelled(picture, self._label, space)
        return picture, is_premultiplied


class _ChainRun(NamedTuple):
    """A chain on one picture."""

    part: str
    """What it is called where it fails."""
    on: StandingChain
    chain: tuple[Operation, ...]
    t: float
    meter: Meter


def _seen(picture: Tensor, space: ColourSpace) -> tuple[Tensor, bool]:
    """In sRGB, and whether its colours are multiplied by alpha."""
    if space == "srgb-premultiplied":
        return picture, True
    return converted(picture, space, "srgb"), False
