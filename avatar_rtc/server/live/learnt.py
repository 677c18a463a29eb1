"""What an avatar moves by, and how near that is to its teacher, as its student's file tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from avatar_rtc.errors import InputError
from avatar_rtc.student_header import read_header

LearntKind = Literal["rig", "student"]
REGIONS = ("whole", "mouth", "eyes")


@dataclass(frozen=True)
class Learnt:
    """Of a student's file."""

    what: LearntKind = "student"
    """Solved for at once, or trained."""
    measured: Mapping[str, float] = field(default_factory=dict)
    """Region → mean PSNR in dB on held-out poses."""

    def told(self, animator: str) -> dict[str, object]:
        """What `state` events show, given what the worker renders by."""
        if animator != "student":
            return {"shown": "THA3" if animator == "tha3" else animator}
        return {"shown": self.what, "measured": dict(self.measured)}


def learnt_of(student: bytes | None) -> Learnt:
    """What a student's file says of itself; of one that says nothing, that it was trained."""
    try:
        about = read_header(student).about if student else {}
        rows = about.get("figures", {})
        measured = {name: float(rows[name]["mean"]) for name in REGIONS if name in rows}
        return Learnt("rig" if about.get("what") == "rig" else "student", measured)
    except (InputError, AttributeError, KeyError, TypeError, ValueError):
        return Learnt()
