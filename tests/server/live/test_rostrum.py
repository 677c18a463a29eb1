"""The word on a stage: first come, first heard, and nobody talks over anybody, on a virtual clock."""

import asyncio
import random

import numpy as np
import pytest

from avatar_rtc.control.cast import Cast, OnStage
from tests.server.live.troupe import LISTENED_FROM, RATE, Heard, Troupe, sound
from tests.virtual_time import run

SEQUENCES = 200
NAMES = "abc"


def overlaps(spans):
    found, latest = [], (0.0, 0.0, "")
    for span in spans:
        if span[0] < latest[1] - 1e-6 and span[2] != latest[2]:
            found.append((latest, span))
        latest = max(latest, span, key=lambda each: each[1])
    return found


async def play(troupe: Troupe, seed: int) -> list[str]:
    """A random hour at work: they speak at once, are cut, come, leave, and some engines are slow or fail."""
    chance = random.Random(seed)
    stage = troupe.stage(*NAMES)
    asked: list[str] = []
    for _ in range(chance.randint(5, 25)):
        await asyncio.sleep(chance.choice([0, 0, 0.01, 0.2, 1.0]))
        name = chance.choice(NAMES)
        match chance.randrange(10):
            case 0:
                troupe.avatars[name].speech.stop(chance.choice([None, *asked[-2:]]))
            case 1:
                stage.avatar.speech.stop(chance.choice([None, *asked[-2:]]))
            case 2:
                troupe.stages.arrange("stage", stage.cast.without(name).having(OnStage(name)))
            case _:
                lengths = [chance.choice([0.05, 0.3, 1.0]) for _ in range(chance.randint(0, 3))]
                pieces = [sound(seconds) for seconds in lengths] or [sound(0.0)]
                asked.append(troupe.say(name, *pieces, wait_s=chance.choice([0, 0, 0.1, 0.7])))
    await asyncio.sleep(120)
    assert stage.is_silent and stage.rostrum.is_free
    return asked


@pytest.mark.parametrize("part", range(4))
def test_nobody_talks_over_another_in_random_sequences(part, monkeypatch):
    """Who is heard already when coming back onto the stage is let finish; nobody does so here."""
    finished = 0
    for seed in range(part * SEQUENCES // 4, (part + 1) * SEQUENCES // 4):

        async def main(seed=seed):
            troupe = Troupe(monkeypatch, *NAMES)
            ends: list[object] = []
            for name in NAMES:
                tell = ends.append
                troupe.avatars[name].events.relay = None
                queue = troupe.avatars[name].speech.queue
                queue._tell = lambda event, tell=tell: (
                    tell(event["speech_id"]) if event["type"] == "speech.finished" else None
                )
            asked = await play(troupe, seed)
            assert sorted(ends) == sorted(asked), "each ends once"
            assert overlaps(troupe.spans) == [], f"seed {seed}"
            await troupe.avatars.close()
            return len(asked)

        finished += run(main())
    assert finished > SEQUENCES


def test_first_come_first_heard(monkeypatch):
    async def main() -> str:
        troupe = Troupe(monkeypatch, *NAMES)
        troupe.stage(*NAMES)
        for name in "cabbac":
            troupe.say(name)
        await asyncio.sleep(10)
        await troupe.avatars.close()
        return "".join(name for _, _, name in troupe.spans)

    assert run(main()) == "cabbac"


def test_who_was_asked_first_is_waited_for_and_the_next_one_then_comes_at_once(monkeypatch):
    async def main() -> list[tuple[float, float, str]]:
        troupe = Troupe(monkeypatch, *NAMES)
        troupe.stage(*NAMES)
        begun = asyncio.get_running_loop().time()
        troupe.say("a", sound(1.0), wait_s=2.0)
        troupe.say("b", sound(1.0))
        await asyncio.sleep(10)
        await troupe.avatars.close()
        return [(a - begun, b - begun, name) for a, b, name in troupe.spans]

    (first, end, one), (begin, _, other) = run(main())
    assert one + other == "ab" and first == pytest.approx(2.06, abs=0.01)
    assert end <= begin <= end + 0.25


def test_without_turns_they_speak_at_once_and_with_them_again_they_do_not(monkeypatch):
    async def main() -> tuple[int, int]:
        troupe = Troupe(monkeypatch, "a", "b")
        stage = troupe.stage("a", "b", turns=False)
        troupe.say("a", sound(1.0))
        troupe.say("b", sound(1.0))
        await asyncio.sleep(3)
        at_once = len(overlaps(troupe.spans))
        cast = stage.cast
        troupe.stages.arrange("stage", Cast(cast.width, cast.height, cast.members, True))
        for heard in troupe.heard.values():
            heard.spans.clear()
        troupe.say("a", sound(1.0))
        troupe.say("b", sound(1.0))
        await asyncio.sleep(5)
        await troupe.avatars.close()
        return at_once, len(overlaps(troupe.spans))

    assert run(main()) == (1, 0)


def test_a_barge_in_stops_the_speaker_and_all_who_wait(monkeypatch):
    async def main() -> tuple[list[tuple[float, float, str]], float, bool]:
        troupe = Troupe(monkeypatch, *NAMES)
        stage = troupe.stage(*NAMES)
        for name in NAMES:
            troupe.say(name, sound(2.0))
        await asyncio.sleep(1.0)
        assert stage.avatar.conversation.is_speaking
        cut = asyncio.get_running_loop().time()
        stage.avatar.conversation.interrupt()
        silent = stage.is_silent
        await asyncio.sleep(8.0)
        await troupe.avatars.close()
        return troupe.spans, cut, silent

    (only,), cut, silent = run(main())
    assert only[2] == "a" and cut <= only[1] <= cut + 0.045 and silent


def test_stopping_one_gives_the_word_to_the_next(monkeypatch):
    async def main() -> list[tuple[float, float, str]]:
        troupe = Troupe(monkeypatch, *NAMES)
        stage = troupe.stage(*NAMES)
        first, second, _ = (troupe.say(name, sound(2.0)) for name in NAMES)
        await asyncio.sleep(1.0)
        stage.avatar.speech.stop(second)
        stage.avatar.speech.stop(first)
        await asyncio.sleep(8.0)
        await troupe.avatars.close()
        return troupe.spans

    (cut, end, one), (begin, _, other) = run(main())
    assert one + other == "ac" and end - cut < 1.1 and end <= begin < end + 0.3


def test_a_member_that_goes_lets_the_next_one_speak(monkeypatch):
    async def main() -> str:
        troupe = Troupe(monkeypatch, *NAMES)
        troupe.stage(*NAMES)
        for name in "abc":
            troupe.say(name, sound(2.0))
        await asyncio.sleep(1.0)
        await troupe.avatars.delete("a")
        await troupe.avatars.delete("b")
        await asyncio.sleep(5.0)
        assert troupe.stages["stage"].cast.names == ("c",)
        await troupe.avatars.close()
        return "".join(name for _, _, name in troupe.spans)

    assert run(main()) == "ac"


def test_the_sound_of_a_stage_is_all_voices_sample_by_sample(monkeypatch):
    """Clocks begin apart; what is heard of the stage is where each member's clock says, as loud as it is."""

    async def main():
        troupe = Troupe(monkeypatch, "a", "b")
        stage = troupe.stage("a", "b", turns=False)
        troupe.say("a", sound(3.0, 3_000))
        troupe.say("b", sound(1.7, 400))
        heard = await troupe.listened(stage, 4.0)
        spans = {name: (a, b) for a, b, name in troupe.spans}
        epoch = stage.avatar.clock.epoch
        await troupe.avatars.close()
        wanted = np.zeros(len(heard), np.int32)
        for name, level in (("a", 3_000), ("b", 400)):
            low, high = (round((at - epoch - LISTENED_FROM) * RATE) for at in spans[name])
            wanted[max(0, low) : high] += level
        return heard, wanted

    heard, wanted = run(main())
    wrong = np.flatnonzero(heard != wanted)
    assert len(wrong) <= 4  # an edge may lie on half a sample


@pytest.mark.parametrize("ms", range(0, 20, 2))
def test_a_cut_on_a_stage_fades_and_does_not_click(ms, monkeypatch):
    """Whenever it comes: blocks of the stage lie elsewhere than those of its members."""

    async def main():
        troupe = Troupe(monkeypatch, "a", "b")
        stage = troupe.stage("a", "b")
        troupe.say("a", sound(3.0, 8_000))

        async def cut() -> None:
            await asyncio.sleep(2.0003 + ms / 1000)
            stage.stop()

        cutting = asyncio.ensure_future(cut())
        heard = await troupe.listened(stage, 2.0)
        await cutting
        await troupe.avatars.close()
        return heard.astype(int)

    heard = run(main())
    steps = np.abs(np.diff(heard[RATE // 2 :]))
    assert 0 < steps.max() < 8_000 / 300 and heard[-1] == 0


def test_a_narrator_speaks_from_off_stage_in_turn(monkeypatch):
    async def main() -> str:
        troupe = Troupe(monkeypatch, "a")
        stage = troupe.stage("a")
        troupe.heard["stage"] = Heard(stage.avatar)
        troupe.say("stage")
        troupe.say("a")
        troupe.say("stage")
        await asyncio.sleep(5)
        assert overlaps(troupe.spans) == []
        await troupe.avatars.close()
        return " ".join(name for _, _, name in troupe.spans)

    assert run(main()) == "stage a stage"


def test_nobody_hums_while_another_speaks(monkeypatch):
    async def main() -> tuple[bool, bool]:
        troupe = Troupe(monkeypatch, "a", "b")
        troupe.stage("a", "b")
        free = troupe.avatars["b"].speech.queue.may_interject
        troupe.say("a", sound(1.0))
        taken = troupe.avatars["b"].speech.queue.may_interject
        await asyncio.sleep(2)
        await troupe.avatars.close()
        return free, taken

    assert run(main()) == (True, False)


def test_who_waits_for_the_word_is_not_told_to_be_speaking(monkeypatch):
    async def main() -> list[object]:
        troupe = Troupe(monkeypatch, "a", "b")
        troupe.stage("a", "b")
        troupe.say("a", sound(1.0))
        troupe.say("b", sound(1.0))
        await asyncio.sleep(0.5)
        told = [troupe.avatars[name].describe()["activity"] for name in "ab"]
        await asyncio.sleep(1.2)
        told += [troupe.avatars[name].describe()["activity"] for name in "ab"]
        await troupe.avatars.close()
        return told

    assert run(main()) == ["speaking", "idle", "idle", "speaking"]
