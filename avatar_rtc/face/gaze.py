"""Where an avatar is asked to look."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from avatar_rtc.errors import BadMessage, UnknownName
from avatar_rtc.face.ranges import Ranges
from avatar_rtc.intake.checked import Checked
from avatar_rtc.intake.wanted import shown_value

NAMED = ("viewer", "away")
_COORDINATES = Ranges("coordinate", dict.fromkeys("xy", (-1.0, 1.0)))
Point = tuple[float, float]
"""x, y in [-1, 1] of the picture as the viewer sees it: (-1, -1) is its lower left corner, (0, 0) the middle,
which is the viewer."""


@dataclass(frozen=True)
class Gaze:
    """A target that is looked at until another one, or none, is asked for."""

    target: Point | Literal["viewer", "away"]
    """ "away" is somewhere to the side, of the avatar's own choice."""


def check_gaze(target: object) -> Gaze | None:
    """The gaze of a JSON value: `"viewer"`, `"away"`, `{"x": x, "y": y}`, or null to look about by itself.

    >>> check_gaze({"x": 0.5, "y": 0})
    Gaze(target=(0.5, 0.0))

    Raises:
        UnknownName: another word, or another key; names the nearest.
        OutOfRange: a coordinate outside [-1, 1].
        InputError: no number.
        BadMessage: anything else.
    """
    match target:
        case None:
            return None
        case "viewer" | "away":
            return Gaze(target)
        case str():
            raise UnknownName("gaze", target, NAMED)
        case Mapping():
            at = _COORDINATES.check({str(name): target.get(name) for name in (*target, "x", "y")})
            return Gaze((at["x"], at["y"]))
    raise BadMessage(f'gaze is {shown_value(target)}: wanted is "viewer", "away", {{"x": x, "y": y}} or null')


def _schema() -> dict[str, Any]:
    point = {**_COORDINATES.json_schema(), "required": ["x", "y"]}
    return {"anyOf": [{"enum": [*NAMED, None]}, point]}


GazeTarget = Annotated[Gaze | None, Checked(check_gaze, _schema)]
"""As `check_gaze` takes it."""
