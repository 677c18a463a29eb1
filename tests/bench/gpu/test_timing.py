"""Times: calls take turns, a failure costs itself, and the card's own clock is read in the right order."""

from collections.abc import Callable

import pytest
import torch

from avatar_rtc.bench.gpu import rates
from avatar_rtc.bench.gpu.rates import RateSizes, measured_rates
from avatar_rtc.bench.gpu.timing import CudaTimer, HostTimer, Times, side_by_side
from tests.bench.gpu.tiny_rig import RATES, CalledGraphs, CallingTimer


class CountingTimer(CallingTimer):
    """Each call takes a ms longer than the one before."""

    warm_ups, least = 2, 3

    def __init__(self) -> None:
        self.count = 0
        self.settled_at: list[int] = []

    def settle(self) -> bool:
        self.settled_at.append(self.count)
        return self.count != 4

    def once(self, call: Callable[[], object]) -> tuple[float, float]:
        call()
        self.count += 1
        return float(self.count), self.count / 2


def test_calls_take_turns_and_warm_ups_do_not_count() -> None:
    order: list[str] = []
    calls = {"a": lambda: order.append("a"), "b": lambda: order.append("b")}
    timer = CountingTimer()
    found = side_by_side(timer, calls, 0.0)
    assert timer.settled_at == [0, 2, 4], (
        "before each of those that do not count, and before the first that does"
    )
    assert order == ["a", "b"] * 5
    assert found["a"].device_ms == (5, 7, 9) and found["b"].host_ms == (3, 4, 5)
    assert not found["a"].is_settled and not found["b"].is_settled, "as it was before the first that counts"
    assert found["a"].median == 7 and found["a"].spread == {"p50": 7, "p95": 9}


def test_one_that_raises_is_left_out_and_the_others_go_on() -> None:
    called: list[str] = []

    def broken() -> None:
        called.append("broken")
        raise ValueError("no such kernel")

    found = side_by_side(CountingTimer(), {"broken": broken, "fine": lambda: called.append("fine")}, 0.0)
    assert called == ["broken", *["fine"] * 5]
    assert "no such kernel" in found["broken"].failed and len(found["fine"].device_ms) == 3


def test_with_time_there_are_more_samples_but_not_without_end() -> None:
    assert len(side_by_side(CallingTimer(), {"": lambda: None}, 60.0)[""].device_ms) == 200


def test_the_host_timer_sees_the_call() -> None:
    done: list[int] = []
    device, host = HostTimer().once(lambda: done.append(1))
    assert device == host > 0 and done == [1]
    assert HostTimer().peak_bytes(lambda: None) > 1e7


def test_the_cuda_timer_waits_before_and_after(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    class Event:
        def __init__(self, enable_timing: bool) -> None:
            assert enable_timing

        def record(self) -> None:
            order.append("record")

        def elapsed_time(self, other: object) -> float:
            return 3.0

    class On:
        def __init__(self, device: torch.device) -> None:
            assert device == torch.device("cuda:1")

        def __enter__(self) -> None:
            order.append("enter")

        def __exit__(self, *raised: object) -> None:
            order.append("exit")

    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "device", On)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: order.append("wait"))

    def settle() -> bool:
        order.append("settle")
        return False

    timer = CudaTimer(torch.device("cuda:1"), settle)
    assert not timer.settle()
    device, host = timer.once(lambda: order.append("call"))
    assert order == ["settle", "enter", "wait", "record", "call", "record", "wait", "exit"]
    assert device == 3.0 and host > 0


def test_rates_are_amounts_over_the_best_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_ms(timer: object, calls: dict, seconds: float) -> dict[str, Times]:
        for call in calls.values():
            call()
        return {name: Times((3.0, 1.0), (1.0, 1.0)) for name in calls}

    monkeypatch.setattr(rates, "side_by_side", one_ms)
    sizes = RateSizes(copy_bytes=1000, matrix=10, picture=2, kernels=4, cache_bytes=400, frame_bytes=500)
    found = measured_rates(torch.device("cpu"), CallingTimer(), CalledGraphs().capture, sizes, 0.0)
    assert found.bytes_per_s == pytest.approx(2 * 1000 / 1e-3)
    assert found.matrix_flops_per_s == pytest.approx(2 * 10**3 / 1e-3)
    assert found.plain_flops_per_s == pytest.approx(2 * 5**3 / 1e-3)
    assert found.cached_bytes_per_s == pytest.approx(2 * 100 * 4 / 0.5e-3), "at least half of it is no launch"
    assert [RATES.bytes_per_s_of(RATES.cache_bytes + more) for more in (0, 1)] == [2e12, 1e12]
    assert found.conv_flops_per_s == pytest.approx(2 * 256 * 256 * 9 * 4 / 1e-3)
    assert found.launch_us == found.graph_launch_us == 1000 / 4
    assert found.download_bytes_per_s == pytest.approx({"pinned": 500 / 1e-3, "pageable": 500 / 1e-3})
