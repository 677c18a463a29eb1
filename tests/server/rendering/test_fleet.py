"""Several devices: where avatars go, what makes them move, and what is told of it."""

import asyncio
from dataclasses import replace

import pytest

from avatar_rtc.errors import NotFound, WorkerLost
from avatar_rtc.link.orders import (
    AvatarFailed,
    AvatarReady,
    AvatarStarting,
    CloseAvatar,
    ProcessStill,
    SetState,
    StartRendition,
    Stats,
    Still,
)
from avatar_rtc.server.rendering import briefing, fleet, supervisor
from tests.server.rendering.cards import Card, fleet_of
from tests.server.rendering.workshop import ALPHA, Avatar, opened
from tests.waiting import until

STILL = ProcessStill(0, Still(b"", 0, 0))


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> None:
    """A card that loses its workers is left soon; nobody waits for the next one."""
    monkeypatch.setattr(supervisor, "_BACKOFF_S", (0.0, 0.01))
    monkeypatch.setattr(fleet, "GONE_S", 0.1)


async def test_avatars_are_spread_and_stay_where_they_are():
    cards = [Card("cuda:0"), Card("cuda:1"), Card("cuda:2")]
    async with fleet_of(*cards) as service:
        await until(lambda: service.device == "cuda:0,cuda:1,cuda:2")
        for n in range(7):
            service.open(opened(f"a{n}"), Avatar())
        await until(
            lambda: [sorted(card.held) for card in cards] == [["a0", "a3", "a6"], ["a1", "a4"], ["a2", "a5"]]
        )
        assert [service.device_of(f"a{n}") for n in range(3)] == ["cuda:0", "cuda:1", "cuda:2"]
        for name in ("a1", "a2", "a4", "a5"):
            service.close_avatar(name)
        service.open(replace(opened("a0"), seed=1), Avatar())
        await until(lambda: cards[0].held["a0"].opened.seed == 1)
        assert [sorted(card.held) for card in cards] == [["a0", "a3", "a6"], [], []]
        assert [each.avatars for each in service.reports] == [3, 0, 0]
        assert service.device_of("a1") is None


async def test_what_was_measured_decides():
    cards = [Card("cuda:0"), Card("cuda:1")]
    async with fleet_of(*cards) as service:
        await until(lambda: service.device == "cuda:0,cuda:1")
        for name in ("heavy", "light"):
            service.open(opened(name), Avatar())
            service.send(StartRendition(name, ALPHA))
        cards[0].worker.say(Stats("heavy", 25.0, {"animate": 16.0, "encode": 4.0}))
        cards[1].worker.say(Stats("light", 25.0, {"animate": 2.0}))
        await until(lambda: [each.load for each in service.reports] == [0.6, 0.06])  # of 30 frames a second
        for n in range(3):
            service.open(opened(f"a{n}"), Avatar())
        await until(lambda: len(cards[1].held) == 4)
        assert list(cards[0].held) == ["heavy"]


async def test_a_card_that_never_comes_up_leaves_its_avatars_to_the_others(caplog):
    cards = [Card("cuda:0", "fails"), Card("cuda:1")]
    avatars = {name: Avatar() for name in ("main", "other")}
    async with fleet_of(*cards) as service:
        for name, avatar in avatars.items():
            service.open(opened(name), avatar)
            service.send(StartRendition(name, ALPHA))
        await service.settled.wait()
        await until(lambda: set(cards[1].held) == {"main", "other"})
        await until(lambda: all(isinstance(each.heard[-1], AvatarReady) for each in avatars.values()))
        assert cards[1].held["main"].watched == {ALPHA}
        ready = avatars["main"].heard[-1]
        assert ready.note == "moved from cuda:0 to cuda:1: it fell off the bus"
        assert avatars["main"].heard == [AvatarStarting("main"), ready]
        assert avatars["other"].heard == [AvatarReady("other", "static", 0.0)], "it never was there"
        assert service.failure is None and service.hindrances == () and service.lost_s == 0
        assert service.ailments == ("cuda:0: it fell off the bus",)
        assert [each.device for each in service.reports] == [None, "cuda:1"]
    assert "cuda:0 is left out: it fell off the bus" in caplog.text


@pytest.mark.parametrize("names", [["cuda:0"], ["cuda:0", "cuda:1"]])
async def test_when_all_fail_it_is_told_as_of_one(names):
    before, after = Avatar(), Avatar()
    async with fleet_of(*(Card(name, "fails") for name in names)) as service:
        service.open(opened(), before)
        await service.settled.wait()
        await until(lambda: before.heard and isinstance(before.heard[-1], AvatarFailed))
        service.open(opened("late"), after)
        assert after.heard == [AvatarFailed("late", "it fell off the bus")]
        sentences = (
            ("it fell off the bus",) if len(names) == 1 else tuple(f"{n}: it fell off the bus" for n in names)
        )
        assert service.failure == "; ".join(sentences)
        assert service.ailments == service.hindrances == sentences
        with pytest.raises(WorkerLost):
            await service.process(STILL)


async def test_a_card_that_loses_every_worker_is_left_and_taken_again_when_it_is_well():
    cards, avatar = [Card("cuda:0"), Card("cuda:1")], Avatar()
    async with fleet_of(*cards) as service:
        await until(lambda: service.device == "cuda:0,cuda:1")
        service.open(opened(), avatar)
        await until(lambda: cards[0].held)
        cards[0].worker.kill()
        await until(lambda: len(cards[0].workers) == 2 and cards[0].held)
        assert service.restarts == 1, "it is worth waiting for one"
        cards[0].fate = "dies"
        cards[0].worker.kill()
        await until(lambda: cards[1].held)
        assert service.hindrances == () and "cuda:0: no render worker is up" in service.ailments[0]
        await until(lambda: isinstance(avatar.heard[-1], AvatarReady))
        assert "no render worker has been up there" in avatar.heard[-1].note
        cards[0].fate = "works"
        await until(lambda: service.device == "cuda:0,cuda:1")
        service.open(opened("next"), Avatar())
        await until(lambda: list(cards[0].held) == ["next"])
        assert list(cards[1].held) == ["main"]


async def test_an_avatar_without_room_is_tried_on_one_other_card(monkeypatch):
    monkeypatch.setattr(briefing, "MEND_AFTER_S", (0.03, 0.06))
    cards, avatar, late = [Card("cuda:0"), Card("cuda:1", room=0), Card("cuda:2")], Avatar(), Avatar()
    async with fleet_of(*cards) as service:
        await until(lambda: service.device == "cuda:0,cuda:1,cuda:2")
        service.open(opened("first"), Avatar())
        service.open(opened(), avatar)
        service.send(SetState("main", replace(opened().state, intensity=0.5)))
        service.send(StartRendition("main", ALPHA))
        await until(lambda: "main" in cards[2].held and len(avatar.heard) == 2)
        assert avatar.heard[0] == AvatarStarting("main")
        assert avatar.heard[1].note == "moved from cuda:1 to cuda:2: out of memory"
        full = len(cards[1].worker.told)
        assert cards[1].worker.told[-1] == CloseAvatar("main")
        assert cards[2].held["main"].watched == {ALPHA}
        assert cards[2].held["main"].opened.state.intensity == 0.5
        cards[0].room = cards[2].room = 1
        service.open(opened("late"), late)
        await until(lambda: len(late.heard) > 2)
        assert len(cards[1].worker.told) == full, "a full card is not asked again so soon"
        told = [type(message) for message in late.heard[:3]]
        assert told == [AvatarStarting, AvatarFailed, AvatarStarting], "moved, failed, opened again there"
        cards[0].room = cards[2].room = 2
        await until(lambda: isinstance(late.heard[-1], AvatarReady))


async def test_a_character_without_room_beside_the_one_that_is_shown_moves_nothing():
    cards, avatar = [Card("cuda:0"), Card("cuda:1")], Avatar()
    async with fleet_of(*cards) as service:
        await until(lambda: service.device == "cuda:0,cuda:1")
        service.open(opened(), avatar)
        await until(lambda: cards[0].held)
        failed = AvatarFailed("main", "out of memory", may_pass=True, is_shown=True, no_room=True)
        cards[0].worker.say(failed)
        await until(lambda: avatar.heard[-1] == failed)
        assert "main" in cards[0].held and not cards[1].held


async def test_pictures_go_where_fewest_are():
    cards = [Card("cuda:0"), Card("cuda:1")]
    async with fleet_of(*cards) as service:
        await until(lambda: service.device == "cuda:0,cuda:1")
        asked = [asyncio.create_task(service.process(STILL)) for _ in range(2)]
        await until(lambda: [len(card.worker.stills) for card in cards] == [1, 1])
        cards[1].worker.answer_stills()
        assert await asked[1] == STILL.still
        asked.append(asyncio.create_task(service.process(STILL)))
        await until(lambda: len(cards[1].worker.stills) == 1)
        for card in cards:
            card.worker.answer_stills()
        assert await asyncio.gather(*asked) == [STILL.still] * 3
        service.open(opened(), Avatar())
        asked = [asyncio.create_task(service.process(STILL))]
        await until(lambda: len(cards[1].worker.stills) == 1)  # the other one has an avatar
        cards[1].worker.answer_stills()
        await asked[0]
        with pytest.raises(NotFound, match="nobody"):
            await service.snapshot("nobody")


async def test_those_on_one_stage_are_on_one_device_and_follow_each_other():
    cards = [Card("cuda:0"), Card("cuda:1"), Card("cuda:2")]
    async with fleet_of(*cards) as service:
        await until(lambda: service.device == "cuda:0,cuda:1,cuda:2")
        for name in ("a", "b", "c", "d", "stage"):
            service.open(opened(name), Avatar())
        await until(lambda: [sorted(card.held) for card in cards] == [["a", "d"], ["b", "stage"], ["c"]])
        service.bring_together("stage", ["a", "c", "d"])  # two of them are on the first card
        await until(lambda: [sorted(card.held) for card in cards] == [["a", "c", "d", "stage"], ["b"], []])
        cards[0].fate = "fails"
        cards[0].worker.kill()
        await until(lambda: not cards[0].held and sum("stage" in card.held for card in cards) == 1)
        home = next(card for card in cards if "stage" in card.held)
        await until(lambda: {"a", "c", "d", "stage"} <= set(home.held))
        service.bring_together("stage", ["a"])
        service.close_avatar("stage")
        service.open(opened("stage"), Avatar())  # another one of that name knows nobody
        assert service._together == {}
