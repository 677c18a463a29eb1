"""Whatever opens, closes and dies: every avatar is on one living worker, and was told each thing once."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_rtc.control.state import AvatarState
from avatar_rtc.face.timeline import Timeline
from avatar_rtc.link.orders import (
    AvatarReady,
    OpenAvatar,
    Say,
    SetState,
    StartRendition,
    StopRendition,
    Up,
)
from avatar_rtc.server.rendering import fleet, supervisor
from avatar_rtc.server.rendering.fleet import Fleet
from avatar_rtc.stream.frame import Rendition
from tests.server.rendering.cards import Card, Fate, Held, fleet_of
from tests.server.rendering.workshop import Avatar, opened
from tests.waiting import until

RENDITIONS = (Rendition("h264", "alpha"), Rendition("vp8", "matte"))
NAMES = ("a", "b", "c")
DONE = ("open", "close", "say", "say", "state", "watch", "watch")
STEPS = (
    [(step, name) for step in DONE for name in NAMES]
    + [("dies", card) for card in range(3)] * 2
    # One card is never gone for good.
    + [(step, card) for step in ("sickens", "heals", "heals") for card in range(2)]
    + [("fails", 0), ("fails", 1), ("waits", 0)]
)


class History:
    """What the application did, and so what a worker has to know."""

    def __init__(self, cards: list[Card], service: Fleet) -> None:
        self.cards, self.service = cards, service
        self.wanted: dict[str, Held] = {}
        self.ears: dict[str, Avatar] = {}
        self.epoch = time.monotonic()
        self.count = 0

    async def play(self, step: str, which: str | int) -> None:
        self.count += 1
        if isinstance(which, str):
            self.tell(step, which)
        elif step == "waits":
            await self.settle()
        else:
            self.befall(self.cards[which], step)
        for _ in range(self.count % 7):  # some of it is done by the next step
            await asyncio.sleep(0)

    def befall(self, card: Card, step: str) -> None:
        if card.fate != "fails":
            card.fate = cast(dict[str, Fate], {"sickens": "dies", "heals": "works", "fails": "fails"}).get(
                step, card.fate
            )
        if step != "heals":
            card.worker.kill()

    def tell(self, step: str, name: str) -> None:
        if step == "open":
            self.open(name)
            return
        held = self.wanted.get(name)
        if held is None:
            return
        match step:
            case "close":
                self.service.close_avatar(name)
                del self.wanted[name], self.ears[name]
            case "say":
                said = Say(name, "s", 100.0 + self.count, Timeline(1.0, ()))
                held.said.append(said)
                self.service.send(said)
            case "state":
                state = AvatarState(intensity=self.count / 1000)
                held.opened = replace(held.opened, state=state)
                self.service.send(SetState(name, state))
            case "watch":
                rendition = RENDITIONS[self.count % 2]
                is_new = rendition not in held.watched
                (held.watched.add if is_new else held.watched.remove)(rendition)
                self.service.send((StartRendition if is_new else StopRendition)(name, rendition))

    def open(self, name: str) -> None:
        known = self.wanted.get(name)
        state = known.opened.state if known else AvatarState()
        message: OpenAvatar = replace(opened(name), epoch=self.epoch, seed=self.count, state=state)
        self.wanted[name] = replace(known, opened=message) if known else Held(message)
        self.ears.setdefault(name, Avatar())
        self.service.open(message, self.ears[name])

    async def settle(self) -> None:
        for _ in range(100):
            if not self.wrong():
                return
            await asyncio.sleep(0)
        try:
            await until(lambda: not self.wrong(), 5)
        except TimeoutError:
            raise AssertionError(self.wrong()) from None

    def wrong(self) -> list[str]:
        """What is not as it should be."""
        found = [
            f"{card.name} has {name}" for card in self.cards for name in card.held if name not in self.wanted
        ]
        for name, wanted in self.wanted.items():
            at = [card for card in self.cards if name in card.held]
            if [card.name for card in at] != [self.service.device_of(name)]:
                found.append(f"{name} is on {at}")
                continue
            held = at[0].held[name]
            if held.opened != wanted.opened or held.said != wanted.said:
                found.append(f"{name} was told {held}")
            if held.watched != wanted.watched:
                found.append(f"{name} is watched by {held.watched}")
            if not self.last(name, AvatarReady):
                found.append(f"{name} heard {self.ears[name].heard}")
        return found

    def last(self, name: str, kind: type[Up]) -> bool:
        """Whether an avatar has heard this last."""
        heard = self.ears[name].heard
        return bool(heard) and isinstance(heard[-1], kind)


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> None:
    monkeypatch.setattr(supervisor, "_BACKOFF_S", (0.0,))


@pytest.mark.parametrize("gone_s", [0.0, 10.0], ids=["they leave at once", "they wait"])
def test_whatever_happens_every_avatar_is_on_one_card_and_knows_all(monkeypatch, gone_s, examples=20):
    monkeypatch.setattr(fleet, "GONE_S", gone_s)
    # Of a card that stays sick they would have to wait for its end.
    steps = [step for step in STEPS if not (gone_s and step[0] == "sickens")]

    @settings(max_examples=examples, deadline=None)
    @given(st.lists(st.sampled_from(steps), min_size=20, max_size=60))
    def law(history) -> None:
        asyncio.run(asyncio.wait_for(play(history), 60))

    law()


async def play(steps: Sequence[tuple[str, str | int]]) -> None:
    cards = [Card(f"cuda:{n}") for n in range(3)]
    async with fleet_of(*cards) as service:
        await until(lambda: service.device == "cuda:0,cuda:1,cuda:2")
        history = History(cards, service)
        for name in NAMES:
            history.open(name)
        for step, which in steps:
            await history.play(step, which)
        await history.settle()
