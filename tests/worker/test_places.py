"""Every thread that renders means the card of the thread that started it: CUDA begins each with the first."""

import threading
from queue import SimpleQueue

import pytest
import torch

from avatar_rtc.render.device.current import current, mean_card
from avatar_rtc.worker.beside import Beside, WorkDone


class Cards:
    """CUDA's current device, one for each thread."""

    def __init__(self) -> None:
        self._of_thread = threading.local()

    def get(self) -> int:
        return int(getattr(self._of_thread, "number", 0))

    def set(self, device: str | int) -> None:
        self._of_thread.number = device if isinstance(device, int) else torch.device(device).index


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


def test_other_devices_are_left_alone(cards: Cards) -> None:
    mean_card("cpu")
    with current(torch.device("meta")):
        assert cards.get() == 0
