"""What came of learning so far: a file that can be shown at once, and how good it is."""

from dataclasses import dataclass, field
from typing import Literal

from avatar_rtc.distill.measure import Report


@dataclass(frozen=True)
class Learned:
    """A student's file at some moment of its making."""

    data: bytes = field(repr=False)
    """As `write_student` gives it."""
    report: Report
    """Measured on held-out poses."""
    what: Literal["rig", "student"]
    """In closed form at once, or trained."""
    pictures: int
    """How many of the teacher's pictures it is made of."""
