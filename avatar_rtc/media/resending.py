"""How much a viewer is sent again: a share of what it is sent, so that a poor link is not flooded."""

SHARE = 0.5
"""Of the payload. A tenth lost in bursts, and half of the repairs once more, take 0.2."""
FIRST_BYTES = 16_000
"""At the beginning: a keyframe."""
MOST_SAVED_BYTES = 64_000
"""Saved up in quiet times: what a second without any packet takes."""
CUT_BYTES = 6_000
"""Left after a move to a lower rung: a keyframe of that."""


class ResendShare:
    """What may still be sent again to one viewer."""

    def __init__(self) -> None:
        self._left, self._seen = float(FIRST_BYTES), 0

    def take(self, size: int, sent: int) -> bool:
        """Whether `size` bytes may be sent again, when `sent` have been sent in all."""
        self._left = min(MOST_SAVED_BYTES, self._left + SHARE * (sent - self._seen))
        self._seen = sent
        if self._left < size:
            return False
        self._left -= size
        return True

    def cut(self) -> None:
        """What was saved up is gone: the link was too narrow for it."""
        self._left = min(self._left, CUT_BYTES)
