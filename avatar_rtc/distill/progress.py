"""How far a distillation is, and how long it still takes."""

import time
from collections.abc import Callable, Mapping


class TimeLeft:
    """Turns what `distill` tells into a share of the whole and the seconds left.

    The seconds follow from the pace of this run alone: what an earlier run had done has cost it no time.
    """

    def __init__(self, costs: Mapping[str, float], now: Callable[[], float] = time.monotonic) -> None:
        """The work begins now.

        Args:
            costs: what each part takes, in the order in which they are done; only their ratios count. See
                `plan.costs`.
            now: a clock, in seconds.
        """
        self._costs, self._now = dict(costs), now
        self._total = sum(self._costs.values())
        self._done: dict[str, float] = {}
        """The share of each part that has been told of."""
        self._given = 0.0
        """The share of the whole that was there before this run."""
        self._begun = now()

    def after(self, doing: str, done: int, of: int) -> tuple[float, float | None]:
        """Take a step, with the arguments of `distill.run.Progress`; what costs nothing adds nothing.

        Returns:
            The share of the whole that is done, in [0, 1], and the seconds left; None until they can be told.
        """
        if doing in self._costs:
            if doing not in self._done:
                self._find(doing, done / of)
            self._done[doing] = done / of
        share = sum(self._costs[name] * part for name, part in self._done.items()) / self._total
        gained, spent = share - self._given, self._now() - self._begun
        return share, spent * (1 - share) / gained if gained > 0.01 else None

    def _find(self, doing: str, part: float) -> None:
        """A part that is told of for the first time was there so far, and those before it as a whole."""
        for name, cost in self._costs.items():
            if name == doing:
                self._given += cost * part / self._total
                return
            if name not in self._done:
                self._done[name] = 1.0
                self._given += cost / self._total
