"""Where the time of a frame goes, and whether its operations take too much of it.

A CPU tells while it works. A device has only been asked by then: marks are left, and read when the picture
has arrived, so what was too slow is found with the next frame.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from avatar_rtc.render.device.streams import AnyStreams, DeviceMark
from avatar_rtc.worker.budget import Budget, TooSlow

StageDone = Callable[[str], None]
"""Told at the end of each stage, with its name."""
Steps = Sequence[tuple[int, str]]
"""Operations that ran together: their places in the chain, and their names."""
BACKDROP = "the backdrop"


class Meter(Protocol):
    """Told of one frame what is over."""

    def stage(self, name: str) -> None:
        """A stage is."""

    def start(self, part: str, cause: object) -> None:
        """What comes before the operations of a part is: its chain's, the scene's, the backdrop's.

        Args:
            cause: what the part is made of.
        """

    def done(self, steps: Steps) -> None:
        """Operations of that part are.

        Raises:
            TooSlow: all of the frame's have taken too long.
        """

    def settle(self) -> None:
        """The last operation of a part is that failed before: whether it was too slow, wants to be known now.

        Raises:
            TooSlow: it was.
        """

    def read(self) -> tuple[Mapping[str, float], float]:
        """What a device took, when the picture has arrived: milliseconds by stage, and all of them."""


class HostMeter:
    """See `Meter`; of what a CPU does."""

    def __init__(self, stage: StageDone, budget: Budget) -> None:
        self._stage, self._budget, self._part = stage, budget, ""

    def stage(self, name: str) -> None:
        """See `Meter.stage`."""
        self._stage(name)

    def start(self, part: str, cause: object) -> None:
        """See `Meter.start`."""
        self._part = part
        self._budget.start()

    def done(self, steps: Steps) -> None:
        """See `Meter.done`."""
        for place, name in steps:
            if self._part != BACKDROP:
                self._stage(stage_of(place, name))
            self._budget.end(place, name)

    def settle(self) -> None:
        """See `Meter.settle`; it is known."""

    def read(self) -> tuple[Mapping[str, float], float]:
        """See `Meter.read`; there is none."""
        return {}, 0.0


class _Passed(NamedTuple):
    kind: Literal["stage", "start", "steps"]
    part: str
    """Of the operations; of a stage its name."""
    steps: Steps
    mark: DeviceMark


class Late(NamedTuple):
    """A part that was found too slow when its picture had been made."""

    cause: object
    """What it was made of."""
    error: TooSlow


@dataclass
class DeviceTimes:
    """What is known of an avatar's frames on a device, from the last of them that has arrived."""

    limit_ms: float
    """What the operations of one frame may take."""
    steps_ms: dict[str, float] = field(default_factory=dict)
    """What each operation took when it ran by itself."""
    late: dict[str, Late] = field(default_factory=dict)
    """Part → that it was too slow, and nobody has been told."""


class DeviceMeter:
    """See `Meter`; of what a device is asked."""

    def __init__(self, streams: AnyStreams, times: DeviceTimes) -> None:
        self._streams, self._times, self._part = streams, times, ""
        self._causes: dict[str, object] = {}
        self._passed: list[_Passed] = []
        self._begun: DeviceMark = streams.mark()

    def stage(self, name: str) -> None:
        """See `Meter.stage`."""
        self._pass("stage", name)

    def start(self, part: str, cause: object) -> None:
        """See `Meter.start`.

        Raises:
            TooSlow: in the last frame that has arrived, this part was, made of the same.
        """
        self._part, self._causes[part] = part, cause
        late = self._times.late.pop(part, None)
        if late is not None and late.cause == cause:
            raise late.error
        self._pass("start", part)

    def done(self, steps: Steps) -> None:
        """See `Meter.done`."""
        self._pass("steps", self._part, steps)

    def settle(self) -> None:
        """See `Meter.settle`; waits for the device."""
        if self._passed:
            self._passed[-1].mark.wait()
        late = self._too_slow()
        if self._part in late:
            raise late[self._part].error

    def read(self) -> tuple[Mapping[str, float], float]:
        """See `Meter.read`; learns what was too slow."""
        self._times.late = self._too_slow()
        last, found = self._begun, defaultdict[str, float](float)
        for passed in self._passed:
            if passed.kind == "start" or passed.part == BACKDROP:
                continue
            ms, last = passed.mark.ms_since(last), passed.mark
            if passed.kind == "stage":
                found[passed.part] += ms
                continue
            for (place, name), share in zip(passed.steps, self._shares(passed.steps), strict=True):
                found[stage_of(place, name)] += ms * share
            if len(passed.steps) == 1:
                self._times.steps_ms[stage_of(*passed.steps[0])] = ms
        return found, last.ms_since(self._begun)

    def _pass(self, kind: Literal["stage", "start", "steps"], part: str, steps: Steps = ()) -> None:
        self._passed.append(_Passed(kind, part, steps, self._streams.mark()))

    def _shares(self, steps: Steps) -> list[float]:
        """What each has of a time that was measured for all: as when they ran one by one."""
        known = [self._times.steps_ms.get(stage_of(*step), 0.0) for step in steps]
        total = sum(known)
        return [ms / total if total > 0 else 1 / len(steps) for ms in known]

    def _too_slow(self) -> dict[str, Late]:
        """The part in which the operations had more than a frame may, reckoned as on a CPU."""
        now = 0.0
        budget = Budget(self._times.limit_ms, lambda: now / 1000)
        for passed in self._passed:
            if passed.kind == "stage":
                continue
            at = passed.mark.ms_since(self._begun)
            if passed.kind == "start":
                now = at
                budget.start()
                continue
            took = at - now
            for (place, name), share in zip(passed.steps, self._shares(passed.steps), strict=True):
                now += took * share
                try:
                    budget.end(place, name)
                except TooSlow as error:
                    return {passed.part: Late(self._causes[passed.part], error)}
        return {}


def stage_of(place: int, name: str) -> str:
    """What the time of an operation is told as."""
    return f"chain {place} {name}"
