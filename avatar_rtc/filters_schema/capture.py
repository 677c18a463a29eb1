"""Parameters of the operations that a camera and its lens do: exposure, colour fringes, noise."""

from typing import ClassVar

from pydantic import Field

from avatar_rtc.filters_schema.params import Params, Stage


class Vignetting(Params):
    """Darken towards the corners, like a cheap lens."""

    stage: ClassVar[Stage] = "capture"

    strength: float = Field(
        0.42, ge=0.0, le=0.5, description="0 changes nothing; at 0.5 the corners are black."
    )

    @property
    def neutral(self) -> bool:
        return self.strength == 0


OPERATIONS: dict[str, type[Params]] = {"vignetting": Vignetting}
