"""Parameters of the operations that a video tape and its player do."""

from typing import ClassVar, Literal

from pydantic import Field

from avatar_rtc.filters_schema.params import Params, Stage


class AnalogVhsNoise(Params):
    """The streaky noise of a tape."""

    stage: ClassVar[Stage] = "signal"
    moves: ClassVar[bool] = True

    strength: float = Field(0.3, ge=0.0, le=1.0, description="Share of the picture that is noise; 0 is off.")
    mode: Literal["PAL", "NTSC"] = Field("PAL", description="NTSC has noise in the colours, too.")
    double_size: bool = Field(True, description="Streaks two lines high.")
    ntsc_chroma: Literal["nearest", "bilinear"] = Field(
        "nearest", description="How NTSC's colour noise is drawn."
    )

    @property
    def neutral(self) -> bool:
        return self.strength == 0


class AnalogVhsglitches(Params):
    """Thin bands of noise flash up: dirt on the tape."""

    stage: ClassVar[Stage] = "signal"
    moves: ClassVar[bool] = True

    strength: float = Field(0.1, ge=0.0, le=0.9, description="Opacity of the bands; 0 is off.")
    unboost: float = Field(4.0, ge=0.1, le=10, description="The higher, the rarer.")
    max_glitches: int = Field(3, ge=0, le=10, description="Bands at once, at most; 0 is off.")
    min_glitch_height: float = Field(3.0, ge=1, le=3, description="Lines of a 512 px picture.")
    max_glitch_height: float = Field(6.0, ge=3, le=10, description="Lines of a 512 px picture.")
    hold_min: int = Field(1, ge=1, le=3, description="A band stays at least so long, 1/25 s.")
    hold_max: int = Field(3, ge=3, le=6, description="At most so long, 1/25 s.")

    @property
    def neutral(self) -> bool:
        return self.strength == 0 or self.max_glitches == 0


class AnalogVhsHeadswitching(Params):
    """The torn strip at the lower edge, where the player changes heads."""

    stage: ClassVar[Stage] = "signal"
    moves: ClassVar[bool] = True

    speed: float = Field(
        8.0, ge=0.0, le=32, description="Lines of a 512 px picture that the tear moves in 1/25 s."
    )
    height: float = Field(0.035, ge=0.0, le=0.05, description="Of the strip, share of the picture; 0 is off.")
    max_displacement: float = Field(0.03, ge=0.0, le=0.1, description="How far it tears, half widths.")
    noise_blend: float = Field(0.075, ge=0.0, le=1.0, description="Noise at its lower end.")
    double_size: bool = Field(True, description="Noise two lines high.")

    @property
    def neutral(self) -> bool:
        return self.height == 0 or (self.max_displacement == 0 and self.noise_blend == 0)


class AnalogVhstracking(Params):
    """The picture floats up and down, with a band of noise below: tracking is off."""

    stage: ClassVar[Stage] = "signal"
    moves: ClassVar[bool] = True

    base_offset: float = Field(0.03, ge=0.0, le=1.0, description="Height of the band, half heights.")
    max_dynamic_offset: float = Field(0.01, ge=0.0, le=1.0, description="How far it floats, half heights.")
    speed: float = Field(
        8.0, ge=0.0, le=16, description="Of the floating, lines of a 512 px picture in 1/25 s."
    )
    double_size: bool = Field(True, description="Noise two lines high.")

    @property
    def neutral(self) -> bool:
        return self.base_offset == 0 and self.max_dynamic_offset == 0


OPERATIONS: dict[str, type[Params]] = {
    "analog_vhs_noise": AnalogVhsNoise,
    "analog_vhsglitches": AnalogVhsglitches,
    "analog_vhs_headswitching": AnalogVhsHeadswitching,
    "analog_vhstracking": AnalogVhstracking,
}
