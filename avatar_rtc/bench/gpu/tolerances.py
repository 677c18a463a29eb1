"""How far pictures of a card may be from those of a CPU; one law for the bench and for the tests."""

from collections.abc import Mapping

from avatar_rtc.render.upscale.enlarge import Method, Quality
from avatar_rtc.render.upscale.interpolation import Interpolation

HALF_DB = 50.0
"""Least PSNR of THA3 in half floats, of any picture, over premultiplied sRGB. Measured on a CPU: 63 dB and
more, and 46 of bfloat16."""
HALF_TOLERANCE = 0.1
"""Between a pixel of half floats and the reference, in [-1, 1], linear, colours not multiplied by alpha.
Measured on a CPU: 0.067 at most over the eight golden poses of both pictures, and 0.5 of bfloat16. What is
more is for cards, which add up in another order."""
SINGLE_DB, SINGLE_TOLERANCE = 70.0, 0.02
"""The same of float32."""
FILTER_TOLERANCE = 1.6e-4
"""Of an operation, anywhere, in sRGB over mid grey: a 25th of a step of 8 bits."""
OTHER_NOISE = frozenset({"analog_vhsglitches"})
"""A card draws it for all lines, the host for those that show it."""
REDRAWN = OTHER_NOISE | {"noise", "analog_vhs_noise", "analog_vhs_headswitching", "analog_vhstracking"}
"""Whose random numbers are a card's own: there mean and spread agree."""
MOMENT_TOLERANCE = 0.01
"""Of mean and spread, in sRGB over mid grey."""
LAYOUT_LEVELS = 1
"""Of 8 bits, that a layout may be off: OpenCV reckons in whole numbers."""
KERNEL_TOLERANCE: Mapping[Interpolation, float] = {"bilinear": 1e-5, "bicubic": 1e-5, "lanczos": 2e-3}
"""Of interpolation; OpenCV takes the sines of Lanczos' kernel from a table."""
NETWORK_DB = 50.0
"""Least PSNR of an enlarging network in half floats; on a CPU they reach 60."""
ENLARGERS: tuple[tuple[Method, Quality], ...] = (
    ("bilinear", "low"), ("bicubic", "low"), ("lanczos", "low"), ("anime", "low"), ("anime", "high"),
)  # fmt: skip
"""Ways of doubling a picture that need nothing beside what is shipped."""
