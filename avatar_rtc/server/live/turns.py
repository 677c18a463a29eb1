"""A line for heavy work: a few at a time, fairly between callers.

Nobody's second turn comes before anybody's first. Where the line is full, whoever has most in it makes room
for a newcomer that has less.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from avatar_rtc.errors import CapacityExceeded


class Turns:
    """Those that have a turn. Made and used on one event loop."""

    def __init__(
        self,
        most: int,
        refuse: Callable[[], CapacityExceeded],
        at_once: int = 1,
        of_one: int | None = None,
    ) -> None:
        """
        Args:
            most: how many may be in the line, those whose turn it is included.
            refuse: the error for one more.
            at_once: so many have their turn together.
            of_one: and so many of the same caller; None is as many.
        """
        self._most, self._refuse, self._at_once = most, refuse, at_once
        self._of_one = at_once if of_one is None else of_one
        self._line: list[Turn] = []
        """Those whose turn has come, and behind them those that wait, as it will come to them."""

    def __len__(self) -> int:
        return len(self._line)

    def take(self, moved: Callable[[], None] = lambda: None, caller: str = "") -> "Turn":
        """A place in the line; whoever has it gives it back with `leave`.

        Args:
            moved: called when the place has changed.
            caller: whose it is.

        Raises:
            CapacityExceeded: the line is full.
        """
        return self._take(moved, caller, yields=False)

    @asynccontextmanager
    async def turn(self, caller: str = "", within_s: float | None = None) -> AsyncIterator[None]:
        """Wait for a turn, and have it.

        Args:
            caller: whose it is.
            within_s: how long to wait; None is as long as it takes.

        Raises:
            CapacityExceeded: the line is full, or has become so of others who had less in it.
            TimeoutError: it did not come in time.
        """
        turn = self._take(lambda: None, caller, yields=True)
        try:
            async with asyncio.timeout(within_s):
                await turn.has_come.wait()
            if turn.refusal is not None:
                raise turn.refusal
            yield
        finally:
            turn.leave()

    def place(self, turn: "Turn") -> int:
        """How many come before it."""
        return max(0, self._line.index(turn) - self._at_once + 1)

    def leave(self, turn: "Turn") -> None:
        """Take it out of the line, from wherever it stands."""
        if turn in self._line:
            before = self._places()
            self._line.remove(turn)
            self._go_on(before)

    def _take(self, moved: Callable[[], None], caller: str, yields: bool) -> "Turn":
        if len(self._line) >= self._most:
            self._make_room(caller)
        turn = Turn(self, moved, caller, yields)
        before = self._places()
        self._line.append(turn)
        self._go_on(before)
        return turn

    def _make_room(self, caller: str) -> None:
        """The last of who has most, unless the newcomer would have as many then, or that one cannot yield."""
        counts = Counter(turn.caller for turn in self._line)
        ripe = [turn for turn in self._line if turn.yields and not turn.has_come.is_set()]
        yielding = max(ripe, key=lambda turn: counts[turn.caller], default=None)
        if yielding is None or counts[yielding.caller] <= counts[caller] + 1:
            raise self._refuse()
        last = [turn for turn in ripe if turn.caller == yielding.caller][-1]
        self._line.remove(last)
        last.refusal = self._refuse()
        last.has_come.set()

    def _go_on(self, before: "dict[Turn, int]") -> None:
        """After a change: in which order they wait now, who may begin, and who has moved."""
        running = [turn for turn in self._line if turn.has_come.is_set()]
        ranks = Counter(turn.caller for turn in running)
        waiting: list[tuple[int, Turn]] = []
        for turn in (turn for turn in self._line if not turn.has_come.is_set()):
            waiting.append((ranks[turn.caller], turn))
            ranks[turn.caller] += 1
        waiting.sort(key=lambda ranked: ranked[0])
        begun = Counter(turn.caller for turn in running)
        for _, turn in waiting:
            if len(running) < self._at_once and begun[turn.caller] < self._of_one:
                begun[turn.caller] += 1
                running.append(turn)
                turn.has_come.set()
        self._line = [*running, *(turn for _, turn in waiting if not turn.has_come.is_set())]
        for turn, place in self._places().items():
            if before.get(turn, place) != place:
                turn.moved()

    def _places(self) -> "dict[Turn, int]":
        return {turn: at for at, turn in enumerate(self._line)}


class Turn:
    """One place in the line; made by `Turns.take`."""

    def __init__(self, turns: Turns, moved: Callable[[], None], caller: str, yields: bool) -> None:
        self._turns, self.moved = turns, moved
        self.caller = caller
        self.yields = yields
        """Whether it makes room for others while it waits."""
        self.refusal: CapacityExceeded | None = None
        """Set if it has: it is in the line no more."""
        self.has_come = asyncio.Event()
        """Set when it is its turn, or when it will never be."""

    @property
    def place(self) -> int:
        """How many come before it; 0 when it is its turn."""
        return self._turns.place(self)

    def leave(self) -> None:
        """Let the next one come; may be called again."""
        self._turns.leave(self)
