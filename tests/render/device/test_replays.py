"""Replays of batches against the work itself."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor

from avatar_rtc.render.device.captures import REST_S, Captures
from avatar_rtc.render.device.preparing import done
from avatar_rtc.render.device.recorded import RecordedGraph, RecordedGraphs
from avatar_rtc.render.device.replays import Replays


def work(x: Tensor, y: Tensor) -> Sequence[Tensor]:
    return [x * 2 + y[:, :, None], (x.sum(-1) - y).relu()]


def batch(items: int, seed: int) -> list[list[Tensor]]:
    dice = torch.Generator().manual_seed(seed)
    return [[torch.randn(1, *shape, generator=dice) for _ in range(items)] for shape in ((3, 4), (3,))]


def wanted(columns: list[list[Tensor]]) -> Sequence[Tensor]:
    return work(*(torch.cat(rows) for rows in columns))


@torch.inference_mode()
def test_replays_give_what_the_work_gives_and_it_is_the_callers() -> None:
    replays = Replays[str](Captures(RecordedGraphs(), done))
    kept = []
    for seed, items in enumerate((1, 2, 3, 5, 8, 16, 3, 3, 5, 1, 2, 4)):
        columns = batch(items, seed)
        kept.append((replays.run("w", work, columns, items), wanted(columns)))
    for found, right in kept:
        for one, other in zip(found, right, strict=True):
            assert torch.equal(one, other)


@torch.inference_mode()
def test_until_a_graph_is_there_nobody_waits_for_it() -> None:
    jobs: list[Callable[[], None]] = []
    captured: list[int] = []
    replays = Replays[str](Captures(RecordedGraphs(captured.append), jobs.append))
    for items in (3, 4, 3):
        replays.run("w", work, batch(items, 0), items)
    assert len(jobs) == 1 and not captured, "3 and 4 share a graph, which is asked for once"
    jobs.pop()()
    replays.run("w", work, batch(3, 0), 3)
    assert len(captured) == 1 and not jobs


class NoRoom(RecordedGraphs):
    def capture(self, work: object, inputs: object) -> RecordedGraph:
        raise torch.OutOfMemoryError("no room for a graph")


@torch.inference_mode()
def test_without_a_graph_the_work_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    replays = Replays[str](Captures(NoRoom(), done))
    for _ in range(3):
        assert torch.equal(replays.run("w", work, batch(2, 0), 2)[0], wanted(batch(2, 0))[0])
    assert caplog.text.count("no room for a graph") == 1


@torch.inference_mode()
def test_graphs_of_large_batches_can_be_dropped() -> None:
    captured: list[int] = []
    now = [0.0]
    replays = Replays[str](Captures(RecordedGraphs(captured.append), done, now=lambda: now[0]))
    for items in (1, 4, 8, 1, 4, 8):
        replays.run("w", work, batch(items, 0), items)
    assert replays.drop(4) and not replays.drop(4) and replays.drop(1)
    for passed, count in ((0.0, 3), (REST_S - 1, 3), (1.0, 4)):
        now[0] += passed
        assert torch.equal(replays.run("w", work, batch(8, 1), 8)[0], wanted(batch(8, 1))[0])
        assert len(captured) == count, "not while there is too little memory"


def test_several_threads_share_the_memory_of_a_graph() -> None:
    replays = Replays[str](Captures(RecordedGraphs(), done))

    @torch.inference_mode()
    def right(seed: int) -> bool:
        columns = batch(1 + seed % 4, seed)
        found = replays.run("w", work, columns, len(columns[0]))
        return all(map(torch.equal, found, wanted(columns)))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(right, range(200)))
