"""What a tracker's angles mean: where its person looks at rest, and which way each of them counts.

Apps disagree on axes and signs. Whoever looks straight ahead, then to the left, up, and leans to the left,
has told all of it: the axis that moved most in a step is the one of that step, and its sign is how it moved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from avatar_rtc.errors import InputError
from avatar_rtc.trackers.tracked import Angles

CalibrationStep = Literal["straight", "left", "up", "lean"]
"""Straight ahead; turned to the person's own left; up; and leaning to the left shoulder."""
AngleSign = Literal[-1, 1]
CALIBRATION_STEPS: tuple[CalibrationStep, ...] = get_args(CalibrationStep)
LEAST_DEGREES = 5.0
"""How far the head has to turn in a step, so that it is told from trembling."""
_TURNS: tuple[CalibrationStep, ...] = ("left", "up", "lean")


@dataclass(frozen=True)
class Calibration:
    """How to read one tracker's angles."""

    rest: Angles = (0.0, 0.0, 0.0)
    axes: tuple[int, int, int] = (0, 1, 2)
    """Which of the tracker's angles is yaw, pitch and roll."""
    signs: tuple[AngleSign, AngleSign, AngleSign] = (1, 1, 1)

    def __post_init__(self) -> None:
        """ValueError if two of yaw, pitch and roll would be the same angle."""
        if sorted(self.axes) != [0, 1, 2]:
            raise ValueError(f"axes are {self.axes}, but must be 0, 1 and 2 in some order")

    def apply(self, head: Angles) -> Angles:
        """Yaw, pitch and roll, from rest, within ±180 degrees.

        >>> Calibration(rest=(10.0, 0.0, 0.0), signs=(-1, 1, 1)).apply((30.0, 5.0, 0.0))
        (-20.0, 5.0, 0.0)
        """
        turned = [_shortest(each - rest) for each, rest in zip(head, self.rest, strict=True)]
        yaw, pitch, roll = (
            sign * turned[axis] + 0.0 for axis, sign in zip(self.axes, self.signs, strict=True)
        )
        return yaw, pitch, roll


AS_SENT = Calibration()


def calibrated(seen: Mapping[CalibrationStep, Angles]) -> Calibration:
    """What the steps have shown; with `straight` alone only where rest is.

    Raises:
        InputError: the head was not turned far enough in a step, or two steps moved the same angle.
    """
    if "straight" not in seen:
        raise InputError("the first step is missing: look straight ahead")
    rest = seen["straight"]
    taken: list[int] = []
    signs: list[AngleSign] = []
    for axis, step in enumerate(_TURNS):
        if step not in seen:
            if any(each in seen for each in _TURNS):
                raise InputError(f"the step {step!r} is missing; wanted are {', '.join(CALIBRATION_STEPS)}")
            return Calibration(rest)
        moved = [_shortest(now - still) for now, still in zip(seen[step], rest, strict=True)]
        most = max(range(3), key=lambda each: abs(moved[each]))
        if abs(moved[most]) < LEAST_DEGREES:
            raise InputError(
                f"in the step {step!r} the head moved by {abs(moved[most]):.1f} degrees; at least "
                f"{LEAST_DEGREES:g} are wanted"
            )
        if most in taken:
            raise InputError(
                f"the steps {_TURNS[taken.index(most)]!r} and {step!r} moved the same angle; move the head "
                "in one way at a time"
            )
        taken.append(most)
        signs.append(1 if moved[most] > 0 else -1)
        assert len(taken) == axis + 1
    return Calibration(rest, (taken[0], taken[1], taken[2]), (signs[0], signs[1], signs[2]))


def _shortest(degrees: float) -> float:
    return (degrees + 180.0) % 360.0 - 180.0
