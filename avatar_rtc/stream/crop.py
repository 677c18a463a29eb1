"""The part of the picture that is shown."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Crop:
    """The part of the picture that is shown, as shares of its width and height."""

    left: float = 0.0
    top: float = 0.0
    right: float = 1.0
    bottom: float = 1.0

    def slices(self, height: int, width: int) -> tuple[slice, slice]:
        """Rows and columns of a picture; on even numbers, since chroma has half the resolution.

        >>> Crop(left=0.25).slices(512, 512)
        (slice(0, 512, None), slice(128, 512, None))
        """
        return (
            slice(_even(self.top * height), _even(self.bottom * height)),
            slice(_even(self.left * width), _even(self.right * width)),
        )


FULL_FRAME = Crop()


def _even(share: float) -> int:
    return round(share / 2) * 2
