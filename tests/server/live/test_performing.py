"""What an actor makes of an act: feelings, gestures, glances that come back, and what it does not have."""

import asyncio
from collections.abc import Callable

import pytest

from avatar_rtc.clock import MediaClock
from avatar_rtc.control.messages import GazeSet
from avatar_rtc.control.state import AvatarState
from avatar_rtc.face.gaze import Gaze
from avatar_rtc.face.gestures import GestureTemplate, load_gestures
from avatar_rtc.resources import resource
from avatar_rtc.server.live.actor import Actor
from avatar_rtc.speech.acting.acts import Act, Feeling, Gesture, Glance
from tests.film.test_performance import EMOTIONS, character
from tests.virtual_time import run

SHIPPED = load_gestures(resource("assets", "gestures"))
Shown = list[tuple[float, AvatarState]]


def played(scenario: Callable, gestures: dict[str, GestureTemplate] = SHIPPED) -> tuple[Actor, Shown]:
    async def main() -> tuple[Actor, Shown]:
        loop = asyncio.get_running_loop()
        clock = MediaClock(loop.time(), loop.time)
        shown: Shown = []
        actor = Actor(
            character(),
            EMOTIONS,
            25.0,
            clock,
            lambda state: shown.append((round(clock.t(), 3), state)),
            lambda: None,
            gestures=gestures,
        )
        await scenario(actor)
        return actor, shown

    return run(main())


def gazes(shown: Shown) -> list[tuple[float, object]]:
    return [(t, state.gaze.target if state.gaze else None) for t, state in shown]


def test_a_glance_comes_back_to_the_gaze_that_was_asked_for() -> None:
    async def scenario(actor: Actor) -> None:
        actor.act(GazeSet(target="viewer"))
        assert actor.perform(Glance("away", 1.5)) is None
        assert actor.lasting.gaze == Gaze("viewer") != actor.state.gaze
        await asyncio.sleep(5)

    assert gazes(played(scenario)[1]) == [(0.0, "viewer"), (0.0, "away"), (1.5, "viewer")]


def test_the_next_glance_takes_over_and_a_gaze_that_is_asked_for_ends_it() -> None:
    async def scenario(actor: Actor) -> None:
        actor.perform(Glance("up", 2.0))
        await asyncio.sleep(1)
        actor.perform(Glance("away", 2.0))
        await asyncio.sleep(1)
        actor.act(GazeSet(target="away"))
        await asyncio.sleep(5)
        assert actor.state.gaze == actor.lasting.gaze == Gaze("away")
        actor.act(GazeSet(target=None))

    assert gazes(played(scenario)[1]) == [(0.0, (0.0, 0.8)), (1.0, "away"), (7.0, None)]


def test_nothing_comes_back_once_it_is_closed() -> None:
    async def scenario(actor: Actor) -> None:
        actor.perform(Glance("away", 1.0))
        actor.close()
        await asyncio.sleep(3)

    assert gazes(played(scenario)[1]) == [(0.0, "away")]


def test_feelings_and_gestures_are_those_of_their_messages() -> None:
    async def scenario(actor: Actor) -> None:
        assert actor.perform(Feeling("joy", 0.5, 1.0)) is None
        assert actor.perform(Gesture("wink", 0.7)) is None

    actor, _ = played(scenario)
    assert (actor.state.emotions, actor.state.intensity) == ({"joy": 1.0}, 0.5)
    assert [(each.template.name, each.strength) for each in actor.state.gestures] == [("wink", 0.7)]


@pytest.mark.parametrize(
    ("act", "note"),
    [
        (Feeling("blorp"), "this character has no emotion 'blorp'; it was passed over"),
        (Gesture("cartwheel"), "this character has no gesture 'cartwheel'; it was passed over"),
    ],
)
def test_what_it_does_not_have_is_passed_over_with_a_note(act: Act, note: str) -> None:
    notes: list[str | None] = []

    async def scenario(actor: Actor) -> None:
        notes.append(actor.perform(act))

    _, shown = played(scenario)
    assert (notes, shown) == ([note], [])


def test_a_gesture_is_the_avatars_own_or_else_what_its_name_means() -> None:
    bow = GestureTemplate("bow", {"head_x": ((0.0, 0.0), (1.0, 0.0))})

    async def scenario(actor: Actor) -> None:
        actor.perform(Gesture("bow", 0.5))

    for gestures, name in (({**SHIPPED, "bow": bow}, "bow"), (SHIPPED, "nod")):
        actor, _ = played(scenario, gestures)
        assert [(each.template.name, each.strength) for each in actor.state.gestures] == [(name, 0.5)]


def test_a_character_without_any_gestures_says_so_and_lives_on() -> None:
    notes: list[str | None] = []

    async def scenario(actor: Actor) -> None:
        notes.extend(map(actor.perform, (Gesture("nod"), Gesture("bow"))))

    played(scenario, {})
    assert notes == ["this character has no gesture 'nod'; it was passed over"] * 2
