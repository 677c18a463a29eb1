"""When a silent peer is ended, on a virtual clock."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.media.liveness import DEAF_S, Liveness
from tests.virtual_time import VirtualLoop, run

SILENCE_S, CONNECT_S = 8.0, 15.0


class Watched:
    """A peer whose end is noted, in s from its start."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self.loop = loop
        self.begun = loop.time()
        self.ends: list[tuple[float, str]] = []
        self.liveness = Liveness(self.end, CONNECT_S, SILENCE_S)
        self.liveness.start()

    def end(self, why: str) -> None:
        self.ends.append((self.loop.time() - self.begun, why))


@given(st.lists(st.floats(0.0, 2 * SILENCE_S), max_size=20))
def test_a_peer_ends_so_long_after_its_last_sign_of_life(gaps):
    async def scenario() -> None:
        peer, last = Watched(), 0.0
        peer.liveness.connected()
        for gap in gaps:
            await asyncio.sleep(gap)
            if peer.ends:
                break
            peer.liveness.heard()
            last = peer.loop.time() - peer.begun
        await asyncio.sleep(3 * SILENCE_S)
        assert peer.ends == [(pytest.approx(last + SILENCE_S, abs=1e-6), "silent")]

    run(scenario())


@given(st.floats(0.0, 2 * CONNECT_S))
def test_one_that_never_connects_ends(connects_at):
    async def scenario() -> None:
        peer = Watched()
        await asyncio.sleep(connects_at)
        if not peer.ends:
            peer.liveness.connected()
            await asyncio.sleep(SILENCE_S / 2)
        assert peer.ends == ([] if connects_at < CONNECT_S else [(CONNECT_S, "never connected")])
        peer.liveness.close()
        await asyncio.sleep(3 * CONNECT_S)
        assert len(peer.ends) <= 1

    run(scenario())


@given(st.floats(0.0, 60.0))
def test_a_server_that_stood_still_blames_nobody(stood_still_s):
    """As after a suspended machine: all timers are due at once, and what came is yet to be read."""

    async def scenario() -> None:
        peer = Watched()
        peer.liveness.connected()
        peer.loop.now += stood_still_s
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        late_s = stood_still_s - SILENCE_S
        assert bool(peer.ends) == (0 <= late_s <= DEAF_S)
        if late_s > DEAF_S:
            peer.ends.clear()
            await asyncio.sleep(2 * SILENCE_S)
            assert peer.ends == [(pytest.approx(stood_still_s + SILENCE_S), "silent")]

    run(scenario())
