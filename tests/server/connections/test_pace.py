"""A flood from one address waits; others and ordinary crowds do not."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.config import Config
from avatar_rtc.config_sections import LimitsConfig
from avatar_rtc.server.connections import pace as pacing
from avatar_rtc.server.connections.pace import RequestPace
from avatar_rtc.server.http.keys import LIMITS


@given(
    st.floats(1, 500),
    st.lists(st.tuples(st.integers(0, 2), st.floats(0, 3)), max_size=200),
)
def test_no_address_is_served_faster_than_its_rate_after_its_burst(rate, arrivals):
    pace, now = RequestPace(rate, burst_s=10, most_waiting=50), 0.0
    served: dict[str, list[float]] = {}
    for who, gap in arrivals:
        now += gap
        wait = pace.wait(str(who), now)
        if wait is not None:
            assert 0 <= wait <= 51 / rate
            served.setdefault(str(who), []).append(now + wait)
    for times in served.values():
        assert times == sorted(times)
        for first, start in enumerate(times):
            for last in range(first, len(times)):
                assert last - first + 1 <= rate * (10 + times[last] - start) + 1 + 1e-6


def test_a_thousand_calls_at_once_do_not_wait_at_the_default():
    pace = RequestPace(LimitsConfig().requests_per_s)
    assert all(pace.wait("a", 0.0) == 0 for _ in range(1000))


def test_beyond_the_burst_they_wait_in_turn_then_are_refused():
    pace = RequestPace(10, burst_s=1, most_waiting=5)
    waits = [pace.wait("a", 0.0) for _ in range(20)]
    assert waits[:10] == [0.0] * 10
    assert waits[10:15] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5]) and waits[15:] == [None] * 5
    assert pace.wait("b", 0.0) == 0 and pace.wait("a", 2.0) == 0


async def test_a_flood_is_paced_and_then_refused(serve, monkeypatch):
    monkeypatch.setattr(pacing, "REFUSAL_S", 0.01)
    limits = LimitsConfig(requests_per_s=20)  # a machine that is busy asks for more as well
    client = await serve(Config(character="hero", animator="static", limits=limits))
    monkeypatch.setattr(pacing, "MOST_WAITING", 20)

    async def ask() -> tuple[int, str | None]:
        response = await client.get("/api/v1/avatars")
        return response.status, response.headers.get("Retry-After")

    answers = [await asyncio.gather(*(ask() for _ in range(60))) for _ in range(4)]
    found = {answer for some in answers for answer in some}
    assert (200, None) in found and all(status in (200, 429) for status, _ in found)
    assert all(retry for status, retry in found if status == 429)
    assert client.app[LIMITS].refused["requests_per_s"]
