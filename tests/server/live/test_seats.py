"""Offers cost nothing, so those that do not connect hold no seat against others."""

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.config import Config
from avatar_rtc.config_sections import LimitsConfig
from avatar_rtc.server.live import seats
from avatar_rtc.server.live.seats import CONNECTING_IN_A_CROWD_S, CONNECTING_S, QUIET_S, Pending, who_yields

ENDPOINT = "/api/v1/avatars/main/whep"
SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}
NOW = 1000.0

offers = st.lists(
    st.builds(
        Pending,
        viewer_id=st.uuids().map(str),
        address=st.sampled_from("abc"),
        answered_at=st.one_of(st.floats(NOW - 20, NOW), st.just(math.inf)),
        has_answer=st.booleans(),
    ),
    max_size=30,
)


@given(offers, st.sampled_from("abcd"), st.booleans(), st.integers(1, 20))
def test_who_yields_is_of_the_crowd_and_no_better_than_others(pending, address, is_full, per_address):
    found = who_yields(pending, address, NOW, is_full, per_address)
    counts = Counter(each.address for each in pending)
    if found is None:
        return
    crowd = [each for each in pending if each.address == found.address]
    assert found.answered_at <= NOW, "an answer that is being made is waited for"
    assert not found.has_answer or NOW - found.answered_at >= CONNECTING_IN_A_CROWD_S
    if is_full:
        assert counts[found.address] == max(counts.values())
    else:
        assert found.address == address and counts[address] >= per_address
        assert NOW - found.answered_at >= QUIET_S
    same_kind = [each for each in crowd if each.has_answer == found.has_answer]
    assert found.answered_at == min(each.answered_at for each in same_kind)


@given(offers, st.integers(1, 20))
def test_with_seats_and_few_offers_nobody_yields(pending, per_address):
    few = [each for each in pending if each.address != "a"]
    assert who_yields(few, "a", NOW, False, per_address) is None


def test_whoever_needs_a_seat_gets_one_from_another_address_at_once():
    flood = [Pending(str(n), "flood", NOW - 0.01, False) for n in range(64)]
    assert who_yields(flood, "somebody", NOW, True, 16) in flood
    lone = [Pending("1", "slow", NOW - 0.01, False)]
    assert who_yields(lone, "somebody", NOW, True, 16) is None, "one is no crowd"


class Server:
    """Seats over a made-up time: offers come, some are heard and connect."""

    def __init__(self, most=64, per_address=16):
        self.most, self.per_address = most, per_address
        self.pending, self.connected, self.closed = {}, set(), set()

    def offer(self, name, address, now, heard_at=math.inf, connects_at=math.inf):
        """True if it was let in."""
        for other, (_, _, _, up) in tuple(self.pending.items()):
            if up <= now:
                del self.pending[other]
                self.connected.add(other)
        waiting = [Pending(n, a, since, h <= now) for n, (a, since, h, _) in self.pending.items()]
        is_full = len(self.pending) + len(self.connected) >= self.most
        found = who_yields(waiting, address, now, is_full, self.per_address)
        if found:
            del self.pending[found.viewer_id]
            self.closed.add(found.viewer_id)
        elif is_full:
            return False
        self.pending[name] = (address, now, heard_at, connects_at)
        return True


@pytest.mark.parametrize("seed", range(20))
def test_a_crowd_of_one_address_gets_in_though_some_need_three_seconds(seed):
    draw, server = random.Random(seed), Server()
    times = sorted(draw.uniform(0, 0.5) for _ in range(64))
    for number, now in enumerate(times):
        slow = 3.0 if number == 0 else draw.uniform(0.05, 1.0)
        # Even one whose first check comes with the connection.
        assert server.offer(number, "proxy", now, now + slow, now + slow)
    assert not server.closed
    server.offer("late", "proxy", 4.0)
    assert not server.closed and len(server.connected) == 64


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("address", ["flood", "somebody"])
def test_a_flood_keeps_nobody_out(seed, address):
    draw, server, now, let_in = random.Random(seed), Server(), 0.0, 0
    for number in range(4000):  # 200 offers a second for 20 s
        now += 0.005
        server.offer(f"f{number}", "flood", now)
        if number % 200 == 199:
            # A viewer tries every 50 ms, for at most 2 s, until there is a seat.
            for again in range(40):
                name = f"v{number}-{again}"
                if server.offer(name, address, now, now + 0.1, now + draw.uniform(0.15, 3.0)):
                    let_in += 1
                    break
                now += 0.05
    ended = [name for name in server.closed if str(name).startswith("v")]
    assert let_in == 20
    assert address == "flood" or not ended, "of another address, no viewer yields to the flood"
    assert len(ended) <= 2


async def test_dead_offers_yield_and_are_counted(serve, offer, monkeypatch):
    monkeypatch.setattr(seats, "QUIET_WHEN_FULL_S", 0.0)
    client = await serve(Config(character="hero", max_viewers=3))
    joined = [await client.post(ENDPOINT, data=await offer(), headers=SDP) for _ in range(3)]
    assert (await (await client.get("/api/v1/avatars/main")).json())["viewers"] == 3
    for expected in (0, 1, 2):
        assert (await client.post(ENDPOINT, data=await offer(), headers=SDP)).status == 201
        gone = await client.patch(joined[expected].headers["Location"], data="", headers=FRAGMENT)
        assert gone.status == 404, "the oldest went first"
        assert (await (await client.get("/api/v1/avatars/main")).json())["viewers"] == 3
    assert (await (await client.get("/healthz")).json())["refused"] == {"pending_offers": 3}


async def test_offers_of_one_address_are_bounded_while_there_are_seats(serve, offer, monkeypatch):
    monkeypatch.setattr(seats, "QUIET_S", 0.0)
    client = await serve(Config(character="hero", limits=LimitsConfig(pending_offers=2)))
    for _ in range(5):
        assert (await client.post(ENDPOINT, data=await offer(), headers=SDP)).status == 201
    assert (await (await client.get("/api/v1/avatars/main")).json())["viewers"] == 2


async def test_a_connected_viewer_never_yields(serve, offer, watch_on, monkeypatch):
    for name in ("QUIET_S", "QUIET_WHEN_FULL_S", "CONNECTING_S", "CONNECTING_IN_A_CROWD_S"):
        monkeypatch.setattr(seats, name, 0.0)
    client = await serve(Config(character="hero", max_viewers=1))
    viewer = await watch_on(client)
    await viewer.frame()
    refused = await client.post(ENDPOINT, data=await offer(), headers=SDP)
    assert refused.status == 503 and int(refused.headers["Retry-After"]) > 0
    await viewer.frame()


def test_a_slow_viewer_has_time():
    assert CONNECTING_IN_A_CROWD_S > 3 and QUIET_S > 3 and CONNECTING_S > 3
