"""Bytes on their way to the host: what arrives is what was rendered, in whatever order things happen."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from avatar_rtc.render.device.downloads import Arrived, Download, begin_download
from avatar_rtc.render.device.operators import operators_of
from tests.render.device.rehearsed import UNREAD, OutOfOrder, RehearsedStreams

AVATARS = 3


@pytest.fixture
def streams() -> Iterator[RehearsedStreams]:
    entered = RehearsedStreams()
    with entered:
        yield entered


@dataclass
class Viewer:
    """One avatar: what it renders, what is on its way, and what somebody reads."""

    canvas: Tensor = field(default_factory=lambda: torch.zeros(2, 3, dtype=torch.uint8))
    under_way: deque[tuple[int, Download[str]]] = field(default_factory=deque)
    read: deque[tuple[int, Arrived[str]]] = field(default_factory=deque)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, AVATARS - 1), st.sampled_from(["ask", "wait", "done"])), max_size=40)
)
def test_what_arrives_is_what_was_rendered(steps: list[tuple[int, str]]) -> None:
    streams, numbers = RehearsedStreams(), count(1)
    viewers = [Viewer() for _ in range(AVATARS)]
    with streams:
        for who, step in steps:
            viewer = viewers[who]
            if step == "ask":
                number = next(numbers)
                viewer.canvas.fill_(number)  # the device renders on the same memory again and again
                parts = {"small": viewer.canvas[0, :1], "large": viewer.canvas}
                viewer.under_way.append((number, begin_download(parts, streams)))
            elif step == "wait" and viewer.under_way:
                number, download = viewer.under_way.popleft()
                viewer.read.append((number, download.arrived()))
            elif step == "done" and viewer.read:
                viewer.read.popleft()
            for number, arrived in [each for one in viewers for each in one.read]:
                assert {name: part.shape for name, part in arrived.items()} == {
                    "small": (1,),
                    "large": (2, 3),
                }
                assert all((part == number).all() for part in arrived.values())
    assert streams.copies == sum(step == "ask" for _, step in steps)


def test_nothing_can_be_read_before_it_was_waited_for(streams: RehearsedStreams) -> None:
    download = begin_download({"one": torch.ones(4, dtype=torch.uint8)}, streams)
    assert (download.parts["one"] == UNREAD).all()
    assert (download.arrived()["one"] == 1).all()


def test_a_copy_before_the_picture_is_rendered_is_an_error(streams: RehearsedStreams) -> None:
    early, picture = streams.mark(), torch.ones(4, dtype=torch.uint8)
    with pytest.raises(OutOfOrder, match="before it was rendered"):
        streams.copied(picture, early)


def test_writing_to_what_is_being_copied_is_an_error(streams: RehearsedStreams) -> None:
    picture = torch.ones(4, dtype=torch.uint8)
    _, there = streams.copied(picture, streams.mark())
    picture.fill_(2)
    with pytest.raises(OutOfOrder, match="while it was copied"):
        there.wait()


def test_a_time_that_has_not_come_cannot_be_read(streams: RehearsedStreams) -> None:
    before = streams.mark()
    streams.spend(7.0)
    after = streams.mark()
    with pytest.raises(OutOfOrder):
        after.ms_since(before)
    after.wait()
    assert after.ms_since(before) == 7.0


def test_all_layouts_go_over_in_one_copy_for_which_nobody_waits() -> None:
    parts = {name: torch.zeros(n, 8, dtype=torch.uint8, device="meta") for n, name in enumerate("abc", 1)}
    streams = RehearsedStreams()
    log = operators_of(lambda: begin_download(parts, streams))
    assert log.by_name() == {"cat": 1, "full": 1} and not log.waits and streams.copies == 1


def test_on_a_cpu_they_are_there_already() -> None:
    picture = torch.arange(4, dtype=torch.uint8)
    arrived = begin_download({"one": picture}, None).arrived()
    assert np.shares_memory(arrived["one"], picture.numpy())
