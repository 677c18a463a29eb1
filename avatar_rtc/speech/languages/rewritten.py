"""A text written in another way for an engine, and which of its signs is which of the text's own."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RewrittenText:
    """What an engine is given for a text."""

    text: str
    origins: tuple[int, ...] | None = field(default=None, repr=False)
    """Index in the text before, of each sign and of the end; never falls. None if nothing is changed."""

    def index(self, at: int) -> int:
        """Where a sign of it was before."""
        return at if self.origins is None else self.origins[max(0, min(at, len(self.origins) - 1))]

    def of(self, before: "RewrittenText") -> "RewrittenText":
        """This text, with the indices of the one before the one it was made from."""
        if self.origins is None or before.origins is None:
            return RewrittenText(self.text, self.origins if before.origins is None else before.origins)
        return RewrittenText(self.text, tuple(map(before.index, self.origins)))


def rewritten(pieces: Iterable[tuple[int, str]], length: int) -> RewrittenText:
    """Put together of pieces with the index each comes from, in order, out of a text so long.

    >>> rewritten([(0, "f"), (1, "fi"), (2, "x")], 3).origins
    (0, 1, 1, 2, 3)
    """
    parts, origins = [], []
    for begin, piece in pieces:
        parts.append(piece)
        origins += [begin] * len(piece)
    return RewrittenText("".join(parts), (*origins, length))
