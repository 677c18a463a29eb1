"""Cels: transparent overlays on the character (`blush1`, moves with the face) or around it (`fx_heart1`).

Those of the mouth and the eyes (`mouth_smile`, `eyes_arc`) are no overlays: they replace what is there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.face.ranges import Ranges


def _both(**morphs: float) -> dict[str, float]:
    """The morphs of both sides at these values."""
    return {f"{name}_{side}": value for name, value in morphs.items() for side in ("left", "right")}


EYE_CELS = ("eyes_arc", "eyes_arc_sad")
"""Closed eyes as drawn arcs, both eyes in one picture: happy ones, and sad ones."""
MOUTH_CELS = (
    "mouth_rest", "mouth_smile", "mouth_frown", "mouth_wavy", "mouth_clench", "mouth_cat", "mouth_pout",
    "mouth_shout",
)  # fmt: skip
"""Mouths that no morph makes; the first is the calm one, whose line THA3 leaves as faint as a shadow."""
REPLACING = (*EYE_CELS, *MOUTH_CELS)
"""Cels that take the place of a part of the face: opaque, with the skin around it. They are drawn over the
posed face, one of the eyes and one of the mouth at most, and go before all others."""
_OVERLAYS = (
    "blush1 blush2 blush3 shadow1 sweat1 sweat2 sweat3 tears1 tears2 tears3 "
    "data1 data2 data3 data4 waver1 waver2"
)
CELS = (*REPLACING, *_OVERLAYS.split())
"""Cels a character may have, in drawing order, bottom to top."""
CEL_RANGES = Ranges("cel", dict.fromkeys(CELS, (0.0, 1.0)))
CelValues = Annotated[dict[str, float], CEL_RANGES]
"""Cel → opacity in [0, 1]."""
FALLBACKS: Mapping[str, Mapping[str, float]] = {
    "eyes_arc": _both(eye_happy_wink=1.0),
    "eyes_arc_sad": _both(eye_wink=1.0),
    "mouth_rest": {},
    "mouth_smile": _both(mouth_raised_corner=1.0),
    "mouth_frown": {"mouth_uuu": 0.6, **_both(mouth_lowered_corner=1.0)},
    "mouth_wavy": {"mouth_delta": 0.25, **_both(mouth_lowered_corner=0.6)},
    "mouth_clench": {"mouth_iii": 0.4, **_both(mouth_lowered_corner=0.5)},
    "mouth_cat": {"mouth_delta": 0.6, **_both(mouth_raised_corner=1.0)},
    "mouth_pout": {"mouth_uuu": 0.4},
    "mouth_shout": {"mouth_aaa": 1.0},
}
"""Replacing cel → the morphs that come nearest: for a character without it, and while it does not show."""
ON_SKIN = frozenset(name for name in CELS if name.startswith(("blush", "shadow", "sweat")))
"""Cels that lie on lids as on all skin."""
TEARS = frozenset(name for name in CELS if name.startswith("tears"))
"""Cels that a closed lid hides, but no drawn one: they run from under it."""
_FX_COUNTS = {
    "angervein": 2,
    "sweatdrop": 3,
    "smallsweatdrop": 3,
    "heart": 3,
    "blackcloud": 2,
    "flowers": 2,
    "shock": 1,
    "notice": 2,
    "beaming": 2,
    "question": 3,
    "exclaim": 3,
}
FX = tuple(f"fx_{name}{n}" for name, count in _FX_COUNTS.items() for n in range(1, count + 1))
"""The common overlays around the character, in drawing order, bottom to top. A character may have others."""
FX_PATTERN = "fx_[A-Za-z0-9_-]{1,60}"
_FX_NAME = re.compile(FX_PATTERN)


def is_fx(name: str) -> bool:
    """Whether an overlay of this name goes around the character: a common one, or one of its own.

    >>> is_fx("fx_heart1"), is_fx("fx_star12"), is_fx("blush1")
    (True, True, False)
    """
    return _FX_NAME.fullmatch(name) is not None


@dataclass(frozen=True, eq=False)
class CelImage:
    """A cel cut down to the box in which it shows anything."""

    x: int
    """Column of the box's left edge in its frame."""
    y: int
    """Row of its upper edge."""
    rgba: NDArray[np.uint8] = field(repr=False)
    """(height, width, 4) sRGB, straight alpha."""
    side: int = 512
    """Of the square frame that it lies in, in px."""


def check_cels(cels: Mapping[str, object]) -> dict[str, float]:
    """The same opacities as floats.

    Raises:
        UnknownName: no such cel; names the nearest.
        OutOfRange: outside [0, 1].
        InputError: no number.
    """
    return CEL_RANGES.check(cels)
