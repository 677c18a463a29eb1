"""The part of the picture that is shown."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field

from avatar_rtc.errors import InputError

MIN_SIDE = 1 / 16
"""Least share of width and height that is shown: 32 px of 512; encoders refuse less than 16."""
_Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Left = Annotated[_Share, Field(description="Left edge, 0 is the picture's own.")]
Top = Annotated[_Share, Field(description="Upper edge, 0 is the picture's own.")]
Right = Annotated[_Share, Field(description="Right edge, 1 is the picture's own.")]
Bottom = Annotated[_Share, Field(description="Lower edge, 1 is the picture's own.")]


@dataclass(frozen=True)
class Crop:
    """The part of the picture that is shown, as shares of its width and height.

    Messages and files use it as it is: as a field of a pydantic model, it holds each edge to its range.

    Raises:
        InputError: less than `MIN_SIDE` is left of a side.
    """

    # What stands in a strict model, too, comes as an object or a table.
    __pydantic_config__ = ConfigDict(extra="forbid", strict=False)

    left: Left = 0.0
    top: Top = 0.0
    right: Right = 1.0
    bottom: Bottom = 1.0

    def __post_init__(self) -> None:
        for low, high in (("left", "right"), ("top", "bottom")):
            if getattr(self, high) - getattr(self, low) < MIN_SIDE:
                raise InputError(f"crop.{high} must exceed crop.{low} by {MIN_SIDE:g} at least")

    def window(self, height: int, width: int) -> tuple[range, range]:
        """Rows and columns of a picture; on even numbers, since chroma has half the resolution.

        A crop that is no caller's may reach beyond the picture, and so do these then; see `framing.py`.

        >>> Crop(left=0.25).window(512, 512)
        (range(0, 512), range(128, 512))
        """
        return (
            range(_even(self.top * height), _even(self.bottom * height)),
            range(_even(self.left * width), _even(self.right * width)),
        )


FULL_FRAME = Crop()


@dataclass(frozen=True)
class OwnCrop(Crop):
    """An avatar's own crop, which may be off: then its framing decides, and the edges wait."""

    enabled: bool = False

    def over(self, otherwise: Crop) -> Crop:
        """What is shown where it would be `otherwise` without it."""
        return Crop(self.left, self.top, self.right, self.bottom) if self.enabled else otherwise


NO_OWN_CROP = OwnCrop()


def _even(share: float) -> int:
    return round(share / 2) * 2
