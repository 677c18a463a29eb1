"""Parameters of the operations that a camera and its lens do: exposure, colour fringes, noise, grading."""

from typing import ClassVar, Literal

from pydantic import Field

from avatar_rtc.filters_schema.params import Colour, Params, Stage


class LensBlur(Params):
    """Out of focus: every point becomes a disc, and highlights shine."""

    stage: ClassVar[Stage] = "capture"

    radius: float = Field(5.0, ge=0.0, le=20.0, description="Of the disc, px of a 512 px picture; 0 is off.")
    highlights: float = Field(0.5, ge=0.0, le=1.0, description="How much bright points outshine the rest.")

    @property
    def neutral(self) -> bool:
        return self.radius == 0


class Bloom(Params):
    """Bright parts glow, and the exposure rolls off softly, as on film."""

    stage: ClassVar[Stage] = "capture"

    threshold: float = Field(0.56, ge=0.0, le=1.0, description="Luminance that begins to glow; 1 is no glow.")
    exposure: float = Field(
        0.842, ge=0.0, le=5.0, description="Colour becomes 1 - exp(-exposure · colour); 0 leaves it as it is."
    )
    sigma: float = Field(7.0, ge=0.1, le=14.0, description="Reach of the glow, px of a 512 px picture.")

    @property
    def neutral(self) -> bool:
        return self.threshold == 1 and self.exposure == 0


class ChromaticAberration(Params):
    """Red and blue fringes that grow towards the edges, like a cheap lens."""

    stage: ClassVar[Stage] = "capture"

    scale: float = Field(
        0.005, ge=0.0, le=0.05, description="How much smaller red and larger blue is; 0 is off."
    )
    sigma: float = Field(1.0, ge=0.0, le=3.0, description="Blur of red and blue, px of a 512 px picture.")

    @property
    def neutral(self) -> bool:
        return self.scale == 0 and self.sigma == 0


class Noise(Params):
    """Grain, as of too little light or old film."""

    stage: ClassVar[Stage] = "capture"
    moves: ClassVar[bool] = True

    strength: float = Field(0.3, ge=0.0, le=1.0, description="Share of the picture that is noise; 0 is off.")
    sigma: float = Field(1.0, ge=0.0, le=3.0, description="Blur of the grain, by its size; 0 is finest.")
    channel: Literal["Y", "A"] = Field("Y", description="Y is brightness, A is opacity.")
    double_size: bool = Field(True, description="Grain of 2 x 2 px, which compresses better.")

    @property
    def neutral(self) -> bool:
        return self.strength == 0


class Vignetting(Params):
    """Darken towards the corners, like a cheap lens."""

    stage: ClassVar[Stage] = "capture"

    strength: float = Field(
        0.42, ge=0.0, le=0.5, description="0 changes nothing; at 0.5 the corners are black."
    )

    @property
    def neutral(self) -> bool:
        return self.strength == 0


class Desaturate(Params):
    """Take the colour out, or all colours but one."""

    stage: ClassVar[Stage] = "capture"

    strength: float = Field(1.0, ge=0.0, le=1.0, description="0 is off, 1 is grey or the tint alone.")
    tint_rgb: Colour = Field((1.0, 1.0, 1.0), description="What white becomes.")
    bandpass_reference_rgb: Colour = Field((1.0, 0.0, 0.0), description="The hue that is kept.")
    bandpass_q: float = Field(
        0.0, ge=0.0, le=1.0, description="How wide a band of hues is kept; 0 keeps none."
    )

    @property
    def neutral(self) -> bool:
        return self.strength == 0


class ColourGrade(Params):
    """Lift, gamma and gain, temperature and saturation: the mood of the picture."""

    stage: ClassVar[Stage] = "capture"

    lift: float = Field(0.0, ge=-0.3, le=0.3, description="Raises or lowers the dark parts.")
    gamma: float = Field(1.0, ge=0.4, le=2.5, description="Brightness of the middle; above 1 is brighter.")
    gain: float = Field(1.0, ge=0.0, le=2.0, description="Brightness of the light parts.")
    contrast: float = Field(1.0, ge=0.5, le=2.0, description="Around middle grey.")
    temperature: float = Field(0.0, ge=-1, le=1, description="Below 0 bluish, above 0 warm.")
    tint: float = Field(0.0, ge=-1, le=1, description="Below 0 greenish, above 0 magenta.")
    saturation: float = Field(1.0, ge=0.0, le=2.0, description="0 is grey.")
    shadows_rgb: Colour = Field((0.5, 0.5, 0.5), description="Colour cast of the dark parts; grey is none.")
    highlights_rgb: Colour = Field(
        (0.5, 0.5, 0.5), description="Colour cast of the light parts; grey is none."
    )

    @property
    def neutral(self) -> bool:
        return self == ColourGrade(enabled=self.enabled)


OPERATIONS: dict[str, type[Params]] = {
    "lens_blur": LensBlur,
    "bloom": Bloom,
    "chromatic_aberration": ChromaticAberration,
    "noise": Noise,
    "vignetting": Vignetting,
    "desaturate": Desaturate,
    "colour_grade": ColourGrade,
}
