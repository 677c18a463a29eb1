"""What a capture holds on to, and where it is made."""

import threading
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from avatar_rtc.render.device.captures import Captures, read_by
from avatar_rtc.render.device.recorded import RecordedGraphs

TABLE = torch.arange(4.0)


def work(picture: Tensor) -> list[Tensor]:
    grown = picture * TABLE + torch.ones(4)
    return [grown[:2] + TABLE[2:]]


def test_what_it_reads_beside_its_inputs_is_held() -> None:
    read = read_by(work, [torch.ones(4)])
    assert [tensor.data_ptr() for tensor in read] == [TABLE.data_ptr()]


def test_it_is_made_on_another_thread_and_gives_what_the_work_gives() -> None:
    threads: list[int] = []
    graphs = RecordedGraphs(lambda calls: threads.append(threading.get_ident()))
    with ThreadPoolExecutor(1) as beside:
        captured = Captures(graphs, beside).begin(work, [torch.zeros(4)]).result()
    picture = torch.tensor([3.0, 1.0, 4.0, 1.0])
    with torch.inference_mode():
        assert torch.equal(captured(picture)[0], work(picture)[0])
    assert threads and threading.get_ident() not in threads
