"""Feelings that come and go, on a virtual clock."""

import asyncio
from collections.abc import Callable

import pytest

from avatar_rtc.server.live.mood import HOLD_S, Mood, ShownEmotion
from avatar_rtc.speech.acting.acts import Feeling
from tests.virtual_time import run

CALM = ShownEmotion({"calm": 1.0})
Shown = list[tuple[float, dict, float]]


def played(scenario: Callable) -> Shown:
    async def main() -> Shown:
        shown: Shown = []
        loop = asyncio.get_running_loop()
        begun = loop.time()
        mood = Mood(
            CALM,
            lambda e: shown.append((round(loop.time() - begun, 3), dict(e.weights), e.intensity)),
        )
        await scenario(mood)
        return shown

    return run(main())


def test_a_feeling_is_shown_and_goes_back():
    async def scenario(mood: Mood) -> None:
        mood.feel(Feeling("joy", 0.7))
        await asyncio.sleep(20)

    assert played(scenario) == [(0.0, {"joy": 1.0}, 0.7), (HOLD_S, {"calm": 1.0}, 1.0)]


def test_a_feeling_may_say_how_long_it_lasts():
    async def scenario(mood: Mood) -> None:
        mood.feel(Feeling("joy", 1.0, hold_s=1.5))
        await asyncio.sleep(20)

    assert [t for t, *_ in played(scenario)] == [0.0, 1.5]


def test_the_next_feeling_takes_over():
    async def scenario(mood: Mood) -> None:
        mood.feel(Feeling("joy", 1.0))
        await asyncio.sleep(3)
        mood.feel(Feeling("sadness", 1.0))
        await asyncio.sleep(20)

    assert [(t, next(iter(w))) for t, w, _ in played(scenario)] == [(0, "joy"), (3, "sadness"), (8, "calm")]


def test_an_emotion_that_is_set_ends_a_feeling_and_stays():
    async def scenario(mood: Mood) -> None:
        mood.feel(Feeling("joy", 1.0))
        await asyncio.sleep(1)
        mood.settle(ShownEmotion({"anger": 0.5}, 0.8))
        await asyncio.sleep(20)
        mood.feel(Feeling("joy", 1.0))
        await asyncio.sleep(20)

    shown = played(scenario)
    assert shown[1] == (1.0, {"anger": 0.5}, 0.8) and shown[-1] == (26.0, {"anger": 0.5}, 0.8)
    assert len(shown) == 4


def test_an_emotion_that_is_held_for_a_while_gives_way_to_the_default():
    async def scenario(mood: Mood) -> None:
        mood.settle(ShownEmotion({"joy": 1.0}), hold_s=3)
        await asyncio.sleep(20)

    assert played(scenario) == [(0.0, {"joy": 1.0}, 1.0), (3.0, {"calm": 1.0}, 1.0)]


def test_another_emotion_ends_the_hold_of_the_one_before():
    async def scenario(mood: Mood) -> None:
        mood.settle(ShownEmotion({"joy": 1.0}), hold_s=3)
        await asyncio.sleep(1)
        mood.settle(ShownEmotion({"anger": 1.0}))
        await asyncio.sleep(20)

    assert [(t, next(iter(w))) for t, w, _ in played(scenario)] == [(0, "joy"), (1, "anger")]


def test_a_hold_that_ends_under_a_feeling_is_seen_after_it():
    async def scenario(mood: Mood) -> None:
        mood.settle(ShownEmotion({"joy": 1.0}), hold_s=3)
        await asyncio.sleep(1)
        mood.feel(Feeling("anger", 1.0, hold_s=4))
        await asyncio.sleep(20)

    assert [(t, next(iter(w))) for t, w, _ in played(scenario)] == [(0, "joy"), (1, "anger"), (5, "calm")]


def test_who_is_in_the_default_emotion_follows_another_default():
    async def scenario(mood: Mood) -> None:
        mood.default = ShownEmotion({"joy": 1.0})
        await asyncio.sleep(1)
        mood.settle(ShownEmotion({"anger": 1.0}))
        mood.default = ShownEmotion({"calm": 1.0})
        await asyncio.sleep(1)

    assert [(t, next(iter(w))) for t, w, _ in played(scenario)] == [(0, "joy"), (1, "anger")]


@pytest.mark.parametrize("wait", [0.0, 1.0])
def test_a_closed_mood_shows_nothing_more(wait: float):
    async def scenario(mood: Mood) -> None:
        mood.feel(Feeling("joy", 1.0))
        await asyncio.sleep(wait)
        mood.close()
        await asyncio.sleep(20)

    assert len(played(scenario)) == 1
