"""Captures against the rules of CUDA and of torch's allocator, by a stand-in that holds to them."""

import gc
import inspect
import threading
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor

from avatar_rtc.render.device.graphs import CudaGraphs
from avatar_rtc.render.device.memory import give_back_cached
from tests.render.device.stand_in_cuda import Refused, StandInCuda

CARD = torch.device("cuda")
INPUTS = [torch.zeros(2)]


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> StandInCuda:
    cuda = StandInCuda()
    cuda.install(monkeypatch)
    return cuda


def doubling(cuda: StandInCuda, x: Tensor) -> Sequence[Tensor]:
    cuda.run()
    return [x * 2]


def test_a_capture_holds_up_no_frame(cuda: StandInCuda) -> None:
    graphs = CudaGraphs(CARD)
    graph = graphs.capture(lambda x: doubling(cuda, x), INPUTS)
    with graphs.turn():
        graph.replay()
    assert cuda.said == [
        "captures waits for frames",
        # Once beforehand, in a turn: graphs use what libraries keep for this stream.
        "captures waits for over", "work in captures", "over in captures",
        "begin", "work in captures", "end",
        "frames waits for over", "replay in frames", "over in frames",
    ]  # fmt: skip


def test_a_pool_that_the_last_graph_has_left_is_not_used_again(cuda: StandInCuda) -> None:
    graphs = CudaGraphs(CARD)
    for _ in range(3):
        graph = graphs.capture(lambda x: doubling(cuda, x), INPUTS)
        other = graphs.capture(lambda x: doubling(cuda, x), INPUTS)
        assert graph.graph.pool == other.graph.pool, "while there is one they share"
        del graph, other
    assert sorted(cuda.uses.values()) == [0, 0, 0]


def test_after_one_that_was_broken_off_memory_is_free_and_others_are_captured(cuda: StandInCuda) -> None:
    graphs = CudaGraphs(CARD)

    def waits(x: Tensor) -> Sequence[Tensor]:
        if cuda.capturing is not None:
            torch.cuda.synchronize()
        return [x]

    def fails(x: Tensor) -> Sequence[Tensor]:
        if cuda.capturing is not None:
            raise ValueError("of its own")
        return [x]

    for work, error in ((waits, Refused), (fails, ValueError)):
        with pytest.raises(error):
            graphs.capture(work, INPUTS)
        assert cuda.allocating is None and cuda.capturing is None and gc.isenabled()
        graphs.capture(lambda x: doubling(cuda, x), INPUTS)


def test_without_room_what_torch_keeps_is_given_back_first(cuda: StandInCuda) -> None:
    tries: list[weakref.ref[Tensor]] = []

    def tight(x: Tensor) -> Sequence[Tensor]:
        under_way = x * 2
        if cuda.capturing is not None:
            assert all(kept() is None for kept in tries), "of the try before"
            tries.append(weakref.ref(under_way))
            if "device waited for" not in cuda.said:
                raise torch.OutOfMemoryError("no room in the pool")
        return [under_way]

    CudaGraphs(CARD).capture(tight, INPUTS)
    assert len(tries) == 2


def test_who_waits_for_the_device_waits_for_a_capture(cuda: StandInCuda) -> None:
    begun, asked = threading.Event(), threading.Event()

    def slow(x: Tensor) -> Sequence[Tensor]:
        if cuda.capturing is not None:
            begun.set()
            assert asked.wait(5) and not gc.isenabled()
        return [x]

    def make_room() -> None:
        assert begun.wait(5)
        asked.set()
        give_back_cached("cuda:0")

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(make_room)
        CudaGraphs(CARD).capture(slow, INPUTS)
        other.result()
    assert cuda.said[-2:] == ["end", "device waited for"]


@pytest.mark.parametrize(
    "call, names",
    (
        (torch.cuda.CUDAGraph.capture_begin, {"pool", "capture_error_mode"}),
        (torch.cuda.CUDAGraph.capture_end, set()),
        (torch.cuda.Event.__new__, {"enable_timing", "blocking"}),
        (torch.cuda.Event.record, {"stream"}),
        (torch.cuda.Event.elapsed_time, {"end_event"}),
        (torch.cuda.Stream.__new__, {"device"}),
        (torch.cuda.Stream.wait_event, {"event"}),
        (torch.cuda.Stream.wait_stream, {"stream"}),
        (torch.cuda.current_stream, {"device"}),
        (torch.cuda.stream, {"stream"}),
        (torch.cuda.mem_get_info, {"device"}),
        (torch.cuda.memory._cuda_endAllocateToPool, set()),
    ),
)
def test_this_torch_has_what_is_called(call: object, names: set[str]) -> None:
    assert callable(call) and (not names or names <= inspect.signature(call).parameters.keys())
