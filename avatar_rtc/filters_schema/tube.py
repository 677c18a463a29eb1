"""Parameters of a cathode ray tube."""

from typing import ClassVar, Literal

from pydantic import Field

from avatar_rtc.filters_schema.params import Params, Stage


class Crt(Params):
    """A tube: beams that swell where it is bright, a mask of phosphors, a curved glass with a dark edge."""

    stage: ClassVar[Stage] = "display"

    curvature: float = Field(
        0.12,
        ge=0.0,
        le=0.4,
        description="Of the glass, and how wide its dark edge is; 0 is flat, without edge.",
    )
    scanline: float = Field(0.5, ge=0.0, le=1.0, description="How dark it is between beams; 0 is off.")
    lines: int = Field(
        128, ge=60, le=512, description="Beams in the height of the picture; they fade below 3 px each."
    )
    mask: Literal["aperture", "slot", "none"] = Field(
        "aperture", description="Phosphors in stripes (aperture) or in a brick pattern (slot)."
    )
    mask_strength: float = Field(
        0.3, ge=0.0, le=1.0, description="How dark it is between phosphors; 0 is off."
    )
    glow: float = Field(0.15, ge=0.0, le=1.0, description="Light that the glass scatters; 0 is off.")

    @property
    def neutral(self) -> bool:
        flat = self.curvature == self.scanline == self.glow == 0
        return flat and (self.mask == "none" or self.mask_strength == 0)


OPERATIONS: dict[str, type[Params]] = {"crt": Crt}
