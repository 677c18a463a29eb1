"""How an avatar is doing, as far as its render worker tells.

What the worker says is for the operator as well; viewers read it without paths and addresses of ours.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

from avatar_rtc.control.settings import SizeWanted
from avatar_rtc.errors import without_addresses
from avatar_rtc.link.orders import (
    AvatarFailed,
    AvatarReady,
    AvatarStarting,
    PictureImpaired,
    Sized,
    Stats,
    Up,
)

SLOW_NOTE = (
    "THA3 on a CPU does not reach real time: 2 pictures a second. "
    "A student, distilled once for this character, is fluid"
)
AvatarPhase = Literal["starting", "live", "failed"]


@dataclass(frozen=True)
class Status:
    """What is known of an avatar's picture."""

    animator: str
    """What "auto" became, once known."""
    phase: AvatarPhase = "starting"
    """ "starting" also while a lost render worker is being replaced."""
    detail: str | None = None
    """Why it failed."""
    note: str = ""
    """What the character's owner should know, such as why its student is not used."""
    impaired: str = ""
    """What of chain and backdrop is left out."""
    sized: Sized | None = None
    """At which size its pictures are made, once known."""
    stats: Stats = field(default_factory=lambda: Stats("", 0.0))

    def updated(self, message: Up) -> "Status":
        """The status once the worker has said this."""
        match message:
            case Stats():
                return replace(self, stats=message)
            case Sized():
                return replace(self, sized=message)
            case PictureImpaired(detail=detail):
                return replace(self, impaired=without_addresses(detail))
            case AvatarStarting():
                return self.restarted()
            case AvatarReady(animator=animator, note=note):
                # What fails in a chain is told again by who runs it now.
                return Status(
                    animator, "live", note=without_addresses(note), sized=self.sized, stats=self.stats
                )
            case AvatarFailed(detail=detail, is_shown=True):
                note = f"{without_addresses(detail)}; the character before it is still shown"
                return replace(self, phase="live", detail=None, note=note)
            case AvatarFailed(detail=detail):
                return replace(self, phase="failed", detail=without_addresses(detail))
        return self

    def restarted(self) -> "Status":
        """As while a character is being prepared."""
        return replace(self, phase="starting", detail=None)

    def json(
        self, device: str | None, device_note: str = "", size: SizeWanted = "auto", learns: bool = False
    ) -> dict[str, object]:
        """What `state` events show; "size", "encoders", "detail" and "note" only where there is one.

        Args:
            size: what was asked for.
            device: where it is rendered, once known.
            device_note: what there is to say of that.
            learns: whether it will be fluid by itself.
        """
        slow = SLOW_NOTE if (self.animator, device) == ("tha3", "cpu") and not learns else ""
        about = {
            "state": self.phase,
            "animator": self.animator,
            "fps": round(self.stats.fps, 1),
            "stage_ms": {stage: round(ms, 2) for stage, ms in self.stats.stage_ms.items()},
            "size": self.sized and {"wanted": size, "px": self.sized.side, "why": self.sized.why},
            "encoders": self.stats.encoders or None,
            "detail": self.detail,
            "note": ". ".join(filter(None, [device_note, slow, self.note, self.impaired])) or None,
        }
        return {name: value for name, value in about.items() if value is not None}
