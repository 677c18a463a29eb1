"""Parameters of the operations that change the size of the picture."""

from typing import ClassVar, Literal

from pydantic import Field

from avatar_rtc.filters_schema.params import Params, Stage


class Upscale(Params):
    """Enlarge the picture; the alpha never rings."""

    stage: ClassVar[Stage] = "size"

    factor: float = Field(2.0, ge=1.0, le=4.0, description="Output side / input side; 1 is off.")
    method: Literal["bilinear", "bicubic", "lanczos", "anime", "anime4k", "pyanime4k"] = Field(
        "bicubic",
        description="anime is a small network that keeps drawn lines sharp; anime4k needs --anime4k, "
        "pyanime4k its package.",
    )
    quality: Literal["low", "high"] = Field(
        "low", description="Of networks: low for processors, high for graphics cards."
    )

    preset: Literal["none", "A", "B", "C"] = Field(
        "none",
        description="Of anime4k: A restores lines before it enlarges, B does so softly, C takes noise away "
        "as it does.",
    )

    @property
    def neutral(self) -> bool:
        return self.factor == 1.0


OPERATIONS: dict[str, type[Params]] = {"upscale": Upscale}
