"""How much of a figure is shown, as a word: its face, its bust, or the whole picture.

```
 whole ┌───────────┐   bust  ┌ headroom ┐   face ┌──────┐
       │    .-.    │         │   .-.    │        │ .--. │
       │   (o_o)   │         │  (o_o)   │        │(o__o)│
       │   /| |\\   │         │  /| |\\  │        └──┘└──┘
       └───────────┘         └──────────┘
```

Lengths are shares of the picture's side; rows count downwards. All is measured by the distance between the
eyes, which is 45 to 48 of 512 px where THA3 wants a face. Proportions are those of our own figures; see
docs/characters.md.
"""

import math
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import Field

from avatar_rtc.stream.crop import FULL_FRAME, MIN_SIDE, Crop, OwnCrop

FramingName = Literal["face", "bust", "whole"]
FRAMINGS: tuple[FramingName, ...] = get_args(FramingName)
Headroom = Annotated[
    float,
    Field(ge=0.0, le=1.0, allow_inf_nan=False, description="Free above the head, as a share of the picture."),
]
_HEADROOM: dict[FramingName, float] = {"face": 0.03, "bust": 0.06, "whole": 0.0}
"""Unless another one is asked for. The highest common effects begin 25 to 30 px of 512 above the hair."""
_SIGNS = 0.05
"""A bust that begins above this row begins at the picture's edge: the common effects reach up to there."""
_EDGE = 1 / 512
"""What begins in the first row is cut by the picture."""
_CHIN = 1.06
"""Below the eyes; this and what follows in distances between the eyes."""
_FACE_BELOW, _BUST_BELOW = 1.8, 3.6
"""Down to the neck, and to the chest: 320 of 512 px in our own figures, whose eyes are 48 px apart."""
_BUST_SIDE = 3.65
"""To either side of the axis: 175 px of them. The widest common effects reach 175 px from it."""
_FACE_SIDES = (2.2, 3.2)
"""At least, and at most: hair that flows wide is cut in a face alone."""
_MARGIN = 0.45
"""By which a head that turns 15 degrees moves its hair: 20 of 512 px."""


@dataclass(frozen=True)
class Head:
    """Where a figure's head is, with its hair, ears and hat."""

    x: float
    """Column of the middle of the face."""
    eyes_y: float
    """Row of the eyes."""
    eyes: float
    """Distance between them."""
    top: float
    """Row in which hair, ears or a hat begin."""
    reach: float
    """How far any of that reaches from the axis, to the side where it reaches further."""
    room: float = 1.0
    """How far from the axis the figure goes on undisturbed: up to where a side of the picture cuts it."""
    bottom: float = 1.0
    """Row in which the figure ends."""
    is_cut_out: bool = True
    """Whether there is transparency around it; else nothing is shown beyond the edges of the picture."""

    @property
    def chin(self) -> float:
        """Its row."""
        return self.eyes_y + _CHIN * self.eyes


@dataclass(frozen=True)
class Framing:
    """What an avatar was told of its framing."""

    name: FramingName | None = None
    """None is the character's own."""
    headroom: float | None = None
    """Free above the head, as a share of the picture; None is as the framing wants it."""


OF_CHARACTER = Framing()


@dataclass(frozen=True)
class Views:
    """What decides what is shown of a character, apart from what its avatar was told."""

    crop: Crop | None = None
    """What its author wants to be shown; goes before the framing."""
    framing: Framing = Framing("bust")
    """Where nothing else is asked for."""
    head: Head | None = None
    """None if there is no figure; then all of the picture is shown."""

    def shown(self, crop: OwnCrop, framing: Framing) -> Crop:
        """The part that is shown of an avatar with this crop and this framing."""
        return crop.over(self._by_character(framing))

    def name(self, crop: OwnCrop, framing: Framing) -> FramingName | Literal["crop"]:
        """The word for what is shown; "crop" if it follows from edges."""
        if crop.enabled or (framing.name is None and self.crop is not None):
            return "crop"
        return framing.name or self.framing.name or "bust"

    def _by_character(self, asked: Framing) -> Crop:
        if asked.name is None and self.crop is not None:
            return self.crop
        headroom = self.framing.headroom if asked.headroom is None else asked.headroom
        return crop_for(self.head, asked.name or self.framing.name or "bust", headroom)


BUST = Views()
WHOLE = Views(FULL_FRAME)


def crop_for(head: Head | None, name: FramingName, headroom: float | None = None) -> Crop:
    """The part of a picture that a framing shows: centred on the axis of the face, on even px of 512.

    It may reach beyond the picture above and at both sides, where it is transparent; never below.

    Args:
        headroom: None is as the framing wants it, and none where the picture itself cuts the head.
    """
    if head is None:
        return FULL_FRAME
    top = _top(head, _HEADROOM[name] if headroom is None else headroom, headroom is not None)
    if name == "bust" and headroom is None and 0.0 < top < _SIGNS:
        top = 0.0
    if name == "whole":
        return Crop(top=min(0.0, top))
    below = _FACE_BELOW if name == "face" else _BUST_BELOW
    bottom = min(1.0, max(min(head.eyes_y + below * head.eyes, head.bottom), head.chin, MIN_SIDE))
    middle, side = _even_px(_inside(head.x)), _even_px(_side(head, name))
    bottom = _even_px(bottom)
    top = min(top, bottom - MIN_SIDE)
    return Crop(middle - side, top, middle + side, _in_blocks(top, bottom, min(1.0, head.bottom)))


def _top(head: Head, headroom: float, is_asked: bool) -> float:
    stays = not head.is_cut_out or (head.top < _EDGE and not is_asked)
    top = head.top - headroom
    return _even_px(max(0.0, top) if stays else top)


def _side(head: Head, name: FramingName) -> float:
    """How far a framing reaches to either side of the axis."""
    hair = head.reach + _MARGIN * head.eyes
    if name == "face":
        least, most = (side * head.eyes for side in _FACE_SIDES)
        side = min(max(least, hair), most)
    else:
        side = max(min(_BUST_SIDE * head.eyes, 0.5), hair)
    if not head.is_cut_out:
        return max(MIN_SIDE / 2, min(side, head.x, 1.0 - head.x))
    return max(MIN_SIDE / 2, min(side, max(head.room, hair)))


def _inside(x: float) -> float:
    """The column, or the nearest around which something can be shown."""
    return min(max(x, MIN_SIDE / 2), 1.0 - MIN_SIDE / 2)


def _in_blocks(top: float, bottom: float, most: float) -> float:
    """The lower edge, lowered to where the height is one of whole macroblocks, if the figure goes on so far.

    Else as much would be filled up above the head.
    """
    lower = top + math.ceil((bottom - top) * 32 - 1e-6) / 32
    return lower if lower <= most else bottom


def _even_px(share: float) -> float:
    return round(share * 256) / 256
