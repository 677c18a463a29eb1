"""Parameters of the operations on the scene, before any camera: light, shadow, dust, where one looks."""

from typing import ClassVar, Literal

from pydantic import Field

from avatar_rtc.filters_schema.params import Colour, Params, Stage

MAX_MOTES = 200


class Zoom(Params):
    """Look closer, as if the camera had come nearer."""

    stage: ClassVar[Stage] = "scene"

    center_x: float = Field(0.0, ge=-1, le=1, description="What stays in place: -1 left edge, 1 right edge.")
    center_y: float = Field(-0.867, ge=-1, le=1, description="What stays in place: -1 top, 1 bottom.")
    factor: float = Field(2.0, ge=1.0, le=4.0, description="How much larger; 1 is off.")
    quality: Literal["low", "high", "ultra"] = Field(
        "low",
        description="low is bilinear; high and ultra keep drawn lines sharp, which takes long on a CPU.",
    )

    @property
    def neutral(self) -> bool:
        return self.factor == 1.0


class AtmosphericDust(Params):
    """Motes that drift through the light, near ones large and soft, some behind the figure."""

    stage: ClassVar[Stage] = "scene"
    moves: ClassVar[bool] = True

    count: int = Field(60, ge=0, le=MAX_MOTES, description="How many motes there are; 0 is off.")
    size: float = Field(2.2, ge=0.5, le=6.0, description="Radius of one in focus, px of a 512 px picture.")
    brightness: float = Field(0.5, ge=0.0, le=1.0, description="Of one in focus; 0 is off.")
    depth: float = Field(
        0.6, ge=0.0, le=1.0, description="How far out of focus the nearest and farthest are."
    )
    speed: float = Field(1.0, ge=0.0, le=4.0, description="Of the drift; 1 crosses the picture in 40 s.")
    colour: Colour = Field((1.0, 0.93, 0.78), description="Of the light they catch.")

    @property
    def neutral(self) -> bool:
        return self.count == 0 or self.brightness == 0


class Outline(Params):
    """A coloured line around the figure, like a sticker's."""

    stage: ClassVar[Stage] = "scene"

    width: float = Field(4.0, ge=0.0, le=16.0, description="Px of a 512 px picture; 0 is off.")
    softness: float = Field(
        0.8, ge=0.0, le=8.0, description="Sigma of its outer edge, px of a 512 px picture."
    )
    colour: Colour = Field((1.0, 1.0, 1.0), description="Of the line.")
    strength: float = Field(1.0, ge=0.0, le=1.0, description="Its opacity; 0 is off.")

    @property
    def neutral(self) -> bool:
        return self.width == 0 or self.strength == 0


class RimLight(Params):
    """Light from behind that catches the edge of the figure on one side."""

    stage: ClassVar[Stage] = "scene"

    angle: float = Field(
        -45.0, ge=-180, le=180, description="Where it comes from, degrees; 0 right, -90 above."
    )
    width: float = Field(7.0, ge=1.0, le=30.0, description="Px of a 512 px picture.")
    colour: Colour = Field((0.75, 0.88, 1.0), description="Of the light.")
    strength: float = Field(0.8, ge=0.0, le=2.0, description="0 is off.")

    @property
    def neutral(self) -> bool:
        return self.strength == 0


class DropShadow(Params):
    """A soft shadow under the figure, for overlays on bright pictures."""

    stage: ClassVar[Stage] = "scene"

    offset_x: float = Field(6.0, ge=-40, le=40, description="To the right, px of a 512 px picture.")
    offset_y: float = Field(8.0, ge=-40, le=40, description="Down, px of a 512 px picture.")
    blur: float = Field(6.0, ge=0.0, le=30.0, description="Sigma, px of a 512 px picture.")
    colour: Colour = Field((0.0, 0.0, 0.02), description="Of the shadow.")
    strength: float = Field(0.5, ge=0.0, le=1.0, description="Its opacity; 0 is off.")

    @property
    def neutral(self) -> bool:
        return self.strength == 0


OPERATIONS: dict[str, type[Params]] = {
    "zoom": Zoom,
    "atmospheric_dust": AtmosphericDust,
    "outline": Outline,
    "rim_light": RimLight,
    "drop_shadow": DropShadow,
}
