"""What a capture holds on to, where it is made, and how it is let go."""

import threading
import weakref
from collections.abc import Callable, Sequence
from functools import partial

import pytest
import torch
from torch import Tensor

from avatar_rtc.render.device.captures import REST_S, Captures, read_by
from avatar_rtc.render.device.compiling import Compiler
from avatar_rtc.render.device.fusing import Fused
from avatar_rtc.render.device.preparing import done
from avatar_rtc.render.device.recorded import RecordedGraphs

TABLE = torch.arange(4.0)


def work(picture: Tensor) -> list[Tensor]:
    grown = picture * TABLE + torch.ones(4)
    return [grown[:2] + TABLE[2:]]


def blank() -> list[Tensor]:
    return [torch.zeros(4)]


def test_what_it_reads_beside_its_inputs_is_held() -> None:
    read = read_by(work, blank())
    assert [tensor.data_ptr() for tensor in read] == [TABLE.data_ptr()]


@pytest.mark.parametrize(
    "does, why",
    (
        (lambda x: [x * float(x.sum())], "reads a value back"),
        (lambda x: [x + x.nonzero().sum()], "reads a value back"),
        (lambda x: [x + torch.ones(4).to("meta")], "copies from or to the host"),
        (lambda x: [x + torch.tensor([1.0], device="meta")], "copies from or to the host"),
    ),
)
def test_what_cuda_would_refuse_is_found_before_it_is_asked(
    does: Callable[[Tensor], Sequence[Tensor]], why: str
) -> None:
    device = "meta" if "copies" in why else "cpu"
    with pytest.raises(RuntimeError, match=why):
        read_by(does, [torch.ones(4, device=device)])


@torch.inference_mode()
def test_it_is_made_on_another_thread_and_gives_what_the_work_gives() -> None:
    threads: list[int] = []
    graphs = RecordedGraphs(lambda calls: threads.append(threading.get_ident()))
    jobs: list[Callable[[], None]] = []
    capture = Captures(graphs, jobs.append).begin("work", work, blank)
    beside = threading.Thread(target=jobs.pop())
    beside.start()
    beside.join()
    assert capture.made is not None
    picture = torch.tensor([3.0, 1.0, 4.0, 1.0])
    found = capture.made([picture])
    capture.made([torch.zeros(4)])
    assert torch.equal(found[0], work(picture)[0]), "nobody else writes there"
    assert threads and threading.get_ident() not in threads


def shaded(picture: Tensor, table: Tensor) -> Tensor:
    return picture * table


@torch.inference_mode()
def test_what_a_compiled_function_reads_is_held() -> None:
    ran: list[int] = []

    def backend(graph: object, inputs: object) -> Callable[..., list[Tensor]]:
        def run(*given: Tensor) -> list[Tensor]:
            ran.append(1)
            one, other = (each.numpy() for each in given if isinstance(each, Tensor) and each.dim())
            return [torch.from_numpy(one * other)]

        return run

    compiler = Compiler(lambda device: "", backend=backend)
    fused = Fused(shaded, 1, compiler)
    capture = Captures(RecordedGraphs(), done, compiler).begin("s", lambda x: [fused(x, TABLE)], blank)
    torch._dynamo.reset()
    assert ran and capture.made is not None
    assert [tensor.data_ptr() for tensor in capture.made.held] == [TABLE.data_ptr()]


def test_what_nobody_wants_any_more_is_not_begun_and_holds_nothing() -> None:
    jobs: list[Callable[[], None]] = []
    ran: list[int] = []
    large = [torch.zeros(4)]

    def reads(ground: Tensor, picture: Tensor) -> list[Tensor]:
        ran.append(1)
        return [picture + ground]

    captures, held = Captures(RecordedGraphs(), jobs.append), weakref.ref(large[0])
    capture = captures.begin("reads", partial(reads, large.pop()), blank)
    assert not capture.drop()
    assert held() is None
    jobs.pop()()
    assert not ran and capture.made is None


def test_one_that_goes_wrong_is_told_once_and_never_there(caplog: pytest.LogCaptureFixture) -> None:
    captures = Captures(RecordedGraphs(), done)
    capture = captures.begin("reading", lambda x: [x * float(x.sum())], blank)
    assert capture.made is None and not capture.is_dropped
    assert caplog.text.count("reading goes on without a graph: RuntimeError: aten::") == 1


def test_for_want_of_memory_all_go_and_nothing_is_captured_for_a_while() -> None:
    now = [100.0]
    captures = Captures(RecordedGraphs(), done, now=lambda: now[0])
    before = [captures.begin("work", work, blank) for _ in range(2)]
    captures.forget()
    refused = captures.begin("work", work, blank)
    assert all(each.is_dropped and each.made is None for each in (*before, refused))
    now[0] += REST_S
    assert captures.begin("work", work, blank).made is not None
