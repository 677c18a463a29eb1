"""The stage of tests on the real clock: a render loop on a thread, for threads do not wait for a fake one."""

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from avatar_rtc.link.orders import Down, OpenAvatar, Up
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.stream.frame import EncodedFrame
from avatar_rtc.worker.loop import FRAME_THREADS, RenderLoop
from tests.waiting import wait_until
from tests.worker.stage import EMOTIONS, SMALL, Stiff

PATIENCE_S = 30.0


class Painter(Stiff):
    """Paints the whole picture in the character's colour."""

    name, space = "painter", "srgb"

    def prepare(self, portrait: Portrait) -> Tensor:
        return portrait.image[:, :SMALL, :SMALL].clone()

    def animate(self, poses: Tensor, characters: Sequence[Any], between: Sequence[bool] = ()) -> Tensor:
        return torch.stack(list(characters))


class Live:
    """A render loop on a thread of its own, and what it has said."""

    def __init__(self, animator: Callable[[OpenAvatar], tuple[Any, str]], **fields: Any) -> None:
        self.heard: list[Up] = []
        self._inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        fields.setdefault("threads", FRAME_THREADS)
        loop = RenderLoop(self._inbox, self.heard.append, EMOTIONS, animator, **fields)
        self.loop = loop
        self._thread = threading.Thread(target=loop.run)
        self._thread.start()

    def send(self, *messages: Down) -> None:
        for message in messages:
            self._inbox.put(message)

    def until(self, happened: Callable[[], bool]) -> None:
        """Wait for something to have been said."""
        wait_until(happened, PATIENCE_S, lambda: self.heard[-5:])

    def of(self, name: str) -> list[EncodedFrame]:
        return [m for m in list(self.heard) if isinstance(m, EncodedFrame) and m.avatar == name]

    def told(self, kind: type[Any], name: str) -> list[Any]:
        return [m for m in list(self.heard) if isinstance(m, kind) and m.avatar == name]

    def end(self) -> None:
        self._inbox.put(None)
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
