"""Items that are made in another thread, ahead of who reads them."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from functools import partial

import pytest

from avatar_rtc.film.ahead import Ahead
from avatar_rtc.film.file_thread import FileThread


def test_all_items_come_in_order_and_no_more_than_three_are_made_ahead() -> None:
    made: list[int] = []

    async def make() -> AsyncGenerator[int, None]:
        for number in range(20):
            made.append(number)
            yield number

    with Ahead(make) as items:
        for number in items:
            assert len(made) <= number + 4
    assert made == list(range(20))


def test_an_error_comes_after_what_was_made() -> None:
    async def make() -> AsyncGenerator[int, None]:
        yield 1
        raise ValueError("enough")

    with Ahead(make) as items:
        assert next(items) == 1
        with pytest.raises(ValueError, match="enough"):
            next(items)
        assert list(items) == []


def test_who_leaves_early_closes_the_generator_and_its_thread() -> None:
    ends: list[str] = []

    async def make() -> AsyncGenerator[int, None]:
        try:
            yield 1
            await asyncio.sleep(3600)
        finally:
            ends.append("closed")

    with Ahead(make) as items:
        assert next(items) == 1
    assert ends == ["closed"] and not [t for t in threading.enumerate() if t.name == "speech ahead"]


def test_a_file_is_written_in_order_and_its_error_is_told() -> None:
    done: list[int] = []
    with FileThread() as thread:
        for number in range(50):
            thread(partial(done.append, number))
    assert done == list(range(50))

    def full() -> None:
        raise OSError("full")

    with pytest.raises(OSError, match="full"), FileThread() as thread:
        for _ in range(50):
            thread(full)
