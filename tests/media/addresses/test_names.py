"""Names that the resolver is slow with, or has not."""

import asyncio
import threading

import pytest

from avatar_rtc.media.addresses.names import FAILURE_KEPT_S, KEPT_S, Names


class Resolver:
    """Blocks while `gate` is shut."""

    def __init__(self) -> None:
        self.gate, self.now = threading.Event(), 0.0
        self.asked: list[str] = []
        self.names = Names(self.resolve, lambda: self.now)

    def resolve(self, name: str) -> tuple[str, ...]:
        self.asked.append(name)
        self.gate.wait(30)
        if name == "no.example":
            raise OSError("no such name")
        return "192.0.2.1", "2001:db8::1"


async def test_a_blocked_resolver_blocks_no_pool_and_is_asked_once():
    resolver = Resolver()
    waiting = [asyncio.create_task(resolver.names.addresses("a.example")) for _ in range(40)]
    assert await asyncio.to_thread(lambda: "free") == "free"
    waiting[0].cancel()
    resolver.gate.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert set(found[1:]) == {("192.0.2.1", "2001:db8::1")} and resolver.asked == ["a.example"]


@pytest.mark.parametrize(("name", "kept"), [("a.example", KEPT_S), ("no.example", FAILURE_KEPT_S)])
async def test_what_the_resolver_said_is_kept_for_a_while(name, kept):
    resolver = Resolver()
    resolver.gate.set()
    for now, times in ((0.0, 1), (kept, 1), (kept + 1, 2)):
        resolver.now = now
        (found,) = await asyncio.gather(resolver.names.addresses(name), return_exceptions=True)
        assert isinstance(found, OSError) == (name == "no.example")
        assert len(resolver.asked) == times


@pytest.mark.parametrize("name", ["a.invalid", "\udc80", "x" * 300, "a..b"])
async def test_the_systems_resolver_says_so_when_there_is_no_such_name(name):
    with pytest.raises(OSError, match="."):
        await Names().addresses(name)
