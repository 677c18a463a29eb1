"""Where an avatar is asked to look."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from avatar_rtc.errors import BadMessage, InputError, OutOfRange, UnknownName

NAMED = ("viewer", "away")
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
            for key in target:
                if key not in ("x", "y"):
                    raise UnknownName("coordinate", str(key), ("x", "y"))
            return Gaze((_coordinate("x", target.get("x")), _coordinate("y", target.get("y"))))
    raise BadMessage('gaze is "viewer", "away", {"x": x, "y": y} or null')


def _coordinate(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise InputError(f"{name} is {value!r}, but must be a number")
    if not -1 <= value <= 1:
        raise OutOfRange(name, value, -1, 1)
    return float(value)
