"""What pictures leave in memory is given back."""

import os
import subprocess
import sys
import threading

import pytest
import torch

from avatar_rtc.render.filters.tables import MOST_TABLES, Tables, kept
from avatar_rtc.server.rendering.process import _KEEP_MEMORY

STILLS = """
import os, queue, sys, time
import torch
torch.set_num_threads(1)
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.link.orders import ProcessStill, Still, StillProcessed
from avatar_rtc.worker import beside
from avatar_rtc.worker.stills import Stills

beside.IDLE_THREAD_S = 0.2
answers, chain = queue.SimpleQueue(), check_chain([["bloom"], ["crt"], ["banding"]])
stills = Stills(answers.put, "cpu")

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

def left_by(side):
    stills.put(ProcessStill(1, Still(bytes(side * side * 4), side, side), chain))
    assert isinstance(answers.get(), StillProcessed)
    busy, deadline = resident(), time.monotonic() + 20
    least = busy
    while time.monotonic() < deadline and least > float(sys.argv[1]) + before:
        time.sleep(0.05)
        least = min(least, resident())
    return busy, least

before = 1e9
_, before = left_by(64)
print(before, *left_by(1600))
os._exit(0)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="settings of glibc")
def test_a_large_picture_is_gone_when_nothing_follows() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STILLS, "20"],
        env={**os.environ, **_KEEP_MEMORY}, capture_output=True, text=True, timeout=150, check=True,
    )  # fmt: skip
    before, busy, after = map(float, done.stdout.split())
    assert busy > before + 100 and after < before + 20


def test_each_owner_keeps_tables_of_its_own() -> None:
    made: list[int] = []

    @kept(shared=2)
    def table(side: int) -> torch.Tensor:
        made.append(side)
        return torch.zeros(side, 256)  # 1 KiB for each row

    mine, other = Tables(10 * 1024), Tables(10 * 1024)
    with mine.in_use():
        assert table(4) is table(4) and made == [4]
        with other.in_use():
            for side in (5, 6, 7, 8):  # more than there is room for: the oldest go
                table(side)
            table(8)
        assert table(4) is table(4)
    assert made == [4, 5, 6, 7, 8]
    with other.in_use():
        table(5)
    assert made[-1] == 5
    assert table(4) is table(4) and made[-1] == 4  # of the process


def test_small_tables_are_bounded_in_number() -> None:
    """As a slider leaves them behind that a stranger moves for days."""
    made: list[int] = []
    mine = Tables()
    for number in [*range(MOST_TABLES + 1), MOST_TABLES, 0]:
        mine.get(number, lambda: made.append(number))  # noqa: B023
    assert made == [*range(MOST_TABLES + 1), 0]


def test_tables_are_of_the_thread_that_uses_them() -> None:
    @kept(shared=2)
    def table(side: int) -> torch.Tensor:
        return torch.zeros(side)

    mine, seen = Tables(), list[torch.Tensor]()
    with mine.in_use():
        own = table(3)
        thread = threading.Thread(target=lambda: seen.append(table(3)))
        thread.start()
        thread.join()
    assert seen[0] is not own
