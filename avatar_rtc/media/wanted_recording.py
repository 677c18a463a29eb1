"""What a recording is to become: known to the server that records, and to the process that finishes.

It lies apart from that work: the server loads no OpenCV.
"""

from dataclasses import dataclass
from typing import Any, Literal

from avatar_rtc.stream.frame import Layout

FileFormat = Literal["mp4", "webm", "png"]


@dataclass(frozen=True)
class WantedRecording:
    """What a recording is to become; as JSON in `KeptFile.more`."""

    format: FileFormat
    layout: Layout
    fps: float
    size: tuple[int, int] | None = None
    """(width, height) in px; None is that of the first picture."""
    colour: tuple[int, int, int] | None = None
    """A ground of one's own; None is none."""
    picture: str | None = None
    """The path of one."""
    free_bytes: float = 0.0
    """Left free on the disk."""
    most_bytes: float = 0.0
    """Of the finished file; 0 is as many as there is room for."""

    @classmethod
    def read(cls, data: dict[str, Any]) -> "WantedRecording":
        """From JSON."""
        pairs = {name: tuple(data[name]) for name in ("size", "colour") if data.get(name) is not None}
        return cls(**{**data, **pairs})

    @property
    def is_copy(self) -> bool:
        """Whether packets of pictures will do as they are, unless the picture's size changed."""
        return self.format == "mp4" and self.layout == "matte" and self.size is None

    @property
    def has_own_ground(self) -> bool:
        """Whether something else is to stand behind than what stood there."""
        return self.colour is not None or self.picture is not None
