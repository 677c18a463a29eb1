"""Packets that a viewer asks for once more though they were sent again: lost twice, so its link is full.

What is asked for once says little: of a picture whose packets come in another order, a browser asks for every
one that was overtaken, and has it a moment later. Seconds are the caller's.
"""

from collections import OrderedDict, deque

ASKED_AGAIN_S = 0.04
"""Between two requests for one packet: a player waits for a round-trip; who is overtaken comes sooner."""
MOST_ASKED = 512


class Unrepaired:
    """Those of one stream within the last second or so."""

    def __init__(self, window_s: float) -> None:
        """`window_s`: how long each counts."""
        self._window_s = window_s
        self._asked: OrderedDict[int, float] = OrderedDict()
        self._counted: deque[float] = deque()

    def asked(self, numbers: tuple[int, ...], t: float) -> None:
        """The viewer misses packets of these numbers."""
        for number in numbers:
            first = self._asked.setdefault(number, t)
            if t - first >= ASKED_AGAIN_S:
                self._counted.append(t)
                self._asked[number] = float("inf")  # each once
        while len(self._asked) > MOST_ASKED:
            self._asked.popitem(last=False)

    def lately(self, t: float) -> int:
        """How many there were."""
        while self._counted and self._counted[0] < t - self._window_s:
            self._counted.popleft()
        return len(self._counted)

    def forgive(self) -> None:
        """What was counted so far does not count any more."""
        self._counted.clear()
