"""In which order a card is asked for a copy, by a CUDA that only takes notes; and devices without streams."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor

from avatar_rtc.render.device import streams as module
from avatar_rtc.render.device.card import card_of
from avatar_rtc.render.device.streams import CudaStreams, WaitingStreams


class Notes:
    """CUDA's streams and events, and what they were asked."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.now = "render"
        self._events = 0

    def event(self) -> "Noted":
        self._events += 1
        return Noted(self, f"event {self._events}")

    @contextmanager
    def stream(self, stream: "Noted") -> Iterator[None]:
        before, self.now = self.now, stream.name
        yield
        self.now = before


class Noted:
    """A stream or an event."""

    def __init__(self, notes: Notes, name: str) -> None:
        self._notes, self.name = notes, name

    def wait_event(self, event: "Noted") -> None:
        self._notes.said.append(f"{self.name} waits for {event.name}")

    def record(self, stream: "Noted") -> None:
        self._notes.said.append(f"{self.name} in {stream.name}")

    def synchronize(self) -> None:
        self._notes.said.append(f"host waits for {self.name}")


class NotedBytes(Tensor):
    """Memory that notes what is done to it."""

    notes: Notes

    def copy_(self, source: Tensor, non_blocking: bool = False) -> Tensor:
        assert non_blocking
        self.notes.said.append(f"copy in {self.notes.now}")
        return self


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> Notes:
    notes = Notes()
    NotedBytes.notes = notes
    monkeypatch.setattr(module, "_cuda_event", notes.event)
    monkeypatch.setattr(
        module, "_pinned_like", lambda source: torch.zeros(source.shape).as_subclass(NotedBytes)
    )
    monkeypatch.setattr(torch.cuda, "Stream", lambda device: Noted(notes, "copies"))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: Noted(notes, notes.now))
    monkeypatch.setattr(torch.cuda, "stream", notes.stream)
    return notes


def test_a_copy_waits_for_its_picture_and_the_host_for_the_copy_alone(notes: Notes) -> None:
    streams = CudaStreams(torch.device("cuda"))
    source = torch.zeros(4).as_subclass(NotedBytes)
    _, there = streams.copied(source, streams.mark())
    there.wait()
    assert there.read is source, "or its memory would be given away while it is read"
    assert notes.said == [
        "event 1 in render",
        "copies waits for event 1",
        "copy in copies",
        "event 2 in copies",
        "host waits for event 2",
    ]


def test_a_device_without_streams_has_copied_when_it_returns() -> None:
    streams, source = WaitingStreams(), torch.arange(4)
    before = streams.mark()
    copy, there = streams.copied(source, before)
    assert torch.equal(copy, source) and there.ms_since(before) >= 0


def test_which_devices_have_what() -> None:
    assert card_of("cpu") is None
    mps = card_of("mps")
    assert mps is not None and mps.captures is None and isinstance(mps.streams, WaitingStreams)
