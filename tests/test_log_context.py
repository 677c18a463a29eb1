"""Whom lines of the log concern: nested, inherited by tasks, and gone afterwards."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.log_context import concerned, concerning, shown_avatar


def test_it_holds_within_and_no_longer():
    with concerning(avatar="main"):
        with concerning(viewer="abcdefghij"):
            assert concerned() == {"avatar": "main", "viewer": "abcdef"}
        assert concerned() == {"avatar": "main"}
    assert concerned() == {}


async def test_tasks_keep_it():
    told = []
    gate = asyncio.Event()

    async def work() -> None:
        await gate.wait()
        told.append(concerned())

    with concerning(avatar="one"):
        first = asyncio.create_task(work())
    with concerning(avatar="two"):
        second = asyncio.create_task(work())
    gate.set()
    await asyncio.gather(first, second)
    assert told == [{"avatar": "one"}, {"avatar": "two"}]


@given(st.text(min_size=1, max_size=64))
def test_a_name_that_cannot_be_guessed_is_cut(name):
    shown = shown_avatar(name)
    assert shown == name if len(name) < 16 else len(shown) == 5 and name.startswith(shown[:4])
