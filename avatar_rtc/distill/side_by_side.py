"""Works side by side, a thread each: one step of a small network gains little from a second core."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue

import torch

Tell = Callable[[int], None]
"""Told how many steps of a work are done; raises where the work must end."""


class _Ended(Exception):
    """Another work failed, or nobody waits any more."""


def side_by_side(
    works: Sequence[Callable[[Tell], object]], told: Callable[[list[int]], None], threads: int
) -> None:
    """Do all works to their end; with one thread one after another.

    Torch's threads are shared out among them. When one fails or `told` raises, all end at their next step.

    Args:
        works: each calls what it is given after each step.
        told: gets the steps done of each work; called in this thread alone.
        threads: there are for all works together.
    """
    done = [0] * len(works)
    if threads == 1:
        for number, work in enumerate(works):
            work(_counting(done, number, told))
        return
    said: SimpleQueue[tuple[int, int] | None] = SimpleQueue()
    stop = threading.Event()
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, threads // len(works)))
    try:
        with ThreadPoolExecutor(len(works), "training") as pool:
            futures = [pool.submit(work, _telling(said, n, stop)) for n, work in enumerate(works)]
            for future in futures:
                future.add_done_callback(lambda _: said.put(None))
            try:
                _listen(said, futures, done, told)
            finally:
                stop.set()
    finally:
        torch.set_num_threads(before)
    errors = [error for future in futures if (error := future.exception())]
    for error in sorted(errors, key=lambda each: isinstance(each, _Ended)):
        raise error


def _counting(done: list[int], number: int, told: Callable[[list[int]], None]) -> Tell:
    def tell(steps: int) -> None:
        done[number] = steps
        told(done.copy())

    return tell


def _telling(said: SimpleQueue[tuple[int, int] | None], number: int, stop: threading.Event) -> Tell:
    def tell(steps: int) -> None:
        if stop.is_set():
            raise _Ended
        said.put((number, steps))

    return tell


def _listen(
    said: SimpleQueue[tuple[int, int] | None],
    futures: Sequence["Future[object]"],
    done: list[int],
    told: Callable[[list[int]], None],
) -> None:
    """Until all works are done, or one has failed."""
    running = len(futures)
    while running:
        if (news := said.get()) is not None:
            done[news[0]] = news[1]
            told(done.copy())
            continue
        running -= 1
        if any(future.done() and future.exception() for future in futures):
            return
