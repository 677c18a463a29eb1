"""The calls of an avatar: begun, told of, ended, and never more than may be."""

import asyncio

import pytest

from avatar_rtc.errors import CapacityExceeded, EngineFailed, Unreachable
from avatar_rtc.server.limits import Pool
from avatar_rtc.server.live.calls import REMEMBERED_CALLS, Calls


class Line:
    """Calls with a room for three, and what was told of changes."""

    def __init__(self) -> None:
        self.pool = Pool("calls", 3, 1, lambda: None)
        self.changes: list[list[str]] = []
        self.calls = Calls(self.pool, lambda: self.changes.append([c.state for c in self.calls]))

    async def forever(self, call) -> None:
        call.report("live")
        await asyncio.Event().wait()


async def test_a_call_is_told_of_from_its_beginning_to_its_end():
    line = Line()
    call = line.calls.start("whip", "https://x.org", line.forever)
    await call.settled()
    assert call.told() == {
        "id": call.id, "kind": "whip", "to": "https://x.org", "state": "live", "detail": ""
    }  # fmt: skip
    await call.end()
    assert line.changes == [["joining"], ["live"], []]
    assert (call.state, len(line.calls), line.pool.taken) == ("ended", 0, 0)
    assert line.calls.find(call.id) is call


@pytest.mark.parametrize(
    ("error", "state", "told"),
    [
        (None, "ended", ""),
        (Unreachable("the room is gone"), "failed", "the room is gone"),
        (EngineFailed("at http://10.0.0.1/KEY"), "failed", None),
        (ValueError("KEY"), "failed", None),
    ],
)
async def test_what_a_call_raises_is_told_and_what_is_the_operators_is_not(error, state, told):
    line = Line()

    async def run(call) -> None:
        if error is not None:
            raise error

    call = line.calls.start("janus", "ws://x", run)
    await call.settled()
    assert call.state == state
    assert "KEY" not in call.detail
    assert told is None or call.detail == told
    assert line.pool.taken == 0


async def test_there_are_never_more_than_may_be():
    line = Line()
    for _ in range(3):
        line.calls.start("livekit", "wss://x", line.forever)
    with pytest.raises(CapacityExceeded):
        line.calls.start("livekit", "wss://x", line.forever)
    await line.calls.close()
    assert (len(line.calls), line.pool.taken) == (0, 0)
    await line.calls.start("livekit", "wss://x", line.forever).end()


async def test_what_is_over_is_remembered_and_not_for_ever():
    line = Line()
    ended = []
    for _ in range(REMEMBERED_CALLS + 5):
        ended.append(call := line.calls.start("whip", "https://x", line.forever))
        await call.end()
    assert [line.calls.find(call.id) is call for call in ended] == [False] * 5 + [True] * REMEMBERED_CALLS


async def test_who_ends_a_call_twice_or_never_begun_waits_for_nothing():
    line = Line()
    call = line.calls.start("whip", "https://x", line.forever)
    await call.end()
    await call.end()
    assert call.state == "ended"
