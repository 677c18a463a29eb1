"""Parameters of the operations that a screen does: scanlines, bands, one colour only, few colours."""

from typing import ClassVar, Literal

from pydantic import Field

from avatar_rtc.filters_schema.params import Colour, Params, Stage

MAX_LEVELS = 64
"""So many shades look like all of them."""


class Pixelize(Params):
    """Large square pixels."""

    stage: ClassVar[Stage] = "display"

    size: float = Field(
        6.0, ge=1.0, le=32.0, description="Side of a pixel, px of a 512 px picture, to whole px; 1 is off."
    )
    hard_alpha: bool = Field(False, description="A pixel is there or not, with no half-transparent edge.")

    @property
    def neutral(self) -> bool:
        return self.size == 1 and not self.hard_alpha


class Posterize(Params):
    """Few shades of each colour, evenly spaced to the eye."""

    stage: ClassVar[Stage] = "display"

    levels: int = Field(6, ge=2, le=MAX_LEVELS, description="Shades of each colour; 64 is off.")
    dither: float = Field(
        0.0, ge=0.0, le=1.0, description="Mixes neighbouring shades by a pattern; 0 is off."
    )
    dither_size: float = Field(
        1.0, ge=1.0, le=32.0, description="Side of a pattern's dot, px of a 512 px picture."
    )

    @property
    def neutral(self) -> bool:
        return self.levels == MAX_LEVELS


class TranslucentDisplay(Params):
    """Let the background shine through, like a hologram."""

    stage: ClassVar[Stage] = "display"

    alpha: float = Field(0.9, ge=0.1, le=1.0, description="Factor on the opacity; 1 is opaque.")

    @property
    def neutral(self) -> bool:
        return self.alpha == 1


class MonochromeDisplay(Params):
    """A screen of one colour: green, amber, grey."""

    stage: ClassVar[Stage] = "display"

    strength: float = Field(1.0, ge=0.0, le=1.0, description="0 is off, 1 is one colour alone.")
    tint_rgb: Colour = Field((1.0, 1.0, 1.0), description="What white becomes; amber is 1, 0.5, 0.2.")

    @property
    def neutral(self) -> bool:
        return self.strength == 0


class Banding(Params):
    """Bright bands that roll over the screen, as if a camera filmed it."""

    stage: ClassVar[Stage] = "display"
    moves: ClassVar[bool] = True

    strength: float = Field(0.4, ge=0.0, le=0.9, description="How much brighter; 0 is off.")
    density: float = Field(2.0, ge=1.0, le=4.0, description="Bands in the height of the picture.")
    speed: float = Field(16.0, ge=0.0, le=32.0, description="Lines of a 512 px picture in 1/25 s.")

    @property
    def neutral(self) -> bool:
        return self.strength == 0


class Scanlines(Params):
    """Every other line is darker, alternating between two fields."""

    stage: ClassVar[Stage] = "display"
    moves: ClassVar[bool] = True

    field: int = Field(0, ge=0, le=1, description="Which lines are dark first: 0 even, 1 odd.")
    dynamic: bool = Field(True, description="Change fields 25 times a second.")
    double_size: bool = Field(True, description="Lines two px high, which compress better.")
    channel: Literal["Y", "A"] = Field("Y", description="What is lowered: Y is brightness, A is opacity.")
    strength: float = Field(0.1, ge=0.0, le=0.9, description="How much darker; 0 is off.")

    @property
    def neutral(self) -> bool:
        return self.strength == 0


OPERATIONS: dict[str, type[Params]] = {
    "pixelize": Pixelize,
    "posterize": Posterize,
    "translucent_display": TranslucentDisplay,
    "monochrome_display": MonochromeDisplay,
    "banding": Banding,
    "scanlines": Scanlines,
}
