"""A box of pixels: the one word for a part of a picture."""

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Box:
    """Columns x <= … < x + width and rows y <= … < y + height."""

    x: int
    y: int
    width: int
    height: int

    @classmethod
    def between(cls, top: int, bottom: int, left: int, right: int) -> "Box":
        """The box from its edges, each in px from the upper left; empty if they cross."""
        return cls(left, top, max(0, right - left), max(0, bottom - top))

    @classmethod
    def around(cls, boxes: Iterable["Box"]) -> "Box":
        """The smallest that holds them all.

        >>> Box.around([Box(0, 5, 2, 2), Box(4, 0, 3, 1)])
        Box(x=0, y=0, width=7, height=7)
        """
        top, bottom, left, right = zip(*((b.y, b.bottom, b.x, b.right) for b in boxes), strict=True)
        return cls.between(min(top), max(bottom), min(left), max(right))

    @property
    def right(self) -> int:
        """The first column beyond it."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row beyond it."""
        return self.y + self.height

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns."""
        return slice(self.y, self.bottom), slice(self.x, self.right)

    @property
    def is_empty(self) -> bool:
        """True if no pixel is in it."""
        return not (self.width and self.height)

    @property
    def halved(self) -> "Box":
        """The same part of a picture of half the size."""
        return Box(self.x // 2, self.y // 2, self.width // 2, self.height // 2)

    @property
    def doubled(self) -> "Box":
        """The same part of a picture of twice the size."""
        return Box(2 * self.x, 2 * self.y, 2 * self.width, 2 * self.height)

    def grown(self, margin: int) -> "Box":
        """With so many px more on each side."""
        return Box(self.x - margin, self.y - margin, self.width + 2 * margin, self.height + 2 * margin)

    def holds(self, other: "Box") -> bool:
        """True if the other box lies inside."""
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.right <= self.right
            and other.bottom <= self.bottom
        )

    def common(self, other: "Box") -> "Box":
        """What lies in both; empty if nothing does."""
        return Box.between(
            max(self.y, other.y), min(self.bottom, other.bottom),
            max(self.x, other.x), min(self.right, other.right),
        )  # fmt: skip

    def within(self, outer: "Box") -> "Box":
        """The same pixels, counted from the corner of `outer`.

        >>> Box(20, 30, 8, 8).within(Box(16, 16, 64, 64))
        Box(x=4, y=14, width=8, height=8)
        """
        return self.moved(-outer.x, -outer.y)

    def moved(self, right: int, down: int) -> "Box":
        """As large, elsewhere."""
        return replace(self, x=self.x + right, y=self.y + down)
