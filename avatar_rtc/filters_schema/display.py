"""Parameters of the operations that a screen does: scanlines, bands, one colour only."""

from typing import ClassVar

from pydantic import Field

from avatar_rtc.filters_schema.params import Params, Stage


class TranslucentDisplay(Params):
    """Let the background shine through, like a hologram."""

    stage: ClassVar[Stage] = "display"

    alpha: float = Field(0.9, ge=0.1, le=1.0, description="Factor on the opacity; 1 is opaque.")

    @property
    def neutral(self) -> bool:
        return self.alpha == 1


OPERATIONS: dict[str, type[Params]] = {"translucent_display": TranslucentDisplay}
