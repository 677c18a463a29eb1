"""Threads and devices: each means the card of whoever started it, and on Metal there is one alone."""

import threading
from collections.abc import Sequence
from queue import SimpleQueue
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.cuda._utils import _get_device_index

from avatar_rtc.control.state import AvatarState
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.link.orders import SetState, StartRendition
from avatar_rtc.render.device.card import Card
from avatar_rtc.render.device.current import current, mean_card
from avatar_rtc.render.device.streams import WaitingStreams
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.worker.beside import Beside, WorkDone
from avatar_rtc.worker.loop import RenderLoop
from tests.worker.stage import ALPHA, EMOTIONS, Painter, Timeline, frames, opened


class Cards:
    """CUDA's current device, one for each thread."""

    def __init__(self) -> None:
        self._of_thread = threading.local()

    def get(self) -> int:
        return int(getattr(self._of_thread, "number", 0))

    def set(self, device: torch.device | int) -> None:
        self._of_thread.number = _get_device_index(device)  # as torch, which refuses "cuda"


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> Cards:
    cards = Cards()
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", cards.get)
    monkeypatch.setattr(torch.cuda, "set_device", cards.set)
    return cards


def test_threads_beside_mean_the_card_of_who_started_them(cards: Cards) -> None:
    mean_card("cuda:1")
    ended: SimpleQueue[WorkDone] = SimpleQueue()
    seen: list[int] = []
    beside = Beside(1, "pictures", ended.put)
    beside.submit(cards.get, lambda found: seen.append(found.result()))
    ended.get(timeout=5).then()
    beside.close(5)
    assert seen == [1] and cards.get() == 1


def test_who_names_no_card_means_the_one_he_has(cards: Cards) -> None:
    for name in ("cpu", "cuda", "mps"):
        mean_card(name)
    with current(torch.device("meta")):
        assert cards.get() == 0


def test_on_metal_the_loop_does_all_that_is_not_for_the_cpu() -> None:
    threads: set[int] = set()

    class OneThread(Painter):
        def prepare(self, portrait: Portrait) -> Tensor:
            threads.add(threading.get_ident())
            return super().prepare(portrait)

        def animate(self, poses: Tensor, characters: Sequence[Any], between: Sequence[bool] = ()) -> Tensor:
            threads.add(threading.get_ident())
            return super().animate(poses, characters)

    chained = AvatarState(chain=check_chain([["posterize"]]))
    script = [opened("a"), StartRendition("a", ALPHA), SetState("a", chained)]
    clock: Any = Timeline([*((0, message) for message in script), (0.5, None)])  # type: ignore[list-item]
    painter: Any = OneThread(clock)
    heard: list[Any] = []
    loop = RenderLoop(
        clock, heard.append, EMOTIONS, lambda _: (painter, ""), lambda: clock.now,
        device="mps", threads=4, card=Card(torch.device("cpu"), WaitingStreams()),
    )  # fmt: skip
    loop.run()
    assert frames(heard) and threads == {threading.get_ident()}
