"""The stage of the render loop's tests: a fake clock, a scripted inbox, an animator that paints."""

import queue
from collections.abc import Sequence
from typing import Any, cast

import av
import numpy as np
import torch
from torch import Tensor

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.control.state import AvatarState
from avatar_rtc.link.orders import Down, OpenAvatar, Up
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.resources import resource
from avatar_rtc.stream.frame import EncodedFrame, Rendition
from avatar_rtc.worker.loop import RenderLoop

ALPHA, MATTE = Rendition("h264", "alpha"), Rendition("vp8", "matte")
EMOTIONS = load_emotions(resource("assets", "emotions"))
SMALL = 64


class Timeline:
    """An inbox and a clock in one: time moves only when the loop waits or an animator spends it."""

    def __init__(self, script: Sequence[tuple[float, Down | None]]) -> None:
        self.now = 100.0
        self._script = [(100.0 + at, message) for at, message in script]

    def get(self, timeout: float | None = None) -> Down | None:
        at, message = self._script[0]
        if timeout is not None and self.now + timeout < at:
            self.now += timeout
            raise queue.Empty
        self.now = max(self.now, at)
        self._script.pop(0)
        return message

    def qsize(self) -> int:
        return sum(at <= self.now for at, _ in self._script)


class Stiff:
    """Of a character nothing swings, and nothing is drawn over its face."""

    def soften(self, character: Any, soft: object) -> Any:
        return character

    def cover(self, character: Any, dressing: object) -> Any:
        return character


class Painter(Stiff):
    """An animator that paints the whole picture in the character's colour and spends `cost` seconds."""

    name, space = "painter", "srgb"

    def __init__(self, timeline: Timeline, cost: float = 0.0, breaks: bool = False) -> None:
        self._timeline, self._cost, self._breaks = timeline, cost, breaks
        self.batches: list[int] = []

    def prepare(self, portrait: Portrait) -> Tensor:
        return portrait.image[:, :SMALL, :SMALL].clone()

    def animate(self, poses: Tensor, characters: Sequence[Any], between: Sequence[bool] = ()) -> Tensor:
        if self._breaks:
            raise RuntimeError("out of memory")
        self._timeline.now += self._cost
        self.batches.append(len(characters))
        return torch.stack(list(characters))


def opened(name: str = "main", colour: tuple[int, int, int] = (255, 0, 0), **fields: Any) -> OpenAvatar:
    rgba = np.full((512, 512, 4), (*colour, 255), np.uint8).tobytes()
    return OpenAvatar(name, rgba, epoch=100.0, state=AvatarState(), fps=fields.pop("fps", 10.0), **fields)


def play(
    script: Sequence[tuple[float, Any]], cost: float = 0.0, breaks: bool = False
) -> tuple[list[Up], Painter]:
    timeline = Timeline(script)
    painter = Painter(timeline, cost, breaks)
    heard: list[Up] = []
    # The timeline stands in for the queue and for time.monotonic.
    inbox, animator = cast(Any, timeline), cast(Any, painter)
    RenderLoop(inbox, heard.append, EMOTIONS, lambda _: (animator, ""), lambda: timeline.now).run()
    return heard, painter


def frames(heard: Sequence[Up], rendition: Rendition = ALPHA) -> list[EncodedFrame]:
    return [m for m in heard if isinstance(m, EncodedFrame) and m.rendition == rendition]


def colour(frame: EncodedFrame) -> list[int]:
    """The mean colour of the upper half of a key frame."""
    codec = av.CodecContext.create("h264" if frame.rendition.codec == "h264" else "libvpx", "r")
    pictures = codec.decode(av.Packet(frame.data)) + codec.decode(None)
    pixels = pictures[0].to_ndarray(format="rgb24")
    return [round(c) for c in pixels[: pixels.shape[0] // 2].mean((0, 1))]
