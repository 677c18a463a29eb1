r"""Who stands on a stage, and where: several avatars in one picture.

```
 0 ┌──────────────────────┐     x: the middle of a figure, 0..1 of the stage's width
   │   .-.          .-.   │     y: its lower edge, 0..1 of the stage's height from above
   │  (o_o)        (o_o)  │     scale: how high it is, in heights of the stage
 1 └──/│ │\────────/│ │\──┘
```
"""

from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from avatar_rtc.errors import InputError, OutOfRange
from avatar_rtc.intake.names import Name

MAX_MEMBERS = 8
"""Of one stage: each is animated for every picture."""
MIN_STAGE_PX, MAX_STAGE_PX = (64, 64), (1920, 1080)
"""Width and height, at least and at most."""
STAGE_PX = 960, 540
"""Width and height, if nothing else is asked for: figures of 512 px stand in it nearly as they are made."""
MIN_PLACE, MAX_PLACE = -1.0, 2.0
"""Of x and y: a figure may stand half outside, or wait beside the stage."""
MIN_SCALE, MAX_SCALE = 0.1, 2.0
StageX = Annotated[
    float,
    Field(
        ge=MIN_PLACE, le=MAX_PLACE, allow_inf_nan=False,
        description="The middle of the figure, as a share of the stage's width.",
    ),
]  # fmt: skip
StageY = Annotated[
    float,
    Field(
        ge=MIN_PLACE, le=MAX_PLACE, allow_inf_nan=False,
        description="Its lower edge, as a share of the stage's height, from above.",
    ),
]  # fmt: skip
StageScale = Annotated[
    float,
    Field(
        ge=MIN_SCALE, le=MAX_SCALE, allow_inf_nan=False, description="Its height, in heights of the stage."
    ),
]  # fmt: skip
_HEAD = 0.75
"""A head is so high above the lower edge of its figure, in heights of the figure."""
_SIDEWAYS, _FURTHER = 0.8, 0.2
"""How far a gaze goes to a neighbour, and how much further to somebody at the other end of the stage."""


class OnStageTold(BaseModel):
    """An avatar on a stage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    avatar: Name
    x: StageX
    y: StageY
    scale: StageScale
    flip: bool = Field(description="Mirrored.")
    own: bool = Field(description="Whether it was made for the stage, and goes with it.")


class CastTold(BaseModel):
    """Who is on a stage; who stands in front comes last."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int
    height: int
    turns: bool = Field(description="Whether one speaks at a time.")
    avatars: list[OnStageTold]


@dataclass(frozen=True)
class Placing:
    """Where an avatar stands on a stage, and how large it is."""

    x: float = 0.5
    """The middle of the figure, as a share of the stage's width."""
    y: float = 1.0
    """Its lower edge, as a share of the stage's height, from above."""
    scale: float = 1.0
    """Its height, as shown, in heights of the stage."""
    flip: bool = False
    """Mirrored: who looks to the left looks to the right."""

    @property
    def head_y(self) -> float:
        """About where its head is, as a share of the stage's height, from above."""
        return self.y - _HEAD * self.scale


@dataclass(frozen=True)
class OnStage:
    """One avatar of a stage."""

    avatar: str
    """Its name."""
    place: Placing = Placing()
    is_own: bool = False
    """Whether it was made for the stage, and goes with it."""


@dataclass(frozen=True)
class Cast:
    """Everybody on a stage; who comes later stands before who came first."""

    width: int = STAGE_PX[0]
    height: int = STAGE_PX[1]
    members: tuple[OnStage, ...] = ()
    takes_turns: bool = True
    """One speaks at a time."""

    def __post_init__(self) -> None:
        for name, px, low, high in zip(
            ("width", "height"), (self.width, self.height), MIN_STAGE_PX, MAX_STAGE_PX, strict=True
        ):
            if not low <= px <= high:
                raise OutOfRange(name, px, low, high)
            if px % 2:
                raise InputError(f"{name} is {px}, but must be even: colours have half the resolution")
        if len(self.members) > MAX_MEMBERS:
            raise InputError(f"a stage has {MAX_MEMBERS} avatars at most, not {len(self.members)}")
        names = [each.avatar for each in self.members]
        if twice := [name for name in names if names.count(name) > 1]:
            raise InputError(f"{twice[0]!r} is on the stage twice")

    @property
    def names(self) -> tuple[str, ...]:
        """Those of the avatars, the hindmost first."""
        return tuple(each.avatar for each in self.members)

    def of(self, avatar: str) -> OnStage | None:
        """The member of that name."""
        return next((each for each in self.members if each.avatar == avatar), None)

    def having(self, member: OnStage) -> "Cast":
        """With one more, or with one in another place.

        Raises:
            InputError: there would be too many.
        """
        if self.of(member.avatar) is None:
            return replace(self, members=(*self.members, member))
        members = (member if each.avatar == member.avatar else each for each in self.members)
        return replace(self, members=tuple(members))

    def without(self, avatar: str) -> "Cast":
        """The same but for one."""
        return replace(self, members=tuple(each for each in self.members if each.avatar != avatar))


def cast_from(told: CastTold) -> Cast:
    """The cast that `cast_json` gave.

    Raises:
        InputError: there cannot be such a stage.
    """
    members = (
        OnStage(each.avatar, Placing(each.x, each.y, each.scale, each.flip), each.own)
        for each in told.avatars
    )
    return Cast(told.width, told.height, tuple(members), told.turns)


def with_equal_room(count: int) -> list[float]:
    """x of so many figures side by side, with the same room for each.

    >>> with_equal_room(2)
    [0.25, 0.75]
    """
    return [(2 * place + 1) / (2 * count) for place in range(count)]


def toward(own: Placing, other: Placing) -> tuple[float, float]:
    """Where somebody looks for another one on the same stage: x and y as `Gaze` has them, in [-1, 1].

    >>> toward(Placing(x=0.25), Placing(x=0.75))
    (0.9, 0.0)
    >>> toward(Placing(x=0.25, flip=True), Placing(x=0.75))
    (-0.9, 0.0)
    """
    across = other.x - own.x
    x = 0.0 if across == 0 else (1 if across > 0 else -1) * min(1.0, _SIDEWAYS + _FURTHER * abs(across))
    y = min(1.0, max(-1.0, own.head_y - other.head_y))
    return round(-x if own.flip else x, 3), round(y, 3) + 0.0


def cast_json(cast: Cast | None) -> dict[str, object] | None:
    """A cast as it is told and kept; None is none."""
    if cast is None:
        return None
    return {
        "width": cast.width,
        "height": cast.height,
        "turns": cast.takes_turns,
        "avatars": [_member_json(each) for each in cast.members],
    }


def _member_json(member: OnStage) -> dict[str, object]:
    place = member.place
    at = {"x": place.x, "y": place.y, "scale": place.scale, "flip": place.flip}
    return {"avatar": member.avatar, **at, "own": member.is_own}
