"""What the declarations of all operations have in common.

A range always holds the value that changes nothing, so that every slider has an "off". Lengths in pixels are
those of a picture 512 px high; they grow with the picture, so that a preset looks the same at any size.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

ZeroToOne = Annotated[float, Field(ge=0.0, le=1.0)]
Colour = tuple[ZeroToOne, ZeroToOne, ZeroToOne]
"""Linear red, green, blue in [0, 1]."""
Stage = Literal["scene", "capture", "signal", "display", "size"]
"""Where in a camera's life an operation belongs; sorts lists in editors, never the chain."""


class Params(BaseModel):
    """Parameters of one operation; unknown ones are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    stage: ClassVar[Stage] = "capture"
    moves: ClassVar[bool] = False
    """True if the picture also depends on the time."""

    enabled: bool = Field(True, description="Off keeps the operation in the chain, but skips it.")

    @property
    def neutral(self) -> bool:
        """True if these parameters change nothing, so that the operation is not run at all."""
        return False
