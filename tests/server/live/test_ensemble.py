"""What those on a stage do for each other: they look at who speaks, and the stage tells of all of them."""

import asyncio
import gc
import random
import weakref

import pytest

from avatar_rtc.control.cast import Cast, OnStage, Placing, toward
from avatar_rtc.control.messages import GazeSet
from avatar_rtc.errors import AlreadyThere, CapacityExceeded, InputError, NotFound
from avatar_rtc.face.gaze import Gaze
from avatar_rtc.link.orders import CloseAvatar, OpenAvatar, SetState
from avatar_rtc.server.live.ensemble import ATTENTIVE_S, LATER_S, REACTION_S
from avatar_rtc.speech.acting.acts import Glance
from tests.server.live.troupe import Troupe, sound
from tests.virtual_time import run

VIEWER = Gaze("viewer")


def gazes(troupe: Troupe, names: str) -> list[Gaze | None]:
    return [troupe.avatars[name].state.gaze for name in names]


@pytest.mark.parametrize("seed", range(20))
def test_listeners_look_to_the_side_on_which_the_speaker_stands(seed, monkeypatch):
    """As viewers see it: the sign of the gaze is that of the way to the speaker, also of who is mirrored."""

    async def main():
        chance = random.Random(seed)
        troupe, names = Troupe(monkeypatch, *"abcd"), "abcd"
        places = {
            name: Placing(chance.uniform(0, 1), 1.0, chance.uniform(0.4, 1.2), bool(chance.getrandbits(1)))
            for name in names
        }
        troupe.stage(*names, **places)
        assert gazes(troupe, names) == [None] * 4
        speaker = chance.choice(names)
        troupe.say(speaker, sound(2.0))
        await asyncio.sleep(1.0)
        assert troupe.avatars[speaker].state.gaze == VIEWER
        for name in set(names) - {speaker}:
            x, _ = troupe.avatars[name].state.gaze.target
            seen = -x if places[name].flip else x
            assert seen * (places[speaker].x - places[name].x) > 0
        await asyncio.sleep(1.0 + 0.3 + ATTENTIVE_S)
        assert gazes(troupe, names) == [None] * 4
        await troupe.avatars.close()

    run(main())


def test_they_turn_one_after_the_other_when_it_is_heard(monkeypatch):
    async def main() -> list[int]:
        troupe = Troupe(monkeypatch, *"abc")
        troupe.stage(*"abc")
        troupe.say("a", sound(2.0))
        await asyncio.sleep(0)
        counts = []
        # The sound begins 60 ms after it is there.
        for wait in (0.05, 0.02, REACTION_S, LATER_S):
            await asyncio.sleep(wait)
            counts.append(sum(gaze is not None for gaze in gazes(troupe, "abc")))
        await troupe.avatars.close()
        return counts

    assert run(main()) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("What do you think, Bea?", "b"),
        ("c, and then BEA.", "c"),
        ("I have seen a bear.", None),
        ("Ada is my name, and nobody else is here.", None),
        ("Hello everybody", None),
    ],
)
def test_the_speaker_looks_at_whom_it_names(text, at, monkeypatch):
    async def main():
        troupe = Troupe(monkeypatch)
        for name, known_as in (("a", "Ada"), ("b", "Bea"), ("c", "")):
            troupe.enter(name, known_as)
        stage = troupe.stage(*"abc")
        troupe.say("a", sound(2.0, shown=text))
        await asyncio.sleep(1.0)
        found = troupe.avatars["a"].state.gaze
        wanted = VIEWER if at is None else Gaze(toward(stage.cast.of("a").place, stage.cast.of(at).place))
        assert found == wanted
        await troupe.avatars.close()
        return found

    run(main())


def test_who_was_told_where_to_look_looks_there_and_a_glance_goes_before(monkeypatch):
    async def main() -> list[Gaze | None]:
        troupe = Troupe(monkeypatch, *"abc")
        troupe.stage(*"abc")
        b, c = troupe.avatars["b"], troupe.avatars["c"]
        b.act(GazeSet(target="away"))
        c.actor.perform(glance)
        troupe.say("a", sound(4.0))
        await asyncio.sleep(0.9)
        found = gazes(troupe, "bc")
        await asyncio.sleep(0.3)
        found += gazes(troupe, "c")
        b.act(GazeSet(target=None))  # left to itself it attends, too
        found += gazes(troupe, "b")
        assert b.lasting.gaze is None and c.lasting.gaze is None  # of a moment, and not kept
        await troupe.avatars.close()
        return found

    glance = Glance("up", 1.0)
    b_away, c_up, c_back, b_back = run(main())
    assert (b_away, c_up) == (Gaze("away"), glance.target)
    assert c_back.target[0] < 0 and b_back.target[0] < 0  # a stands left of both


def test_two_who_speak_in_turn_look_at_each_other(monkeypatch):
    async def main() -> list[list[Gaze | None]]:
        troupe = Troupe(monkeypatch, "a", "b")
        troupe.stage("a", "b")
        troupe.say("a", sound(1.0))
        troupe.say("b", sound(1.0))
        await asyncio.sleep(0.8)
        found = [gazes(troupe, "ab")]
        await asyncio.sleep(1.0)
        found.append(gazes(troupe, "ab"))
        await troupe.avatars.close()
        return found

    first, second = run(main())
    assert first[0] == VIEWER and first[1].target[0] < 0
    assert second[1] == VIEWER and second[0].target[0] > 0


def test_viewers_of_the_stage_hear_who_says_what(monkeypatch):
    async def main():
        troupe = Troupe(monkeypatch, "a", "b")
        stage = troupe.stage("a", "b")
        told: list[dict] = []
        tell = stage.avatar.events.tell
        stage.avatar.events.tell = lambda event: (told.append(dict(event)), tell(event))
        for name in "ab":
            troupe.say(name, sound(0.5, shown=f"I am {name}"))
        await asyncio.sleep(3)
        await troupe.avatars.close()
        return [event for event in told if event["type"].startswith("speech")]

    told = run(main())
    assert [(e["avatar"], e["type"]) for e in told] == [
        (name, f"speech.{what}") for name in "ab" for what in ("started", "subtitle", "finished")
    ]
    assert [e["text"] for e in told if "text" in e] == ["I am a", "I am b"]


def test_events_come_when_the_stage_is_heard(monkeypatch):
    """Its delay counts: a member that nobody watches by itself has the shortest."""

    async def main() -> float:
        troupe = Troupe(monkeypatch, "a")
        stage = troupe.stage("a")
        stage.avatar.streams.release.delay = 0.14
        a = troupe.avatars["a"]
        assert a.heard_after == 0.14
        at: list[float] = []
        a.events.relay = lambda event: at.append(a.clock.t()) if event["type"] == "speech.started" else None
        troupe.say("a")
        await asyncio.sleep(2)
        begun = troupe.heard["a"].spans[0][0] - a.clock.epoch
        await troupe.avatars.delete("stage")
        assert a.heard_after == a.streams.release.delay
        await troupe.avatars.close()
        return at[0] - begun

    assert run(main()) == pytest.approx(0.14, abs=1e-3)


def test_a_stage_is_an_avatar_that_the_worker_is_told_of(monkeypatch):
    async def main():
        troupe = Troupe(monkeypatch, "a", "b")
        stage = troupe.stage("a", "b")
        opened: OpenAvatar = troupe.renderer.opened["stage"]
        assert (opened.animator, opened.matte_size) == ("static", (960, 540))
        assert opened.state.cast.names == ("a", "b") and not any(opened.rgba)
        assert troupe.renderer.together == {"stage": ["a", "b"]}
        told = stage.avatar.describe()
        assert [each["avatar"] for each in told["stage"]["avatars"]] == ["a", "b"]
        a = troupe.avatars["a"].describe()
        assert a["on_stage"] == "stage" and a["stage"] is None and told["on_stage"] is None
        cast = stage.cast.having(OnStage("a", Placing(0.1)))
        troupe.stages.arrange("stage", cast)
        newest = [m for m in troupe.renderer.told(SetState) if m.avatar == "stage"][-1]
        assert newest.state.cast == cast
        await troupe.avatars.close()

    run(main())


@pytest.mark.parametrize("way", ["arrange", "delete", "end"])
def test_who_leaves_is_by_itself_again(way, monkeypatch):
    async def main() -> None:
        troupe = Troupe(monkeypatch, "a", "b")
        stage = troupe.stage("a", "b")
        troupe.say("b", sound(3.0))
        troupe.say("a", sound(0.5))
        await asyncio.sleep(1.0)
        a = troupe.avatars["a"]
        assert a.in_use and a.state.gaze is not None and troupe.heard["a"].spans == []
        if way == "arrange":
            troupe.stages.arrange("stage", stage.cast.without("a"))
        else:
            await troupe.avatars.delete("b" if way == "delete" else "stage")
        await asyncio.sleep(1.5)
        assert len(troupe.heard["a"].spans) == 1  # it waits for nobody any more
        if way == "delete":
            assert a.stage is stage.avatar and stage.cast.names == ("a",)
        else:
            assert a.stage is None and a.events.relay is None and a.state.gaze is None
            assert len(a.witnesses) == 1  # the test's own
        if way == "end":
            assert "stage" not in troupe.stages and "stage" not in troupe.avatars
        await troupe.avatars.close()

    run(main())


def test_an_avatar_made_for_the_stage_goes_with_it_and_others_stay(monkeypatch):
    async def main():
        troupe = Troupe(monkeypatch, "a", "b", "c")
        members = (OnStage("a"), OnStage("b", is_own=True), OnStage("c", is_own=True))
        troupe.stages.create(Cast(members=members), "stage")
        troupe.stages.arrange("stage", Cast(members=members[:2]))
        await asyncio.sleep(0.1)
        assert set(troupe.avatars) == {"a", "b", "stage"}
        await troupe.avatars.delete("stage")
        await asyncio.sleep(0.1)
        assert set(troupe.avatars) == {"a"}
        closed = {message.avatar for message in troupe.renderer.told(CloseAvatar)}
        assert closed == {"b", "c", "stage"}
        await troupe.avatars.close()

    run(main())


def test_who_cannot_be_on_a_stage_is_told_why_and_all_stays(monkeypatch):
    async def main() -> None:
        troupe = Troupe(monkeypatch, "a", "b", max_avatars=4)
        stage = troupe.stage("a")
        cast = stage.cast
        for member, kind, why in (
            ("nobody", NotFound, "nobody"),
            ("stage", InputError, "is a stage"),
        ):
            with pytest.raises(kind, match=why):
                troupe.stages.arrange("stage", cast.having(OnStage(member)))
            assert stage.cast == cast
        with pytest.raises(InputError, match="is on the stage 'stage'"):
            troupe.stages.create(Cast(members=(OnStage("a"),)), "other")
        with pytest.raises(AlreadyThere):
            troupe.stages.create(Cast(), "b")
        troupe.stages.create(Cast(), "other")
        with pytest.raises(CapacityExceeded):
            troupe.stages.create(Cast(), "third")
        with pytest.raises(NotFound, match="stage"):
            troupe.stages.arrange("a", Cast())
        with pytest.raises(InputError, match="is a stage, and has no character"):
            stage.avatar.swap(troupe.avatars["a"].actor.character, "a")
        assert set(troupe.avatars) == {"a", "b", "stage", "other"}
        await troupe.avatars.close()

    run(main())


def test_an_ended_stage_is_free(monkeypatch):
    async def main() -> bool:
        troupe = Troupe(monkeypatch, "a", "b")
        ensemble = troupe.stage("a", "b")
        troupe.say("a", sound(0.3))
        await asyncio.sleep(3)
        refs = weakref.ref(ensemble), weakref.ref(ensemble.avatar)
        del ensemble
        await troupe.avatars.delete("stage")
        troupe.renderer.on_up.clear()
        await asyncio.sleep(1)
        held = [ref() is not None for ref in refs]
        gc.collect()
        assert [ref() for ref in refs] == [None, None], held
        await troupe.avatars.close()
        return True

    assert run(main())
