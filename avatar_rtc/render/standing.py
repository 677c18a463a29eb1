"""A chain that stands still on a device: all of it that does not move is captured, and then replayed.

```
 operations   bloom  vignetting │ noise │ banding  upscale  layout
                still run       │ moves │       still run
 captured     ───── graph ───── │ eager │ ──────── graph ────────
```

Until a run is captured, and whenever anything of it changes, its operations run as they are.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor

from avatar_rtc.filters_schema.chain import Operation
from avatar_rtc.render.colour import ColourSpace
from avatar_rtc.render.device.captures import Capture, Captures
from avatar_rtc.render.filters.chain import Step, active, run_steps
from avatar_rtc.render.filters.tables import Tables

STILL_FRAMES = 25
"""So often a run is the same before it is captured: a second, so no slider under a finger asks for it."""
MOST_GRAPHS = 4
"""Of one chain. Each keeps pictures of its own, up to 64 MiB; of more runs the last are captured, after which
the bytes come."""
StepsDone = Callable[[Sequence[tuple[int, str]]], None]
"""Told of operations that ran together, with their places and names; raising ends the chain."""


class Tail(NamedTuple):
    """What becomes of the picture after the chain, as bytes."""

    work: Callable[[Tensor, ColourSpace], Sequence[Tensor]]
    """Pure; reads nothing that changes."""
    key: object
    """Of two tails that do the same it is equal."""


@dataclass(frozen=True)
class ChainEnd:
    """A picture at the end of its chain."""

    image: Tensor
    space: ColourSpace
    laid_out: Sequence[Tensor] | None = None
    """What the tail gave, if that was done already; the picture is that before the last operations then."""


@dataclass
class _Run:
    """Operations that follow each other and do not move."""

    key: object
    seen: int = 0
    capture: Capture | None = None
    space: ColourSpace = "linear"
    """After it."""

    def drop(self) -> None:
        """Nobody wants it any more."""
        if self.capture is not None:
            self.capture.drop()


class StandingChain:
    """One avatar's chain; for one thread at a time."""

    def __init__(self, captures: Captures | None, still_frames: int = STILL_FRAMES) -> None:
        """`captures` is None where nothing can be captured."""
        self._captures, self._still_frames = captures, still_frames
        self._runs: list[_Run] = []

    def __call__(
        self,
        image: Tensor,
        space: ColourSpace,
        chain: Sequence[Operation],
        t: float,
        seed: int,
        on_done: StepsDone = lambda steps: None,
        most_pixels: float = math.inf,
        tail: Tail | None = None,
    ) -> ChainEnd:
        """The picture after the chain, as `run_chain` makes it; valid until the next call.

        Args:
            tail: may be captured with the last operations.

        Raises:
            InputError, SetupError: as `run_steps`.
        """

        def one(place: int, name: str) -> None:
            on_done([(place, name)])

        if self._captures is None:
            return ChainEnd(*run_steps(image, space, active(chain), t, seed, one, most_pixels))
        parts = _parts(active(chain))
        runs = [steps for moves, steps in parts if not moves]
        self._forget(len(runs))
        number = 0
        for moves, steps in parts:
            if moves:
                image, space = run_steps(image, space, steps, t, seed, one, most_pixels)
                continue
            number += 1
            last = tail if number == len(runs) else None
            if not steps and last is None:
                continue
            run = self._run(number - 1, (steps, space, _form(image), last and last.key))
            made = run.capture.made if run.capture else None
            if made is None:
                if run.seen >= self._still_frames and number > len(runs) - MOST_GRAPHS:
                    self._capture(run, image, space, steps, last)
                image, space = run_steps(image, space, steps, t, seed, one, most_pixels)
                continue
            outputs, space = made([image]), run.space
            on_done([(place, operation.name) for place, operation in steps])
            if last is not None:
                return ChainEnd(image, space, outputs)
            image = outputs[0]
        return ChainEnd(image, space)

    def clear(self) -> None:
        """Forget what was captured."""
        self._forget(0)

    def _run(self, number: int, key: object) -> _Run:
        """The run at that number, which is another if its key is."""
        if number < len(self._runs) and self._runs[number].key != key:
            self._forget(number)
        if number == len(self._runs):
            self._runs.append(_Run(key))
        run = self._runs[number]
        run.seen += 1
        return run

    def _forget(self, number: int) -> None:
        for run in self._runs[number:]:
            run.drop()
        del self._runs[number:]

    def _capture(
        self, run: _Run, image: Tensor, space: ColourSpace, steps: Sequence[Step], tail: Tail | None
    ) -> None:
        assert self._captures is not None
        if run.capture and not (run.capture.is_dropped and not self._captures.rests):
            return
        tables = Tables(most_bytes=1 << 62)

        def work(picture: Tensor) -> Sequence[Tensor]:
            with tables.in_use():
                ended, run.space = run_steps(picture, space, steps, 0.0, 0)
            return [ended] if tail is None else tail.work(ended, run.space)

        kind = partial(torch.zeros, image.shape, dtype=image.dtype, device=image.device)
        name = ", ".join(operation.name for _, operation in steps) or "the layout"
        run.capture = self._captures.begin(name, work, lambda: [kind()])


def _parts(steps: Sequence[Step]) -> list[tuple[bool, tuple[Step, ...]]]:
    """Runs of operations that move, and of those that do not; the last one does not, and may be empty."""
    parts = [(moves, tuple(run)) for moves, run in groupby(steps, lambda step: step[1].params.moves)]
    return parts if parts and not parts[-1][0] else [*parts, (False, ())]


def _form(image: Tensor) -> object:
    return image.shape, image.stride(), image.dtype, image.device
