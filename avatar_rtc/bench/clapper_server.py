"""`avatar-rtc serve` with flashing pictures: `python -m avatar_rtc.bench.clapper_server FILE …`.

Speech, clock, render worker, release, encoders and connections are those of the product; only what a picture
shows is replaced, after the worker has made it: it is bright while the avatar says something. When the server
ends, the file gets all that was said as JSON, a list of `Clap`.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from avatar_rtc.bench.wrapped import run_serve
from avatar_rtc.link.orders import OpenAvatar, Say, StopRendition, ToAvatar, Up
from avatar_rtc.link.worker import Worker
from avatar_rtc.media.encode import VideoEncoder, create_encoder
from avatar_rtc.server.rendering import supervisor as rendering
from avatar_rtc.stream.frame import EncodedFrame, Rendition, video_t

SIDE = 128
"""Of the pictures, in px."""
DARK, BRIGHT = 32, 220
"""Luma."""


@dataclass
class Clap:
    """Something said, and the pictures that go with it; times are media times in s."""

    speech: str
    begin: float
    end: float
    tasks: int
    """How many the event loop had when it was about to begin."""
    avatar: str = "main"
    flash: float | None = None
    """The time of its first bright picture; None if nobody watched."""

    def covers(self, t: float, seconds: float) -> bool:
        """True if the picture shown for `seconds` from media time t on is a bright one.

        The first is the one nearest to the beginning, so that on the whole neither comes before the other.
        """
        return self.begin <= t + seconds / 2 < self.end


class Flashing(rendering.Rendering):
    """A `Rendering` whose pictures are dark, and bright while an avatar says something."""

    def __init__(
        self, claps: list[Clap], spawn: Callable[[], Awaitable[Worker]], *, opens_per_s: float
    ) -> None:
        """`claps` is filled with what is said."""
        super().__init__(spawn, opens_per_s=opens_per_s)
        self._claps = claps
        self._last: dict[str, Clap] = {}
        """What each avatar said last."""
        self._before: dict[str, Clap | None] = {}
        """And before that."""
        self._encoders: dict[tuple[str, Rendition], VideoEncoder] = {}
        self._fps = 0.0

    def open(self, message: OpenAvatar, on_up: Callable[[Up], None]) -> None:
        """Open the avatar; see `Rendering.open`."""
        self._fps = message.fps
        super().open(message, lambda up: on_up(self._flashing(up) if isinstance(up, EncodedFrame) else up))

    def send(self, message: ToAvatar) -> None:
        """Tell the worker; see `Rendering.send`."""
        super().send(message)
        if isinstance(message, Say):
            self._note(message)
        elif isinstance(message, StopRendition) and isinstance(message.rendition, Rendition):
            self._encoders.pop((message.avatar, message.rendition), None)

    def _note(self, said: Say) -> None:
        last = self._last.get(said.avatar)
        if last is not None and last.speech == said.speech:
            last.end = said.end
            return
        clap = Clap(said.speech, said.begin, said.end, len(asyncio.all_tasks()), said.avatar)
        self._claps.append(clap)
        self._before[said.avatar], self._last[said.avatar] = last, clap

    def _flashing(self, frame: EncodedFrame) -> EncodedFrame:
        """The frame with another picture in it."""
        t = video_t(frame.pts)
        said = self._before.get(frame.avatar), self._last.get(frame.avatar)
        clap = next((clap for clap in said if clap and clap.covers(t, 1 / self._fps)), None)
        if clap is not None and clap.flash is None:
            clap.flash = t
        assert isinstance(frame.rendition, Rendition)
        track = frame.avatar, frame.rendition
        if track not in self._encoders:
            self._encoders[track] = create_encoder(frame.rendition.codec, SIDE, SIDE, self._fps)
        picture = np.full((SIDE * 3 // 2, SIDE), 128, np.uint8)
        picture[:SIDE] = DARK if clap is None else BRIGHT
        ((data, key),) = self._encoders[track].encode(picture, frame.pts, frame.key)
        return replace(frame, data=data, key=key)


def run(file: Path, arguments: list[str]) -> int:
    """Serve with these flags; the exit code of `serve`."""
    claps: list[Clap] = []
    vars(rendering)["Rendering"] = partial(Flashing, claps)  # `serve` looks it up there when it starts
    code = run_serve(arguments)
    file.write_text(json.dumps([asdict(clap) for clap in claps]))
    return code


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), sys.argv[2:]))
