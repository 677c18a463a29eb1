"""Parameters of the label: a word in a corner of the picture that says how it was made."""

from typing import ClassVar, Literal

from pydantic import Field

from avatar_rtc.filters_schema.params import Colour, Params, Stage

Corner = Literal["top_left", "top_right", "bottom_left", "bottom_right"]


class Label(Params):
    """A short text on a plate in a corner, such as "AI-generated": calls and recordings show no page."""

    stage: ClassVar[Stage] = "display"

    text: str = Field(
        "AI-generated",
        max_length=24,
        pattern=r"^[!-~]([ -~]*[!-~])?$",
        description="1 to 24 letters, digits and signs of ASCII.",
    )
    corner: Corner = Field("bottom_right", description="Where it stands.")
    size: float = Field(
        14.0,
        ge=8.0,
        le=64.0,
        description="Height of a capital letter, px of a 512 px picture; 7 px at least.",
    )
    margin: float = Field(8.0, ge=0.0, le=128.0, description="To the edges, px of a 512 px picture.")
    colour: Colour = Field((1.0, 1.0, 1.0), description="Of the letters.")
    plate_colour: Colour = Field((0.0, 0.0, 0.0), description="Of what is behind them.")
    plate: float = Field(
        0.85, ge=0.0, le=1.0, description="Opacity of what is behind the letters; 0 is none."
    )  # white letters have a contrast of 5 on it, whatever is behind
    opacity: float = Field(1.0, ge=0.0, le=1.0, description="Of all of it; 0 is off.")

    @property
    def neutral(self) -> bool:
        return self.opacity == 0


DISCLOSING = Label()
"""What the server draws where its settings ask for a label on every picture."""


def forced_label(disclosure: str) -> Label | None:
    """What is drawn on every picture where the setting `disclosure` says so.

    >>> forced_label("page") is None, forced_label("picture").text
    (True, 'AI-generated')
    """
    return DISCLOSING if disclosure == "picture" else None


OPERATIONS: dict[str, type[Params]] = {"label": Label}
