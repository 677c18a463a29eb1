"""When a function is compiled, and what is called until then; the compiler itself is a fake one."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from avatar_rtc.render.device.compiling import Compiler, options_of, why_plain
from avatar_rtc.render.device.fusing import Fused
from avatar_rtc.render.device.operators import operators_of
from avatar_rtc.render.device.preparing import Preparing


def bent(x: Tensor, by: float, twice: bool = False) -> Tensor:
    y = (x * by + 1).sqrt()
    return y.sqrt() if twice else y


class Bench:
    """A compiler that notes what it is asked for, and jobs that wait until they are told."""

    def __init__(self, fails: bool = False) -> None:
        self.compiled, self.ran, self.fails = 0, 0, fails
        self.jobs: list[Callable[[], None]] = []
        self.compiler = Compiler(lambda device: "", self.jobs.append, self._backend)

    def _backend(self, graph: Any, inputs: object) -> Callable[..., Any]:
        if self.fails:
            raise RuntimeError("the compiler is broken")
        self.compiled += 1

        def run(*args: Any) -> Any:
            self.ran += 1
            return graph.forward(*args)

        return run

    def do(self) -> None:
        """What was asked for, on a thread of its own."""
        while self.jobs:
            thread = threading.Thread(target=self.jobs.pop())
            thread.start()
            thread.join()
        self.ran = 0


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    with torch.inference_mode():
        yield
    torch._dynamo.reset()


def test_a_function_is_plain_until_it_is_compiled_and_stays_so_for_numbers_that_move() -> None:
    bench = Bench()
    fused = Fused(bent, 1, bench.compiler)
    x = torch.rand(3, 4)
    assert torch.equal(fused(x, 0.5), bent(x, 0.5)) and len(bench.jobs) == 1 and bench.ran == 0
    bench.do()
    assert bench.compiled == 1
    for number, by in enumerate((0.1, 0.2, 0.7, 3.0), 1):
        torch.testing.assert_close(fused(x, by), bent(x, by))
        assert (bench.compiled, bench.ran, len(bench.jobs)) == (1, number, 0)
    for height, width in ((5, 4), (9, 9), (4, 3)):
        x = torch.rand(height, width)
        torch.testing.assert_close(fused(x, 0.3), bent(x, 0.3))
        bench.do()
    assert bench.compiled == 1, "other sizes are the same code"
    torch.testing.assert_close(fused(x, 0.3, twice=True), bent(x, 0.3, twice=True))
    bench.do()
    assert bench.compiled == 2, "a flag makes another function"


def test_it_is_compiled_for_each_mode_that_it_is_called_in() -> None:
    bench = Bench()
    fused = Fused(bent, 1, bench.compiler)
    with torch.inference_mode(False):
        x = torch.rand(3, 4)
    for mode in (torch.no_grad(), torch.inference_mode(), torch.no_grad()):
        with torch.inference_mode(False), mode:
            fused(x, 0.5)
            bench.do()
            torch.testing.assert_close(fused(x, 0.3), bent(x, 0.3))
            assert bench.ran == 1


def test_what_guards_turn_away_is_plain_all_through() -> None:
    bench = Bench()
    inner = Fused(bent, 1, bench.compiler)
    outer = Fused(lambda x, by: inner(x, by) + by, 1, bench.compiler)
    outer(torch.rand(3), 0.5)
    bench.do()
    x = torch.rand(3, 3)
    torch.testing.assert_close(outer(x, 0.5), bent(x, 0.5) + 0.5)
    assert bench.ran == 0 and len(bench.jobs) == 1, "the outer is asked for, and the inner is not"


def test_a_torch_that_knows_less_still_compiles(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    options_of.cache_clear()
    wanted = options_of("inductor")
    assert wanted["force_pointwise_cat"] and not caplog.text and not options_of(print)
    options_of.cache_clear()
    monkeypatch.setattr(
        torch._inductor, "list_options", lambda: list(wanted.keys() - {"force_pointwise_cat"})
    )
    assert options_of("inductor") == {key: wanted[key] for key in wanted if key != "force_pointwise_cat"}
    assert "has no option force_pointwise_cat" in caplog.text
    options_of.cache_clear()


def test_weights_of_networks_are_compiled_once_for_all_of_them() -> None:
    bench = Bench()
    fused = Fused(bent, 1, bench.compiler)
    with torch.inference_mode(False):
        weights = [torch.nn.Parameter(torch.rand(size), requires_grad=False) for size in (3, 5, 3)]
    for number, weight in enumerate(weights):
        torch.testing.assert_close(fused(weight, 0.5), bent(weight, 0.5))
        bench.do()
        fused(weight, 0.6)
        assert (bench.compiled, bench.ran) == (1, 1), number


def test_what_cannot_be_compiled_is_told_once_and_stays_plain(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(fails=True)
    fused = Fused(bent, 1, bench.compiler)
    for size in range(2, 5):
        x = torch.rand(size, size)
        assert torch.equal(fused(x, 0.5), bent(x, 0.5))
        bench.do()
    assert caplog.text.count("bent is not compiled") == 1


def test_sizes_without_end_are_not_compiled_for_ever() -> None:
    bench = Bench()
    fused = Fused(bent, 1, bench.compiler)
    for size in range(2, 200):
        fused(torch.rand(size, 1), 0.5)
    assert len(bench.jobs) == 64


def test_before_a_capture_the_thread_itself_compiles() -> None:
    bench = Bench()
    fused = Fused(bent, 1, bench.compiler)
    with bench.compiler.here():
        fused(torch.rand(3, 4), 0.5)
    assert bench.compiled == 1 and not bench.jobs and not bench.compiler.is_here


def test_before_a_capture_nobody_waits_for_what_others_have_asked_for() -> None:
    bench = Bench()
    fused, x = Fused(bent, 1, bench.compiler), torch.rand(3, 4)
    fused(x, 0.5)
    with bench.compiler.here():
        fused(x, 0.5)
    assert (bench.compiled, bench.ran) == (1, 2), "on a blank, and then in truth"
    bench.do()
    assert bench.compiled == 1


def test_gradients_are_not_compiled() -> None:
    bench = Bench()
    fused = Fused(bent, 1, bench.compiler)
    with torch.inference_mode(False), torch.enable_grad():
        fused(torch.rand(3, requires_grad=True), 0.5).sum().backward()
    assert not bench.jobs


def test_one_inside_another_is_compiled_with_it() -> None:
    bench = Bench()
    inner = Fused(bent, 1, bench.compiler)
    outer = Fused(lambda x: inner(x, 0.5) + 1, 1, bench.compiler)
    x = torch.rand(3)
    outer(x)
    bench.do()
    torch.testing.assert_close(outer(x), bent(x, 0.5) + 1)
    assert (bench.compiled, bench.ran) == (1, 1)


def test_without_a_card_nothing_is_compiled_and_it_is_said_why() -> None:
    assert why_plain(torch.device("cpu")) == "only on CUDA are functions compiled, and this is cpu"
    assert "meta" in why_plain(torch.device("meta"))


@pytest.mark.parametrize("missing", ("TORCH_COMPILE_DISABLE", "triton", "C compiler", "Volta"))
def test_a_card_without_what_compiling_needs(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    why_plain.cache_clear()
    found, old = "avatar_rtc.render.device.compiling", (6, 1)
    monkeypatch.setattr(f"{found}.find_spec", lambda name: None if missing == "triton" else object())
    monkeypatch.setattr(f"{found}.shutil.which", lambda name: None if missing == "C compiler" else name)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: old if missing == "Volta" else (9, 0))
    monkeypatch.setenv("TORCH_COMPILE_DISABLE", "1" if missing == "TORCH_COMPILE_DISABLE" else "0")
    assert missing in why_plain(torch.device("cuda"))
    why_plain.cache_clear()


def test_what_is_prepared_comes_in_order_and_a_failure_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    later, found, is_over = Preparing(), list[int](), threading.Event()
    for number in range(5):
        later(lambda number=number: found.append(10 // (number - 2)))  # type: ignore[misc]
    later(is_over.set)
    assert is_over.wait(10) and found == [-5, -10, 10, 5] and "preparing the device failed" in caplog.text


def test_a_compiled_function_is_counted_as_before() -> None:
    x = torch.zeros(3, device="meta")
    log = operators_of(lambda: Fused(bent, 1)(x, 0.5))
    assert (log.kernels, log.fused_kernels) == (3, 1)
