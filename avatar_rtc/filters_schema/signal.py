"""Parameters of the operations that a cable, a transmitter or a network does to the picture."""

from typing import ClassVar, Literal

from pydantic import Field

from avatar_rtc.filters_schema.params import Params, Stage


class AnalogLowres(Params):
    """Blurred by a narrow channel, like an old broadcast."""

    stage: ClassVar[Stage] = "signal"

    sigma: float = Field(1.5, ge=0.0, le=6.0, description="Blur, px of a 512 px picture; 0 is off.")

    @property
    def neutral(self) -> bool:
        return self.sigma == 0


class ChromaSubsample(Params):
    """Colour is coarser than brightness, as on video."""

    stage: ClassVar[Stage] = "signal"

    mode: Literal["analog", "digital"] = Field(
        "analog",
        description="analog smears colour sideways; digital keeps every n-th sample, with its steps.",
    )
    subsampling: Literal["4:2:0", "4:2:2"] = Field(
        "4:2:0", description="Of digital: both axes, or sideways only."
    )
    upscale: Literal["nearest", "bilinear"] = Field("nearest", description="How digital fills the gaps.")
    double_size: bool = Field(True, description="Twice as coarse.")
    sigma: float = Field(4.0, ge=0.0, le=14.0, description="Smear of analog, px of a 512 px picture.")

    @property
    def neutral(self) -> bool:
        return self.mode == "analog" and self.sigma == 0


class AnalogRipplingHsync(Params):
    """The lines waver sideways: horizontal sync is not quite steady."""

    stage: ClassVar[Stage] = "signal"
    moves: ClassVar[bool] = True

    speed: float = Field(
        8.0, ge=0.0, le=16.0, description="Lines of a 512 px picture that a wave moves in 1/25 s."
    )
    amplitude1: float = Field(0.001, ge=0.0, le=0.01, description="Of the first wave, half widths; 0 is off.")
    amplitude2: float = Field(0.001, ge=0.0, le=0.01, description="Of the second wave.")
    amplitude3: float = Field(0.001, ge=0.0, le=0.01, description="Of the third wave.")
    density1: float = Field(4.0, ge=1, le=100, description="Waves in the height of the picture.")
    density2: float = Field(13.0, ge=1, le=100, description="Of the second.")
    density3: float = Field(27.0, ge=1, le=100, description="Of the third.")

    @property
    def neutral(self) -> bool:
        return self.amplitude1 == self.amplitude2 == self.amplitude3 == 0


class AnalogRunawayHsync(Params):
    """Top or bottom of the picture bends away: horizontal sync is lost there."""

    stage: ClassVar[Stage] = "signal"
    moves: ClassVar[bool] = True

    speed: float = Field(
        8.0, ge=0.0, le=16.0, description="Of the flutter, lines of a 512 px picture in 1/25 s."
    )
    asymmetry: float = Field(0.1, ge=0.0, le=0.5, description="How far it bends, half widths.")
    ripple_amplitude: float = Field(0.05, ge=0.0, le=0.2, description="Share of the bend that flutters.")
    ripple_density1: float = Field(4.0, ge=1, le=100, description="Of the first flutter.")
    ripple_density2: float = Field(13.0, ge=1, le=100, description="Of the second.")
    ripple_density3: float = Field(27.0, ge=1, le=100, description="Of the third.")
    placement: Literal["bottom", "top"] = Field("bottom", description="Which end bends.")

    @property
    def neutral(self) -> bool:
        return self.asymmetry == 0 and self.ripple_amplitude == 0


class DigitalGlitches(Params):
    """Blocks of lines jump sideways: packets were lost."""

    stage: ClassVar[Stage] = "signal"
    moves: ClassVar[bool] = True

    strength: float = Field(0.05, ge=-0.1, le=0.1, description="How far, half widths; 0 is off.")
    unboost: float = Field(4.0, ge=0.1, le=10, description="The higher, the rarer.")
    max_glitches: int = Field(3, ge=0, le=10, description="Blocks at once, at most; 0 is off.")
    min_glitch_height: float = Field(20.0, ge=1, le=20, description="Lines of a 512 px picture.")
    max_glitch_height: float = Field(30.0, ge=20, le=100, description="Lines of a 512 px picture.")
    hold_min: int = Field(1, ge=1, le=3, description="A block stays at least so long, 1/25 s.")
    hold_max: int = Field(3, ge=3, le=6, description="At most so long, 1/25 s.")

    @property
    def neutral(self) -> bool:
        return self.strength == 0 or self.max_glitches == 0


OPERATIONS: dict[str, type[Params]] = {
    "analog_lowres": AnalogLowres,
    "chroma_subsample": ChromaSubsample,
    "analog_rippling_hsync": AnalogRipplingHsync,
    "analog_runaway_hsync": AnalogRunawayHsync,
    "digital_glitches": DigitalGlitches,
}
