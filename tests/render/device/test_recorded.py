"""Graphs that are recorded and replayed, against the functions themselves."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from avatar_rtc.render.device.recorded import RecordedGraphs


def work(x: Tensor, y: Tensor) -> Sequence[Tensor]:
    z = x.matmul(y).relu_()
    z[:, :2] += 1
    return z.sum(0), torch.nn.functional.avg_pool2d(z[None, None], 2)[0, 0]


def test_a_replay_gives_what_the_function_gives() -> None:
    graph = RecordedGraphs().capture(work, [torch.randn(4, 4), torch.randn(4, 4)])
    for seed in range(5):
        given = torch.randn(2, 4, 4, generator=torch.Generator().manual_seed(seed))
        for kept, new in zip(graph.inputs, given, strict=True):
            kept.copy_(new)
        graph.replay()
        for found, wanted in zip(graph.outputs, work(*given), strict=True):
            assert torch.equal(found, wanted)


def test_a_function_that_takes_a_number_from_the_host_shows() -> None:
    calls = iter(range(10))
    graph = RecordedGraphs().capture(lambda x: [x + next(calls)], [torch.zeros(1)])
    before = graph.outputs[0].clone()
    graph.replay()
    assert torch.equal(graph.outputs[0], before)


def test_reading_a_value_back_cannot_be_captured() -> None:
    with pytest.raises(RuntimeError, match="reads a value back"):
        RecordedGraphs().capture(lambda x: [x * float(x.sum())], [torch.zeros(2)])


def test_memory_that_moves_between_replays_is_noticed() -> None:
    graph = RecordedGraphs().capture(lambda x: [x * 2], [torch.zeros(2)])
    graph.inputs[0].data = torch.ones(2)
    with pytest.raises(RuntimeError, match="moved or resized"):
        graph.replay()
