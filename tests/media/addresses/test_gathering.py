"""How long servers are waited for, on a virtual clock, and what is remembered of them."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.media.addresses.gathering import (
    COMPLAIN_EVERY_S,
    GATHER_S,
    GIVE_UP_S,
    LONGEST_GATHER_S,
    Gathering,
    Question,
)
from tests import virtual_time

NEVER = 1e9


async def answer_after(seconds: float) -> float:
    await asyncio.sleep(abs(seconds))
    if seconds < 0:
        raise OSError("refused")
    return seconds


def question(name: str, seconds: float, discard: Callable[[float], None] | None = None) -> Question[float]:
    """Answered after that many seconds, with a refusal if there are fewer than none."""
    return Question(name, partial(answer_after, seconds), discard)


async def timed(gathering: Gathering, questions: list[Question[float]], reachable: bool):
    loop = asyncio.get_running_loop()
    begun = loop.time()
    found = await gathering.answers(questions, reachable)
    return found, loop.time() - begun


DELAYS = st.lists(st.sampled_from((0.0, 0.01, 0.15, 0.19, 0.21, 0.6, 3.0, NEVER, -0.05, -0.7)), max_size=6)


@given(DELAYS, st.booleans())
def test_nothing_is_waited_for_longer_than_after_the_first_usable_address(delays, reachable):
    async def scenario():
        gathering = Gathering()
        questions = [question(f"stun:{n}", seconds) for n, seconds in enumerate(delays)]
        found, took = await timed(gathering, questions, reachable)
        first = 0.0 if reachable else min((each for each in delays if each >= 0), default=NEVER)
        deadline = first + GATHER_S if first < GIVE_UP_S else GIVE_UP_S
        # What answers in the very moment of the deadline may be among them or not.
        clear = [each for each in delays if each >= 0 and abs(each - deadline) > 1e-9]
        assert sorted(each for each in found if each in clear) == sorted(e for e in clear if e < deadline)
        assert all(each <= deadline + 1e-9 for each in found)
        # As soon as all have answered, or else at the deadline.
        last = max(map(abs, delays), default=0.0)
        assert took == pytest.approx(min(last, deadline))
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    virtual_time.run(scenario())


def test_a_relay_that_takes_longer_is_awaited_the_next_time_and_a_silent_one_never():
    async def scenario():
        gathering, given_back = Gathering(), []
        for delays in ((0.4, NEVER), (0.4, NEVER), (NEVER, 0.9)):
            far, dead = (
                question(name, s, given_back.append)
                for name, s in zip(("turn:far", "turn:dead"), delays, strict=True)
            )
            assert await timed(gathering, [dead], True) == ([], pytest.approx(GATHER_S))
            found, took = await timed(gathering, [far], True)
            if delays[0] == NEVER:
                assert (found, took) == ([], pytest.approx(0.6)), "it was known to take 0.4 s"
            elif given_back:
                assert (found, took) == ([0.4], pytest.approx(0.4))
            else:
                assert (found, took) == ([], pytest.approx(GATHER_S))
            await asyncio.sleep(GIVE_UP_S)
        assert given_back == [0.4, 0.9]
        assert await timed(gathering, [question("turn:dead", NEVER)], True) == (
            [],
            pytest.approx(LONGEST_GATHER_S),
        )
        assert await timed(gathering, [question("turn:dead", NEVER)], True) == ([], pytest.approx(GATHER_S))

    virtual_time.run(scenario())


def test_late_relays_are_one_a_server_and_end_with_the_process():
    async def scenario():
        gathering = Gathering()
        for _ in range(20):
            await gathering.answers([question("turn:slow", 3.0, print)], True)
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) <= 3  # this one, the relay, and who waits for it
        await gathering.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    virtual_time.run(scenario())


def test_the_log_names_a_silent_server_once_a_minute(caplog):
    async def scenario():
        gathering = Gathering()
        for _ in range(50):
            await gathering.answers([question("stun:a", NEVER), question("turn:b", -0.1)], True)
        await asyncio.sleep(COMPLAIN_EVERY_S)
        await gathering.answers([question("stun:a", NEVER)], True)

    with caplog.at_level(logging.WARNING):
        virtual_time.run(scenario())
    told = [record.getMessage() for record in caplog.records]
    assert [sum(name in line for line in told) for name in ("stun:a ", "turn:b ")] == [2, 1]
    assert "nothing for 0.2 s" in told[-1] and any("refused" in line for line in told)


def test_the_next_server_is_asked_until_the_silent_one_has_had_its_time():
    async def scenario():
        gathering, both = Gathering(), ("stun:a", "stun:b")
        assert gathering.choose(both) == "stun:a" and gathering.choose(()) is None
        await gathering.answers([question("stun:a", NEVER)], True)
        assert gathering.choose(both) == "stun:b" and gathering.choose(both[:1]) == "stun:a"
        await asyncio.sleep(COMPLAIN_EVERY_S)
        await gathering.answers([question("stun:b", -0.1)], True)
        assert gathering.choose(both) == "stun:a"

    virtual_time.run(scenario())


def test_relays_asked_ahead_are_waited_for_by_the_first_viewer(caplog):
    """As long as they take; of those that are not there the log tells at once."""

    async def scenario():
        gathering, returned = Gathering(), list[float]()
        far = question("turn:far", 0.4, returned.append)
        off = question("turn:off", -0.1, returned.append)
        gathering.note("turn:near", 0.01)
        assert await gathering.answers([far, off], True) == []
        await asyncio.sleep(1)
        assert returned == [0.4] and "turn:off" in caplog.text
        found, took = await timed(gathering, [far, question("turn:near", 0.19, returned.append)], True)
        assert sorted(found) == [0.19, 0.4] and took == pytest.approx(0.4)
        # What was near then may take its 200 ms now.
        found, took = await timed(gathering, [question("turn:near", 0.19, returned.append)], True)
        assert found == [0.19]
        await gathering.close()

    virtual_time.run(scenario())
