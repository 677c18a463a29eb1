"""Connections are bounded in number, heads and unread answers in time; others are served meanwhile."""

import asyncio
import gc
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.config import Config
from avatar_rtc.config_sections import LimitsConfig
from avatar_rtc.server.addresses import address_of
from avatar_rtc.server.connections import descriptors
from avatar_rtc.server.connections.crowd import OpenConnections
from avatar_rtc.server.http.keys import LIMITS
from tests.server.rendering.stuck import half_head, request

QUICK = {"headers_s": 0.3, "body_s": 0.3}


def bounded(**limits) -> Config:
    return Config(character="hero", animator="static", limits=LimitsConfig(**limits))


@dataclass(eq=False)
class Seat:
    address: str
    is_idle: bool = True


@given(st.integers(1, 9), st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), max_size=60))
def test_a_crowd_keeps_its_size_and_is_fair(most, moves):
    crowd: OpenConnections[Seat] = OpenConnections(most)
    for number, idle, leaves in moves:
        seat, before = Seat(f"a{number}", idle), crowd.all()
        share = {each.address: sum(other.address == each.address for other in before) for each in before}
        yielding = crowd.enter(seat, seat.address)
        assert len(crowd) == min(most, len(before) + 1)
        if yielding is not None and yielding is not seat:
            # Nobody pushes out who has less than himself.
            assert share[yielding.address] >= share.get(seat.address, 0)
            older = [each for each in before if each.address == yielding.address]
            assert yielding is next((each for each in older if each.is_idle), older[0])
        if yielding is seat:
            assert not any(
                each.is_idle for each in before if share[each.address] > share.get(seat.address, 0)
            )
        if leaves and crowd.all():
            crowd.leave(crowd.all()[0])
            crowd.leave(seat)
            crowd.leave(seat)


def test_one_address_with_all_connections_yields_to_a_newcomer():
    crowd: OpenConnections[Seat] = OpenConnections(10)
    seats = [Seat("flood", is_idle=False) for _ in range(10)]
    for seat in seats:
        crowd.enter(seat, seat.address)
    more, guest = Seat("flood"), Seat("guest")
    assert crowd.enter(more, "flood") is more
    assert crowd.enter(guest, "guest") is seats[0]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("::1", "::1", True),
        (None, "", True),
    ],
)
def test_addresses(one, other, same):
    assert (address_of(one) == address_of(other)) is same


@pytest.mark.skipif(not hasattr(descriptors, "resource"), reason="descriptors of POSIX")
@pytest.mark.parametrize(("soft", "most"), [(100_000, 512), (1024, 512), (512, 128), (256, 64), (16, 8)])
def test_descriptors_are_left_for_media(monkeypatch, soft, most):
    monkeypatch.setattr(descriptors.resource, "getrlimit", lambda _: (soft, soft))
    assert descriptors.connections_within(512, viewers=64) == most


async def test_idle_connections_make_room(serve, stuck):
    client = await serve(bounded(connections=8))
    crowd = [await stuck(client) for _ in range(50)]
    for _ in range(20):
        assert (await client.get("/api/v1/avatars/main")).status == 200
    assert client.app[LIMITS].refused["connections"] >= 42
    assert await crowd[0].read() == b""


async def test_half_heads_make_room_and_end_in_time(serve, stuck):
    client = await serve(bounded(connections=8, **QUICK))
    crowd = [await stuck(client, half_head()) for _ in range(50)]
    assert (await client.get("/api/v1/avatars/main")).status == 200
    for each in crowd:
        assert await each.read() == b""
    assert client.app[LIMITS].refused["headers_s"] >= 1


async def test_a_head_that_drips_ends_in_time(serve, stuck):
    client = await serve(bounded(**QUICK))
    slow = await stuck(client, "GET /")
    with pytest.raises((ConnectionError, TimeoutError)):
        async with asyncio.timeout(5):
            while True:
                await slow.send("E")
                await asyncio.sleep(0.02)
    assert client.app[LIMITS].refused["headers_s"] == 1


async def test_a_half_head_after_a_request_ends_as_well(serve, stuck):
    client = await serve(bounded(**QUICK))
    slow = await stuck(client, request("/api/v1/avatars"))
    await asyncio.get_running_loop().sock_recv(slow.socket, 1)
    await slow.send("GET / HTTP")
    assert (await slow.read()).count(b"TTP/1.1 200") == 1


async def test_an_endless_head_is_not_kept(serve, stuck):
    client = await serve(bounded())
    slow = await stuck(client, "GET /" + "a" * 1000)
    with pytest.raises(ConnectionError):
        for _ in range(1000):
            await slow.send("a" * 4096)
            await asyncio.sleep(0)


async def test_pipelined_requests_do_not_pile_up(serve, stuck):
    client = await serve(bounded())
    many = await stuck(client, request("/api/avatar/result_feed?instance_id=main"))
    large = "".join(f"X-{number}: {'a' * 8000}\r\n" for number in range(4))
    with pytest.raises(ConnectionError):
        for _ in range(100):
            await many.send(f"GET / HTTP/1.1\r\n{large}\r\n")
            await asyncio.sleep(0)


async def test_who_does_not_read_is_cut_off(serve, stuck, renderer):
    client = await serve(bounded(**QUICK))
    renderer.snapshot = _large
    unread = [
        await stuck(client, request(path))
        for path in ("/api/avatar/result_feed?instance_id=main", "/api/v1/avatars/main/snapshot.png")
    ]
    async with asyncio.timeout(10):
        while client.app[LIMITS].refused["body_s"] < len(unread):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert (await client.get("/api/v1/avatars/main")).status == 200


async def test_who_reads_slowly_gets_all(serve, renderer):
    client = await serve(bounded(**QUICK))
    renderer.snapshot = _large
    response = await client.get("/api/v1/avatars/main/snapshot.png")
    assert len(await response.read()) == len(await _large("main"))
    assert not client.app[LIMITS].refused


async def test_closed_connections_are_freed_without_the_collector(serve, stuck):
    client = await serve(bounded(**QUICK))
    gc.collect()
    for _ in range(20):
        each = await stuck(client, half_head())
        each.close()
    async with asyncio.timeout(5):
        while len(client.server.runner.server.connections) > 1:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert len(client.server.runner.server._crowd) <= 1


async def _large(avatar: str) -> bytes:
    return bytes(8 * 2**20)
